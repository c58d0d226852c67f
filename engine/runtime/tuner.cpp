#include "runtime/tuner.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>
#include <vector>

#include "base/error.h"
#include "base/os.h"
#include "ops/kernel_table.h"
#include "plan/select.h"

namespace tuff {
namespace {

constexpr double kSaveSeconds = 5;  // of measuring that may be lost

// Ops that write the store or that the planner has its own ways with aren't run out of their graph.
bool can_stand_alone(const Op& op) {
  return op.written_inputs().empty() && op.collection() == nullptr && !op.store() && op.views().empty();
}

Operation operation_of(const Graph& graph, const Node& node) {
  Operation operation{.op = node.op};
  for (const std::uint32_t value : node.inputs) operation.inputs.push_back(graph.values()[value].type);
  for (const std::uint32_t value : node.outputs) operation.outputs.push_back(graph.values()[value].type);
  return operation;
}

}  // namespace

Tuner::Tuner(Device& device, TunerOptions options)
    : device_(device),
      options_(std::move(options)),
      kernels_(options_.kernels ? *options_.kernels : kernel_table()),
      file_(options_.cache_folder, device.description(), device.caps()),
      choices_(options_.recorded),
      recorded_(options_.recorded) {}

const KernelChoices& Tuner::choose(const Graph& graph) {
  const std::vector<std::pair<std::string, Operation>> unknown = unknown_operations(graph);
  if (unknown.empty()) return choices_;
  if (options_.log)
    options_.log(LogLevel::info, fmt::format("tuning {} operation{}", unknown.size(), unknown.size() == 1 ? "" : "s"));
  const double begin = os::monotonic_seconds();
  const std::uint64_t changed = changed_;
  std::size_t done = 0;
  saved_ = begin;
  for (const auto& [key, operation] : unknown) {
    if (options_.stop && options_.stop()) break;
    if (options_.progress) options_.progress(done + 1, unknown.size(), key);
    measure(key, operation);
    ++done;
    if (os::monotonic_seconds() - saved_ > kSaveSeconds) save();
  }
  if (options_.progress) options_.progress(done, unknown.size(), "");
  save();
  if (options_.log)
    options_.log(LogLevel::info,
                 fmt::format("tuned {} operation{} in {:.1f} s: {} of them run by other kernels than usual", done,
                             done == 1 ? "" : "s", os::monotonic_seconds() - begin, changed_ - changed));
  return choices_;
}

void Tuner::save() {
  saved_ = os::monotonic_seconds();
  if (file_.write(used_) || options_.cache_folder.empty() || !options_.log) return;
  if (!std::exchange(said_unwritten_, true))
    options_.log(LogLevel::warning, fmt::format("{}: can't be written to, so the next start measures kernels anew",
                                                options_.cache_folder.string()));
}

// Those to be measured, each once.
std::vector<std::pair<std::string, Operation>> Tuner::unknown_operations(const Graph& graph) {
  if (options_.measure && !std::exchange(read_, true)) cached_ = file_.read(options_.log);
  std::vector<std::pair<std::string, Operation>> unknown;
  for (const Node& node : graph.nodes()) {
    std::string key = operation_key(graph, node);
    const bool is_new = asked_.insert(key).second;
    if (options_.measure && options_.log && options_.recorded.contains(key) && !std::exchange(said_kept_, true))
      options_.log(LogLevel::info,
                   "this run goes on with the kernels that it began with, so its bits stay the same; only "
                   "what it didn't run yet is tuned");
    if (!is_new || !options_.measure || !can_stand_alone(*node.op) || choices_.contains(key)) continue;
    Operation operation = operation_of(graph, node);
    take_from_cache(key, operation);
    if (!choices_.contains(key) && candidates_of(operation, device_.caps(), kernels_).size() > 1)
      unknown.emplace_back(std::move(key), std::move(operation));
  }
  return unknown;
}

void Tuner::take_from_cache(const std::string& key, const Operation& operation) {
  const auto known = cached_.find(key);
  if (known == cached_.end()) return;
  for (const Kernel* kernel : candidates_of(operation, device_.caps(), kernels_))
    if (kernel->name == known->second) choices_.insert(*known), used_.insert(*known);
}

void Tuner::measure(const std::string& key, const Operation& operation) try {
  ++measured_;
  const TunedOperation tuned = tune_operation(device_, operation, kernels_);
  say_faults(key, tuned);
  if (tuned.kernel != tuned.usual) ++changed_;
  if (options_.log)
    options_.log(LogLevel::debug, fmt::format("tuned {}: {} in {:.3g} ms; usually {} in {:.3g} ms", key, tuned.kernel,
                                              tuned.seconds * 1e3, tuned.usual, tuned.usual_seconds * 1e3));
  choices_[key] = used_[key] = tuned.kernel;
} catch (const OutOfMemory& error) {
  if (options_.log)
    options_.log(LogLevel::info, fmt::format("{}: isn't tuned, as its operands have no room ({})", key, error.what()));
}

void Tuner::say_faults(const std::string& key, const TunedOperation& tuned) const {
  if (!options_.log) return;
  for (const TunedOperation::Unusable& unusable : tuned.unusable)
    options_.log(LogLevel::info, fmt::format("kernel {} of {} is left out: {}", unusable.kernel, key, unusable.reason));
  for (const TunedOperation::Rejected& rejected : tuned.rejected)
    options_.log(
        LogLevel::warning,
        fmt::format("kernel {} of {}: its results differ from the portable kernel's by {:.2g} of their largest "
                    "value on {}, which is a fault of the driver or of Tuff; {} is used",
                    rejected.kernel, key, rejected.difference, device_.caps().name, tuned.kernel));
}

void Tuner::record(const Graph& graph, const Plan& plan) {
  std::size_t lost = 0;
  std::string example;
  for (const Selection& selection : plan.selections) {
    if (!selection.not_kept) continue;
    if (lost++ == 0)
      example = fmt::format("{} of {} ({})", selection.not_kept->kernel, graph.nodes()[selection.node].op->name(),
                            selection.not_kept->reason);
  }
  if (lost > 0 && options_.log)
    options_.log(LogLevel::warning,
                 fmt::format("{} recorded kernel{} can't run here, such as {}; others are used, and results may differ "
                             "in their last digits",
                             lost, lost == 1 ? "" : "s", example));
  // What ran first binds graphs to come: a run that goes on has one choice for all.
  for (const auto& [key, kernel] : choices_of(graph, plan, kernels_))
    if (asked_.contains(key)) recorded_[key] = choices_[key] = ran_.emplace(key, kernel).first->second;
}

}  // namespace tuff
