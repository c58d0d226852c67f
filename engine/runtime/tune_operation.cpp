#include "runtime/tune_operation.h"

#include <algorithm>
#include <limits>
#include <optional>

#include "base/error.h"
#include "base/os.h"
#include "plan/plan.h"
#include "plan/select.h"
#include "runtime/comparison.h"
#include "runtime/executable.h"

namespace tuff {
namespace {

constexpr double kSlow = 3;            // times the best's first sample: left out at once
constexpr double kBehind = 1.3;        // times the best: left out after some samples
constexpr double kCompileSeconds = 2;  // that a first run may take beside its work, where drivers compile in it
constexpr double kGain = 0.95;         // of the usual kernel's time, below which another is taken
constexpr double kLongEnough = 0.02;   // seconds of samples of one kernel
constexpr std::size_t kFewSamples = 3, kMostSamples = 15;

bool same_work(const KernelDispatches& a, const KernelDispatches& b) {
  return a.workspace_bytes == b.workspace_bytes &&
         std::ranges::equal(a.dispatches, b.dispatches, [](const Dispatch& x, const Dispatch& y) {
           return x.shader == y.shader && x.specialization == y.specialization && x.constants == y.constants &&
                  x.groups == y.groups;
         });
}

bool stored_half(const Operation& operation) {
  const auto is_half = [](const TensorType& type) { return type.dtype == DType::f16; };
  return std::ranges::any_of(operation.inputs, is_half) || std::ranges::any_of(operation.outputs, is_half);
}

struct Candidate {
  const Kernel* kernel = nullptr;
  std::size_t base = 0;  // the candidate that this is a setting of, else itself
  std::vector<double> samples;
  bool dropped = false;

  double best() const {
    return samples.empty() ? std::numeric_limits<double>::infinity() : *std::ranges::min_element(samples);
  }
  double median() const {
    std::vector<double> sorted = samples;
    std::ranges::sort(sorted);
    return sorted[sorted.size() / 2];
  }
};

class OperationTuner {
 public:
  OperationTuner(Device& device, const Operation& operation, const KernelTable& kernels)
      : device_(device),
        operation_(operation),
        kernels_(kernels),
        left_(candidates_of(operation, device.caps(), kernels)) {}

  TunedOperation run() {
    compute_expected();
    TunedOperation tuned;
    while (true) {
      begin();
      try {
        measure();
      } catch (const DeviceLost&) {
        throw;
      } catch (const Error&) {
        if (!leave_out_unusable(tuned)) throw;
        continue;
      }
      const Candidate &fastest = candidates_[ranking().front()], &usual = candidates_[*usual_];
      if (tuned.usual.empty()) tuned.usual = usual.kernel->name;
      tuned.kernel = fastest.kernel->name;
      tuned.seconds = fastest.median();
      tuned.usual_seconds = usual.median();
      const double difference = difference_of(fastest);
      if (difference <= kernel_tolerance(stored_half(operation_))) return tuned;
      tuned.rejected.push_back({tuned.kernel, difference});
      std::erase(left_, fastest.kernel);  // what it outran is measured again
    }
  }

 private:
  const Kernel& portable() const { return kernels_.at(operation_.op->name()).back(); }

  // Those that fail alone; the portable one has run. Whether there are any.
  bool leave_out_unusable(TunedOperation& tuned) {
    return std::erase_if(left_, [&](const Kernel* kernel) {
             if (kernel == &portable()) return false;
             try {
               executable({std::string(kernel->name)}, false)->run();
               return false;
             } catch (const DeviceLost&) {
               throw;
             } catch (const Error& error) {
               tuned.unusable.push_back({std::string(kernel->name), error.what()});
               return true;
             }
           }) > 0;
  }

  // All that are left, not measured yet.
  void begin() {
    candidates_.clear();
    usual_.reset();
    for (const Kernel* kernel : left_) {
      const std::size_t index = candidates_.size();
      candidates_.push_back({kernel, index, {}, false});
      if (!kernel->setting && !usual_) usual_ = index;
      const Kernel* base = kernel;  // of a row, which begins with none that is a setting
      while (base->setting) --base;
      const auto known = std::ranges::find(candidates_, base, &Candidate::kernel);
      if (known != candidates_.end()) candidates_[index].base = static_cast<std::size_t>(known - candidates_.begin());
    }
  }

  std::unique_ptr<Executable> executable(std::vector<std::string> kernels, bool outputs) const {
    auto graph = std::make_unique<Graph>();
    std::vector<Value> inputs;
    for (std::size_t i = 0; i < operation_.inputs.size(); ++i)
      inputs.push_back(graph->constant(random_values(operation_.inputs[i], i + 1, low_), operation_.inputs[i].layout));
    for (std::size_t node = 0; node < kernels.size(); ++node) {
      const std::vector<Value> results = graph->add(operation_.op, inputs);
      for (std::size_t i = 0; outputs && i < results.size(); ++i) graph->output(std::to_string(i), results[i]);
    }
    Plan plan = lower(*graph, device_.caps(), kernels_, {.force_nodes = std::move(kernels), .setup = false});
    return std::make_unique<Executable>(std::move(graph), std::move(plan), device_, nullptr, Executable::Options{});
  }

  std::vector<HostTensor> results_of(const Kernel& kernel) const {
    const auto ready = executable({std::string(kernel.name)}, true);
    ready->run();
    std::vector<HostTensor> results;
    for (std::size_t i = 0; i < operation_.outputs.size(); ++i) results.push_back(ready->read(std::to_string(i)));
    return results;
  }

  // Where operations have no result for numbers below 0 (roots, logarithms), inputs are drawn above.
  void compute_expected() {
    const double begin = os::monotonic_seconds();
    expected_ = results_of(portable());
    portable_seconds_ = os::monotonic_seconds() - begin;
    if (!has_nonfinite(expected_)) return;
    low_ = 0;
    expected_ = results_of(portable());
  }

  double difference_of(const Candidate& candidate) const {
    return candidate.kernel == &portable() ? 0 : largest_difference(results_of(*candidate.kernel), expected_);
  }

  double best() const {
    double best = std::numeric_limits<double>::infinity();
    for (const Candidate& candidate : candidates_) best = std::min(best, candidate.best());
    return best;
  }

  void measure() {
    std::vector<std::string> names;
    for (const Candidate& candidate : candidates_) names.emplace_back(candidate.kernel->name);
    const auto ready = executable(std::move(names), false);
    const auto sample = [&](std::size_t index) { return ready->time_node(static_cast<std::uint32_t>(index)) / 1e9; };
    for (const bool settings : {false, true})
      for (std::size_t index = 0; index < candidates_.size(); ++index)
        if (candidates_[index].kernel->setting == settings) take_first_sample(index, sample);
    drop_beyond(kSlow, false);
    for (std::size_t round = 1; round < kMostSamples; ++round) {
      if (round == kFewSamples) drop_beyond(kBehind, true);
      bool any = false;
      for (std::size_t index = 0; index < candidates_.size(); ++index) {
        Candidate& candidate = candidates_[index];
        if (candidate.dropped) continue;
        if (round >= kFewSamples && candidate.best() * static_cast<double>(round) > kLongEnough) continue;
        candidate.samples.push_back(sample(index));
        any = true;
      }
      if (!any) break;
    }
  }

  // A run before it pays for what drivers put off; where that shows already how slow a kernel is, it is the only one.
  template <typename Sample>
  void take_first_sample(std::size_t index, const Sample& sample) {
    Candidate& candidate = candidates_[index];
    const double limit = kSlow * best();
    const bool slow_kernel = candidate.base != index && candidates_[candidate.base].best() > limit;
    const bool slow_portable = candidate.kernel == &portable() && portable_seconds_ > limit + kCompileSeconds;
    candidate.dropped = slow_kernel || slow_portable || sample(index) > limit + kCompileSeconds;
    if (candidate.dropped) return;
    candidate.samples.push_back(sample(index));
    candidate.dropped = candidate.best() > limit;
  }

  // The usual kernel isn't left out for one sample, which other programs may have disturbed.
  void drop_beyond(double factor, bool with_usual) {
    const double limit = factor * best();
    for (std::size_t index = 0; index < candidates_.size(); ++index)
      if (with_usual || index != *usual_) candidates_[index].dropped |= candidates_[index].best() > limit;
  }

  // In the order in which they are to be taken. Another than the usual one must be faster at its best too: other
  // programs may have disturbed some samples.
  std::vector<std::size_t> ranking() const {
    const Candidate& usual = candidates_[*usual_];
    const auto gains = [&](const Candidate& candidate) {
      return usual.dropped || (candidate.median() < kGain * usual.median() && candidate.best() < kGain * usual.best());
    };
    std::vector<std::size_t> order, rest;
    for (std::size_t index = 0; index < candidates_.size(); ++index)
      if (!candidates_[index].dropped) (gains(candidates_[index]) ? order : rest).push_back(index);
    const auto faster = [&](std::size_t a, std::size_t b) { return candidates_[a].median() < candidates_[b].median(); };
    std::ranges::stable_sort(order, faster);
    std::ranges::stable_sort(rest, faster);
    if (std::erase(rest, *usual_) > 0) order.push_back(*usual_);
    order.insert(order.end(), rest.begin(), rest.end());
    return order;
  }

  Device& device_;
  const Operation& operation_;
  const KernelTable& kernels_;
  std::vector<const Kernel*> left_;  // in the order of the table; the portable one is never rejected
  std::vector<Candidate> candidates_;
  std::optional<std::size_t> usual_;  // what selection takes by itself
  double low_ = -1;                   // of what inputs are drawn from
  std::vector<HostTensor> expected_;
  double portable_seconds_ = 0;
};

}  // namespace

std::vector<const Kernel*> candidates_of(const Operation& operation, const DeviceCaps& caps,
                                         const KernelTable& kernels) {
  std::vector<const Kernel*> found;
  const auto row = kernels.find(operation.op->name());
  if (row == kernels.end() || row->second.size() < 2) return found;
  const KernelRequest request{*operation.op, operation.inputs, operation.outputs, caps};
  std::vector<KernelDispatches> work;
  for (const Kernel& kernel : row->second) {
    if (kernel.refuses(request)) continue;
    KernelDispatches emitted = kernel.emit(request);
    const bool known =
        std::ranges::any_of(work, [&](const KernelDispatches& before) { return same_work(before, emitted); });
    if (kernel.setting && known) continue;
    found.push_back(&kernel);
    work.push_back(std::move(emitted));
  }
  if (found.empty() || found.back() != &row->second.back()) return {};  // nothing to check against
  return found;
}

TunedOperation tune_operation(Device& device, const Operation& operation, const KernelTable& kernels) {
  return OperationTuner(device, operation, kernels).run();
}

}  // namespace tuff
