#include "support/op_checker.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <cmath>
#include <functional>
#include <limits>
#include <numeric>
#include <optional>

#include "autodiff/gradient.h"
#include "base/error.h"
#include "base/philox.h"
#include "ops/kernel_table.h"
#include "plan/barriers.h"
#include "runtime/compile.h"

namespace tuff::test {

namespace {

constexpr double kStep = 1e-5;                // of finite differences
constexpr std::uint64_t kOrders = 20;         // seeds tried between barriers
constexpr std::size_t kSampledElements = 24;  // an input: finite differences of more would take too long
constexpr double kFractionsTolerance = 1e-5;
constexpr double kHalfTolerance = 2e-3;  // of results whose activations are stored as f16
constexpr double kHalfLargest = 65504, kHalfLeastNormal = 6.103515625e-5;

// Whether it multiplies by fractions that no float holds, so that whole numbers don't stay whole as with all other
// kernels: Winograd's tiles of 4x4.
bool multiplies_by_fractions(const Selection& selection) {
  return selection.kernel.starts_with("winograd") &&
         (selection.kernel.ends_with("_4x4") || selection.kernel == "winograd_tiled");
}

// To the nearest number of f16, of two the even one; what lies beyond its range stays.
double rounded_to_half(double value) {
  if (!std::isfinite(value) || value == 0) return value;
  const double unit = std::ldexp(1, std::max(std::ilogb(value), -14) - 10);
  const double rounded = std::nearbyint(value / unit) * unit;
  return std::abs(rounded) > kHalfLargest ? value : rounded;
}

// Number i of `count` that lie evenly in [-1, 1); where f16 has fewer there, number i of those that lead from -1 to 1.
double distinct_value(std::int64_t i, std::int64_t count, DType storage) {
  if (storage == DType::f32 || count <= 2048) return (2 * static_cast<double>(i) + 1) / static_cast<double>(count) - 1;
  const std::int64_t k = i - count / 2, bits = 0x3c00 - (k < 0 ? -k - 1 : k);
  const double size = std::ldexp(static_cast<double>(1024 + bits % 1024), static_cast<int>(bits / 1024) - 25);
  return k < 0 ? -size : size;
}

Array filled(const OpInput& input, PhiloxStream& draws, DType storage) {
  if (input.values) return *input.values;
  Array array(input.type.shape);
  const auto count = static_cast<std::int64_t>(array.data.size());
  switch (input.fill) {
    case Fill::uniform:
      for (double& value : array.data) value = draws.uniform(-1, 1);
      break;
    case Fill::positive:
      for (double& value : array.data) value = draws.uniform(0.5, 2);
      break;
    case Fill::labels:
      for (double& value : array.data) value = draws.below(static_cast<std::uint32_t>(input.label_count));
      break;
    case Fill::whole:
      for (double& value : array.data) value = static_cast<double>(draws.below(9)) - 4;
      break;
    case Fill::distinct:
      for (std::size_t i = 0; i < array.data.size(); ++i)
        array.data[i] = distinct_value(static_cast<std::int64_t>(i), count, storage);
      for (std::size_t i = array.data.size(); i > 1; --i)
        std::swap(array.data[i - 1], array.data[draws.below(static_cast<std::uint32_t>(i))]);
      break;
  }
  return array;
}

// The reference sees exactly what the device gets.
Array fill(const OpInput& input, PhiloxStream& draws, DType storage) {
  Array array = filled(input, draws, storage);
  if (input.type.dtype == DType::i32) return array;
  for (double& value : array.data) value = storage == DType::f16 ? rounded_to_half(value) : static_cast<float>(value);
  return array;
}

struct Built {
  Graph graph;
  std::vector<Array> inputs;    // of the graph, in order
  std::vector<Array> expected;  // of the outputs, in order; gradients hold NaN-free samples only where sampled
  std::vector<std::vector<std::size_t>> sampled;  // by output: elements to compare, empty: all
};

Array pick(const Array& array, const std::vector<std::size_t>& elements) {
  if (elements.empty()) return array;
  Array picked(Shape{static_cast<std::int64_t>(elements.size())});
  for (std::size_t i = 0; i < elements.size(); ++i) picked.data[i] = array.data[elements[i]];
  return picked;
}

bool equal_bits(const std::vector<HostTensor>& a, const std::vector<HostTensor>& b) {
  for (std::size_t i = 0; i < a.size(); ++i)
    if (a[i].data != b[i].data) return false;
  return a.size() == b.size();
}

double weighted_sum(const std::vector<Array>& outputs, const std::vector<Array>& weights) {
  double sum = 0;
  for (std::size_t i = 0; i < outputs.size(); ++i)
    if (!weights[i].data.empty())
      sum += std::inner_product(outputs[i].data.begin(), outputs[i].data.end(), weights[i].data.begin(), 0.0);
  return sum;
}

std::vector<std::size_t> sample(std::size_t elements, PhiloxStream& draws) {
  std::vector<std::size_t> all(elements);
  std::iota(all.begin(), all.end(), 0);
  for (std::size_t i = 0; i < std::min(kSampledElements, elements); ++i)
    std::swap(all[i], all[i + draws.below(static_cast<std::uint32_t>(elements - i))]);
  all.resize(std::min(kSampledElements, elements));
  return all;
}

bool is_half(const Graph& graph, std::uint32_t value) {
  return graph.values()[value].type.dtype == DType::f16;
}

}  // namespace

// One case on its way through the checks.
class CaseCheck {
 public:
  CaseCheck(OpChecker& checker, const OpCase& op_case)
      : device_(checker.device_),
        options_(checker.options_),
        counts_(checker.counts_),
        op_case_(op_case),
        draws_(std::hash<std::string>{}(op_case.name)) {}

  std::vector<std::string> run() {
    ++counts_.cases;
    if (op_case_.jumps && options_.storage == DType::f16) {
      ++counts_.half["cases skipped: functions with jumps"];
      return {};
    }
    for (const OpInput& input : op_case_.inputs) arrays_.push_back(fill(input, draws_, options_.storage));
    if (check_forward() && op_case_.check_gradient) check_gradients();
    return std::move(failures_);
  }

 private:
  void fail(std::string what) { failures_.push_back(std::move(what)); }

  CompileOptions stored() const {
    CompileOptions options;
    options.storage = options_.storage;
    return options;
  }

  std::vector<HostTensor> results(const Built& built, const CompileOptions& options) {
    std::unique_ptr<Executable> executable = compile(built.graph, device_, nullptr, options);
    const std::vector<Value> inputs = built.graph.inputs();
    for (std::size_t i = 0; i < inputs.size(); ++i)
      executable->write(built.graph.info(inputs[i]).name, to_tensor(built.inputs[i], inputs[i].dtype()));
    executable->run();
    fractions_ = std::ranges::any_of(executable->plan().selections, multiplies_by_fractions);
    std::vector<HostTensor> outputs;
    for (const Output& output : built.graph.outputs()) outputs.push_back(executable->read(output.name));
    return outputs;
  }

  // `outputs` are the last results().
  void compare(const Built& built, const std::vector<HostTensor>& outputs, double tolerance, const std::string& what) {
    if (fractions_ && tolerance < kFractionsTolerance) {
      tolerance = kFractionsTolerance;
      ++counts_.not_exact;
    }
    for (std::size_t i = 0; i < outputs.size(); ++i) {
      const std::string where = fmt::format("{}, output {}", what, built.graph.outputs()[i].name);
      if (outputs[i].shape.elements() != built.expected[i].shape.elements()) {
        fail(fmt::format("{} has {} elements, the reference {}", where, outputs[i].shape.elements(),
                         built.expected[i].shape.elements()));
        continue;
      }
      const double error =
          relative_error(pick(to_array(outputs[i]), built.sampled[i]), pick(built.expected[i], built.sampled[i]));
      if (!(error <= tolerance))
        fail(fmt::format("{}: error {:.3g}, at most {:.3g} is allowed", where, error, tolerance));
    }
  }

  // Every kernel of every op that the optimized graph holds, forced in turn, each value in its own NaN-filled memory.
  // `settings`: those that are but settings of
  // others, too.
  void force_each_kernel(const Built& built, double tolerance, bool settings, const std::string& what) {
    std::set<std::string, std::less<>> ops;
    const std::unique_ptr<Graph> lowered = prepared(built.graph, stored());
    for (const Node& node : lowered->nodes()) ops.emplace(node.op->name());
    for (const std::string& op : ops) {
      const auto row = kernel_table().find(op);
      if (row == kernel_table().end()) continue;  // views have no kernels
      for (const Kernel& kernel : row->second) {
        if (kernel.setting && !settings) continue;
        if (!op_case_.finite && kernel.name.starts_with("winograd")) continue;
        if (kernel.setting && counts_.cases % options_.settings_every != 0) {
          ++counts_.settings_left;
          continue;
        }
        CompileOptions options = stored();
        options.lower.force[op] = kernel.name;
        options.lower.separate_allocations = true;
        options.execution.poison_scratch = true;
        try {
          lower(*lowered, device_.caps(), kernel_table(), options.lower);
        } catch (const Error&) {
          ++counts_.kernels_refused;
          continue;
        }
        ++counts_.kernels_run;
        compare(built, results(built, options), tolerance, fmt::format("{}, kernel {} of {}", what, kernel.name, op));
      }
    }
  }

  // Of 20 seeds those that bring the dispatches between barriers into an order that neither the plan has nor an earlier
  // seed gave. Small graphs have few.
  std::vector<std::uint64_t> distinct_orders(const Built& built) const {
    const Plan plan = lower(*prepared(built.graph, stored()), device_.caps(), kernel_table());
    std::vector<PlannedDispatch> numbered(plan.dispatches.size());
    for (std::size_t i = 0; i < numbered.size(); ++i) {
      numbered[i].node = static_cast<std::uint32_t>(i);
      numbered[i].barrier_before = plan.dispatches[i].barrier_before;
    }
    const auto numbers = [](const std::vector<PlannedDispatch>& dispatches) {
      std::vector<std::uint32_t> order;
      for (const PlannedDispatch& dispatch : dispatches) order.push_back(dispatch.node);
      return order;
    };
    std::set<std::vector<std::uint32_t>> seen = {numbers(numbered)};
    std::vector<std::uint64_t> seeds;
    for (std::uint64_t seed = 1; seed <= kOrders; ++seed) {
      std::vector<PlannedDispatch> shuffled = numbered;
      shuffle_between_barriers(shuffled, seed);
      if (seen.insert(numbers(shuffled)).second) seeds.push_back(seed);
    }
    return seeds;
  }

  // Why a result can't be compared where it is stored as f16; empty: it can.
  std::string beyond_half(const Built& built) const {
    for (const auto& arrays : {built.inputs, built.expected})
      for (const Array& array : arrays)
        for (const double value : array.data)
          if (std::isfinite(value) && std::abs(value) > kHalfLargest) return "values beyond 65504";
    for (std::size_t i = 0; i < built.expected.size(); ++i) {
      double largest = 0;
      for (const double value : pick(built.expected[i], built.sampled[i]).data)
        largest = std::max(largest, std::isfinite(value) ? std::abs(value) : 0);
      if (largest > 0 && largest < kHalfLeastNormal) return "a result below f16's normal numbers";
    }
    return {};
  }

  // Whether nodes between casts from or to f16 take part.
  bool counts_between_casts(const Graph& graph) {
    std::set<std::uint32_t> cast_to, cast_from;
    for (const Node& node : graph.nodes()) {
      if (node.op->name() != "cast") continue;
      cast_from.insert(node.inputs[0]);
      cast_to.insert(node.outputs[0]);
    }
    bool any = false;
    for (const Node& node : graph.nodes()) {
      if (node.op->name() == "cast" ||
          std::ranges::any_of(node.inputs, [&](std::uint32_t value) { return is_half(graph, value); }))
        continue;
      const bool between =
          std::ranges::any_of(node.inputs, [&](std::uint32_t value) { return cast_to.contains(value); }) ||
          std::ranges::any_of(node.outputs, [&](std::uint32_t value) { return cast_from.contains(value); });
      if (between) counts_.between_casts.emplace(node.op->name());
      any = any || between;
    }
    return any;
  }

  // Counts how f16 serves the result. The tolerance of f16 where it does; nothing where it can't be checked so.
  std::optional<double> half_tolerance(const Built& built, double tolerance, double half) {
    if (!device_.caps().storage_16bit) {
      ++counts_.half["results skipped: the device has no 16-bit storage"];
      return std::nullopt;
    }
    const std::unique_ptr<Graph> lowered = prepared(built.graph, stored());
    if (std::ranges::none_of(lowered->values(),
                             [](const ValueInfo& value) { return value.type.dtype == DType::f16; })) {
      ++counts_.half["results that stay f32"];
      return tolerance;
    }
    const std::string beyond = beyond_half(built);
    if (!beyond.empty()) {
      ++counts_.half["results skipped: " + beyond];
      return std::nullopt;
    }
    const bool native = std::ranges::any_of(lowered->nodes(), [&](const Node& node) {
      return node.op->name() != "cast" &&
             std::ranges::any_of(node.inputs, [&](std::uint32_t value) { return is_half(*lowered, value); });
    });
    const bool between = counts_between_casts(*lowered);
    ++counts_.half[native && between ? "results by native kernels and some between casts"
                   : native          ? "results by native kernels"
                                     : "results between casts"];
    return std::max(tolerance, half);
  }

  // `half`: the tolerance where activations are f16. `settings`: force_each_kernel()'s.
  void check_built(const Built& built, double tolerance, double half, bool settings, const std::string& what) {
    if (options_.storage == DType::f16) {
      const std::optional<double> allowed = half_tolerance(built, tolerance, half);
      if (!allowed) return;
      tolerance = *allowed;
    }
    const std::vector<HostTensor> outputs = results(built, stored());
    compare(built, outputs, tolerance, what);
    force_each_kernel(built, tolerance, settings, what);
    if (options_.schedules) check_schedules(built, outputs, what);
  }

  void check_schedules(const Built& built, const std::vector<HostTensor>& outputs, const std::string& what) {
    CompileOptions poisoned = stored();
    poisoned.lower.separate_allocations = true;
    poisoned.execution.poison_scratch = true;
    if (!equal_bits(results(built, poisoned), outputs))
      fail(what + ": own NaN-filled memory for every value changes the bits");
    ++counts_.poisoned;
    for (const std::uint64_t seed : distinct_orders(built)) {
      CompileOptions shuffled = stored();
      shuffled.shuffle_seed = seed;
      if (!equal_bits(results(built, shuffled), outputs))
        fail(fmt::format("{}: order {} between barriers changes the bits", what, seed));
      ++counts_.orders;
    }
  }

  void build(Built& built, std::vector<Value>& inputs, std::vector<Value>& outputs) const {
    for (std::size_t i = 0; i < op_case_.inputs.size(); ++i) {
      const TensorType& type = op_case_.inputs[i].type;
      inputs.push_back(built.graph.input(fmt::format("x{}", i), type.shape, type.dtype, type.layout));
      built.inputs.push_back(arrays_[i]);
    }
    outputs = op_case_.build(built.graph, inputs);
  }

  // False where shapes differ: there is nothing to compare then.
  bool check_forward() {
    Built built;
    std::vector<Value> inputs, outputs;
    build(built, inputs, outputs);
    built.expected = op_case_.reference(arrays_);
    if (built.expected.size() != outputs.size()) {
      fail(fmt::format("{} outputs, the reference gives {}", outputs.size(), built.expected.size()));
      return false;
    }
    for (std::size_t i = 0; i < outputs.size(); ++i) {
      if (!(outputs[i].shape() == built.expected[i].shape)) {
        fail(fmt::format("inferred {}, the reference gives {}", to_string(outputs[i].shape()),
                         to_string(built.expected[i].shape)));
        return false;
      }
      built.graph.output(fmt::format("y{}", i), outputs[i]);
      built.sampled.emplace_back();
    }
    check_built(built, op_case_.tolerance, kHalfTolerance, true, "forward");
    return true;
  }

  // By central differences at some elements of input i, in float64. Elements next to a kink, where the differences to
  // both sides tell other gradients, are taken off.
  Array differences(std::size_t i, std::vector<std::size_t>& elements, const std::vector<Array>& weights) {
    Array expected(op_case_.inputs[i].type.shape), bend(expected.shape);
    std::vector<Array> moved = arrays_;
    const double here = weighted_sum(op_case_.reference(moved), weights);
    double largest = 0;
    for (const std::size_t element : elements) {
      double& value = moved[i].data[element];
      const double centre = value;
      value = centre + kStep;
      const double above = weighted_sum(op_case_.reference(moved), weights);
      value = centre - kStep;
      const double below = weighted_sum(op_case_.reference(moved), weights);
      value = centre;
      expected.data[element] = (above - below) / (2 * kStep);
      bend.data[element] = std::abs(above + below - 2 * here) / (2 * kStep);
      largest = std::max(largest, std::abs(expected.data[element]));
    }
    const double allowed = std::max(0.2 * op_case_.gradient_tolerance * largest, 1e-9);
    counts_.kinks +=
        static_cast<int>(std::erase_if(elements, [&](std::size_t element) { return bend.data[element] > allowed; }));
    return expected;
  }

  void check_gradients() {
    Built built;
    std::vector<Value> inputs, outputs;
    build(built, inputs, outputs);
    std::vector<Array> weights(outputs.size());
    std::vector<Value> weighted, upstream, wrt;
    for (std::size_t i = 0; i < outputs.size(); ++i) {
      if (outputs[i].dtype() != DType::f32) continue;
      weights[i] = fill({outputs[i].type()}, draws_, options_.storage);
      upstream.push_back(
          built.graph.input(fmt::format("upstream{}", i), outputs[i].shape(), DType::f32, outputs[i].type().layout));
      built.inputs.push_back(weights[i]);
      weighted.push_back(outputs[i]);
    }
    for (std::size_t i = 0; i < inputs.size(); ++i) {
      if (!op_case_.inputs[i].differentiable || op_case_.inputs[i].type.dtype != DType::f32) continue;
      built.sampled.push_back(sample(arrays_[i].data.size(), draws_));
      built.expected.push_back(differences(i, built.sampled.back(), weights));
      // Inputs rounded to f16 may stand exactly on a jump.
      if (options_.storage == DType::f16)
        std::erase_if(built.sampled.back(), [&](std::size_t element) {
          return std::abs(built.expected.back().data[element]) > 1e-2 / kStep;
        });
      if (built.sampled.back().empty()) {
        ++counts_.gradients_skipped;
        return;
      }
      wrt.push_back(inputs[i]);
    }
    if (wrt.empty()) return;
    const std::vector<Value> gradients = gradient(weighted, upstream, wrt);
    for (std::size_t i = 0; i < gradients.size(); ++i) built.graph.output(fmt::format("gradient{}", i), gradients[i]);
    counts_.gradients += static_cast<int>(gradients.size());
    check_built(built, op_case_.gradient_tolerance, options_.half_gradient_tolerance, false, "gradient");
  }

  Device& device_;
  const CheckOptions& options_;
  CheckCounts& counts_;
  const OpCase& op_case_;
  PhiloxStream draws_;
  std::vector<Array> arrays_;
  std::vector<std::string> failures_;
  bool fractions_ = false;  // the last results() are of a kernel that multiplies by fractions
};

std::vector<std::string> OpChecker::check(const OpCase& op_case) {
  return CaseCheck(*this, op_case).run();
}

std::string describe(const CheckCounts& counts) {
  std::string text;
  for (const auto& [how, count] : counts.half) text += fmt::format("f16: {} {}\n", count, how);
  if (!counts.between_casts.empty())
    text += fmt::format("f16: ops that ran in f32 between casts: {}\n", fmt::join(counts.between_casts, ", "));
  if (counts.cases > 0)
    text += fmt::format(
        "op cases: {}; forced kernel runs: {} (refused: {}); gradients checked: {} (elements skipped at kinks: {}; "
        "gradients of none "
        "but kinks: {}); runs in poisoned memory: {}; in other orders: {}\n",
        counts.cases, counts.kernels_run, counts.kernels_refused, counts.gradients, counts.kinks,
        counts.gradients_skipped, counts.poisoned, counts.orders);
  if (counts.not_exact > 0)
    text += fmt::format("results of Winograd's tiles of 4x4 held to {} instead of equal bits: {}\n",
                        kFractionsTolerance, counts.not_exact);
  if (counts.settings_left > 0)
    text += fmt::format("forced runs of kernels' settings left out: {}\n", counts.settings_left);
  return text;
}

}  // namespace tuff::test
