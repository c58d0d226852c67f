#include "train/layer_watch.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/error.h"

namespace tuff {
namespace {

// As much as `memory` allows beside the store is kept of the walk forward, the rest computed again.
PlannedGraph planned_within(const Graph& graph, const DeviceCaps& caps, std::uint64_t memory) {
  PlannedGraph whole = planned(graph, caps);
  if (whole.device_bytes <= memory) return whole;
  return planned(graph, caps, {.memory = memory + whole.store_bytes});
}

}  // namespace

LayerWatch::LayerWatch(const Graph& step, Device& device, ParameterStore& store, std::filesystem::path file,
                       std::int64_t steps_done, Options options)
    : step_(step),
      device_(device),
      store_(store),
      file_(std::move(file)),
      options_(std::move(options)),
      rows_(read_norms(file_, steps_done)) {}

bool LayerWatch::is_due(std::int64_t step) const {
  const std::int64_t last = rows_.empty() ? 0 : rows_.back().step;
  return options_.every > 0 && step - last >= options_.every;
}

std::vector<LayerNorm> LayerWatch::layers(std::span<const NamedTensor> batch) {
  const LayerNormGraph graph = layer_norm_graph(step_);
  const std::uint64_t memory = options_.memory > 0 ? options_.memory : device_.available_memory() / 2;
  PlannedGraph plan = planned_within(*graph.graph, device_.caps(), memory);
  if (plan.device_bytes > memory)
    throw OutOfMemory(fmt::format("measuring layers takes {:.1f} MiB of device memory, {:.1f} MiB are left",
                                  static_cast<double>(plan.device_bytes) / (1 << 20),
                                  static_cast<double>(memory) / (1 << 20)));
  return measure_layers(graph, std::move(plan), device_, store_, batch);
}

void LayerWatch::measure(std::int64_t step, std::span<const NamedTensor> batch, double gradient_scale) {
  try {
    if (!told_)
      for (LayerNorm& norm : layers(batch)) rows_.push_back({step, std::move(norm)});
  } catch (const DeviceLost&) {
    throw;
  } catch (const Error& error) {
    if (options_.log)
      options_.log(LogLevel::info, fmt::format("layers are not measured, only parameters: {}", error.what()));
    told_ = true;
  }
  for (LayerNorm& norm : measure_parameters(store_, gradient_scale)) rows_.push_back({step, std::move(norm)});
  write_norms(file_, rows_);
}

std::optional<std::uint64_t> layer_watch_bytes(const Graph& step, const DeviceCaps& caps) {
  try {
    const LayerNormGraph graph = layer_norm_graph(step);
    return planned_within(*graph.graph, caps, 1).device_bytes;
  } catch (const Error&) {
    return std::nullopt;
  }
}

}  // namespace tuff
