#include "tasks/flow_task.h"

#include <algorithm>

#include "instances/flows.h"
#include "models/cellpose.h"
#include "ops/bce_with_logits.h"
#include "ops/elementwise_loss.h"
#include "ops/follow_flows.h"
#include "ops/pointwise.h"
#include "ops/slice.h"
#include "runtime/compile.h"
#include "tasks/instance_scorer.h"
#include "tasks/networks.h"

namespace tuff {
namespace {

// What networks learn are flows times 5, so that both parts of the loss weigh about the same, as in Cellpose.
constexpr float kFlowScale = 5;

// Planes of the targets.
constexpr std::int64_t kInside = 0, kFlows = 1, kTargets = 3;

class FlowReader : public DenseReader {
 public:
  FlowReader(Device& device, const FlowMaskOptions& options) : device_(device), options_(options) {}

  DenseResult read(Image output) override {
    const std::int64_t height = output.height, width = output.width;
    const auto pixels = static_cast<std::size_t>(height * width);
    for (float& value : std::span(output.values).first(2 * pixels)) value /= kFlowScale;
    const std::span<const float> flows = std::span<const float>(output.values).first(2 * pixels);
    std::vector<float> foreground(pixels);
    std::ranges::transform(output.channel(2), foreground.begin(), [](float logit) { return logit > 0 ? 1.0f : 0.0f; });
    const HostTensor positions = follow(flows, foreground, height, width);
    DenseResult result{.kind = DenseResult::Kind::instances};
    result.labels = labels_from_flows(flows, positions.floats(), foreground, height, width, options_);
    result.image = std::move(output);
    return result;
  }

 private:
  // Images of a set mostly have one size: the last one's executable is kept.
  HostTensor follow(std::span<const float> flows, std::span<const float> foreground, std::int64_t height,
                    std::int64_t width) {
    const Shape shape{1, 2, height, width};
    if (!executable_ || shape_ != shape) {
      Graph graph;
      const Value field = graph.input("flows", shape);
      graph.output("positions", follow_flows(field, graph.input("foreground", {1, 1, height, width})));
      executable_ = compile(graph, device_, nullptr);
      shape_ = shape;
    }
    executable_->write("flows", HostTensor::from_floats(shape, flows));
    executable_->write("foreground", HostTensor::from_floats({1, 1, height, width}, foreground));
    executable_->run();
    return executable_->read("positions");
  }

  Device& device_;
  FlowMaskOptions options_;
  std::unique_ptr<Executable> executable_;
  Shape shape_;
};

class FlowTask : public DenseTask {
 public:
  FlowTask(const TrainOptions& options, const CellposeConfig& config, Network network)
      : options_(options), config_(config), network_(std::move(network)) {}

  const Network& network() const override { return network_; }
  Needs needs() const override {
    return {.target_channels = kTargets, .vectors = kFlows, .nearest_targets = true};  // inside or not
  }
  void check(const Dataset& dataset) const override { check_instances(dataset); }

  void prepare(Sample& sample) const override {
    sample.targets = Image(kTargets, sample.image.size());
    std::ranges::transform(sample.labels, sample.targets.channel(kInside).begin(),
                           [](std::int32_t id) { return id != 0 ? 1.0f : 0.0f; });
    const std::vector<float> flows = flows_from_labels(labels_of(sample));
    std::ranges::copy(flows, sample.targets.channel(kFlows).begin());
  }

  Value loss(Graph& graph, const Inputs& inputs) const override {
    const Value output = cellpose(graph, inputs.images, config_, true).output;
    const auto scope = graph.scope("loss"), precise = graph.full_precision();
    const Value flows = narrow(output, 1, 0, 2), logit = narrow(output, 1, 2, 1);
    const Value wanted = mul_scalar(narrow(inputs.targets, 1, kFlows, 2), kFlowScale);
    return add(mul_scalar(mse_loss(flows, wanted), 0.5f),
               bce_with_logits(logit, narrow(inputs.targets, 1, kInside, 1)));
  }

  DenseResult::Kind result_kind() const override { return DenseResult::Kind::instances; }
  std::unique_ptr<DenseReader> reader(Device& device) const override {
    return std::make_unique<FlowReader>(
        device, FlowMaskOptions{.flow_error = options_.flow_threshold, .min_size = options_.min_size});
  }

  std::vector<Metric> metrics() const override { return instance_metrics(); }
  std::unique_ptr<Scorer> scorer() const override { return instance_scorer(); }

 private:
  TrainOptions options_;
  CellposeConfig config_;
  Network network_;
};

}  // namespace

std::unique_ptr<DenseTask> flow_task(const TrainOptions& options, const DataFormat& format) {
  const CellposeConfig config{.in_channels = format.image_channels, .base = options.base, .depth = options.depth};
  Network network;
  network.name = "cellpose";
  network.in_channels = format.image_channels;
  network.out_channels = config.out_channels;
  network.build = [config](Graph& graph, Value x, bool training) {
    return cellpose(graph, x, config, training).output;
  };
  network.axes = {network_axis(cellpose_axis(config))};
  network.whole_image = "the style is a mean over the whole image";
  return std::make_unique<FlowTask>(options, config, std::move(network));
}

}  // namespace tuff
