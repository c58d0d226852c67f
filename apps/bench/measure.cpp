#include "apps/bench/measure.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <map>
#include <memory>
#include <set>
#include <span>
#include <string_view>

#include "base/error.h"
#include "base/os.h"
#include "ops/adam.h"
#include "ops/kernel_table.h"
#include "runtime/comparison.h"
#include "runtime/compile.h"

namespace tuff::bench {
namespace {

HostTensor input_values(const std::string& name, const TensorType& type, bool network, std::uint64_t seed) {
  HostTensor values = random_values(type, seed, network ? 0 : -1);
  if (name == "step_state") {
    const auto state = step_state(1e-3, 1);
    std::ranges::copy(state, values.floats().begin());
  } else if (network && name == "labels" && type.dtype == DType::f32) {
    for (float& value : values.floats()) value = value < 0.5f ? 0.0f : 1.0f;
  }
  return values;
}

void write_inputs(Executable& executable, bool network) {
  std::uint64_t seed = 0;
  for (const Value input : executable.graph().inputs()) {
    const std::string& name = executable.graph().info(input).name;
    executable.write(name, input_values(name, input.type(), network, ++seed));
  }
}

void write_parameters(ParameterStore& store) {
  std::uint64_t seed = 1000;
  for (const Variable& variable : store.variables())
    store.write(variable.name, random_values({DType::f32, variable.type.shape}, ++seed));
}

// The candidate that takes everything, of every op in the graph.
ForcedKernels portable_kernels(const Graph& graph) {
  ForcedKernels forced;
  for (const Node& node : graph.nodes()) {
    const auto candidates = kernel_table().find(node.op->name());
    if (candidates != kernel_table().end())
      forced.emplace(std::string(node.op->name()), std::string(candidates->second.back().name));
  }
  return forced;
}

std::vector<HostTensor> results(Executable& executable) {
  std::vector<HostTensor> found;
  for (const Output& output : executable.graph().outputs()) found.push_back(executable.read(output.name));
  return found;
}

void check_results(Device& device, ParameterStore& store, const Case& item, const Graph& graph, Executable& executable,
                   Measurement& measured) {
  CompileOptions options{.storage = item.storage};
  options.lower.force = portable_kernels(*prepared(graph, options));
  const auto portable = compile(graph, device, &store, options);
  write_inputs(*portable, item.network);
  portable->run();
  measured.error = largest_difference(results(executable), results(*portable));
  measured.checked = true;
  if (!(measured.error <= kernel_tolerance(item.storage == DType::f16)))
    throw Error(fmt::format("{}, {}, {}: results differ from the portable kernels' by {:.2g} of their largest value",
                            item.name, item.pass, to_string(item.storage), measured.error));
}

void require_numbers(const Case& item, Executable& executable) {
  if (has_nonfinite(results(executable)))
    throw Error(fmt::format("{}, {}, {}: a result is no number", item.name, item.pass, to_string(item.storage)));
}

// Which dispatches are the pass: not the casts at the ends of a graph in f16, nor the op left out.
std::vector<bool> counted_dispatches(const Executable& executable, const std::string& uncounted) {
  std::vector<bool> counted;
  for (const PlannedDispatch& planned : executable.plan().dispatches) {
    const std::string_view op = executable.graph().nodes()[planned.node].op->name();
    counted.push_back(op != "cast" && op != uncounted);
  }
  return counted;
}

void name_kernels(const Executable& executable, const std::vector<bool>& counted, Measurement& measured) {
  const Plan& plan = executable.plan();
  std::map<std::uint32_t, std::string> kernels;
  for (const Selection& selection : plan.selections) kernels[selection.node] = selection.kernel;
  std::uint32_t last = UINT32_MAX;
  for (std::size_t i = 0; i < counted.size(); ++i) {
    if (!counted[i]) continue;
    const PlannedDispatch& planned = plan.dispatches[i];
    measured.shaders.push_back(planned.dispatch.shader);
    if (planned.node == last) continue;
    last = planned.node;
    const std::string& kernel = kernels[planned.node];
    measured.kernels.push_back(fmt::format("{}/{}", executable.graph().nodes()[planned.node].op->name(), kernel));
    measured.effective |= kernel.find("winograd") != std::string::npos;
  }
}

double host_seconds(Executable& executable) {
  const double begin = os::monotonic_seconds();
  executable.run();
  executable.wait();
  return os::monotonic_seconds() - begin;
}

}  // namespace

Measurement measure(Device& device, const Case& item, const MeasureOptions& options) {
  const CaseGraph built = item.build();
  Measurement measured{.device_clock = device.caps().timestamps, .flops = built.flops, .bytes = built.bytes};
  ParameterStore store(device, *built.graph);
  if (item.network)
    store.initialize(0);
  else
    write_parameters(store);
  CompileOptions compiled{.storage = item.storage};
  compiled.lower.force = options.force;
  compiled.lower.setup = item.network;  // an op pays for its weight's transform, as in training
  compiled.tuner = options.tuner;
  const auto executable = compile(*built.graph, device, &store, compiled);
  write_inputs(*executable, item.network);
  executable->run();  // the first run pays for what drivers put off
  executable->wait();
  require_numbers(item, *executable);
  if (!item.network && options.check && !executable->graph().outputs().empty())
    check_results(device, store, item, *built.graph, *executable, measured);

  const std::vector<bool> counted = counted_dispatches(*executable, built.uncounted);
  name_kernels(*executable, counted, measured);
  const auto seconds = [&] {
    if (!measured.device_clock) return host_seconds(*executable);
    if (item.network) return executable->time_run() / 1e9;
    double sum = 0;
    for (const DispatchTime& time : executable->profile())
      if (counted[time.dispatch]) sum += time.nanoseconds / 1e9;
    return sum;
  };
  measured.warm = collect(options.effort, seconds);
  if (options.cold && !item.network) {  // a network's tensors push each other out of any cache
    CacheFlush flush(device);
    measured.cold = collect(options.effort, [&] {
      flush();
      return seconds();
    });
  }
  if (item.network) {
    const Plan& plan = executable->plan();
    for (const PlannedDispatch& planned : std::span(plan.dispatches).subspan(plan.setup)) {
      measured.flops += planned.dispatch.flops;
      measured.bytes += planned.dispatch.bytes;
    }
    measured.device_bytes = executable->device_bytes();
    for (const Segment& segment : plan.segments)
      if (segment.kind == Segment::Kind::store) measured.device_bytes += segment.bytes;
    measured.scratch_bytes = plan.scratch_bytes();
    measured.peak_live_bytes = plan.peak_live_bytes;
  }
  return measured;
}

std::vector<Candidate> candidates_named(const std::string& name, const Case& item, const DeviceCaps& caps) {
  const CaseGraph built = item.build();
  const std::unique_ptr<Graph> graph = prepared(*built.graph, {.storage = item.storage});
  std::vector<Candidate> found;
  std::set<std::string_view> seen;
  for (const Node& node : graph->nodes()) {
    const auto row = kernel_table().find(node.op->name());
    if (row == kernel_table().end() || node.op->name() == built.uncounted || !seen.insert(row->first).second) continue;
    std::string_view of;  // whose setting it is
    for (const Kernel& kernel : row->second) {
      if (!kernel.setting) of = kernel.name;
      if (kernel.name != name && of != name) continue;
      Candidate candidate{.op = std::string(row->first), .kernel = std::string(kernel.name)};
      LowerOptions options;
      options.force.emplace(candidate.op, candidate.kernel);
      try {
        lower(*graph, caps, kernel_table(), options);
      } catch (const Error& error) {
        candidate.refusal = error.what();
      }
      found.push_back(std::move(candidate));
    }
  }
  return found;
}

}  // namespace tuff::bench
