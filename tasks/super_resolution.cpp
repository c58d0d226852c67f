#include <fmt/format.h>

#include <algorithm>

#include "base/error.h"
#include "io/shrink.h"
#include "models/srresnet.h"
#include "tasks/adversarial.h"
#include "tasks/image_task.h"
#include "tasks/networks.h"

namespace tuff {
namespace {

class SuperResolutionTask : public ImageTask {
 public:
  SuperResolutionTask(const TrainOptions& options, Network network, std::int64_t channels)
      : ImageTask(options, std::move(network), channels), content_(options, channels) {}

  Needs needs() const override {
    Needs needs = ImageTask::needs();
    needs.target_scale = network().scale;
    return needs;
  }
  std::string_view fixed_pixels() const override { return "it learns what is lost where pixels are resampled"; }
  bool gives_input_units() const override { return true; }
  std::string_view baseline_name() const override { return "bicubic"; }
  Image baseline(const Image& input) const override { return enlarge(input, network().scale); }

  Value loss(Graph& graph, const Inputs& inputs) const override {
    return content_.loss(graph, network().build(graph, inputs.images, true), inputs.targets);
  }

  void add_step(Graph& graph, const Inputs& inputs, Value step_state, const TrainOptions& options) const override {
    if (options.adversarial == 0) return ImageTask::add_step(graph, inputs, step_state, options);
    const Value image = network().build(graph, inputs.images, true);
    const Value content = content_.loss(graph, image, inputs.targets);
    add_adversarial_step(graph, image, inputs.targets, content, step_state, options);
  }

  std::vector<std::string> parts() const override {
    return options().adversarial > 0 ? adversarial_parts() : std::vector<std::string>{};
  }

  void check(const Dataset& dataset) const override {
    const std::int64_t scale = network().scale;
    for (const DataItem& item : dataset.items)
      if (std::min(item.size.height, item.size.width) < scale)
        throw Error(fmt::format("{}: an image of {} pixels can't be made {} times smaller; leave it out",
                                item.images.front().string(), to_string(item.size), scale));
  }

  void prepare(Sample& sample) const override {
    sample.targets = cut_to_multiple(sample.image, network().scale);
    sample.image = shrink(sample.image, network().scale);
  }

 private:
  ImageContent content_;
};

SrResNetConfig::GlobalSkip global_skip(const std::string& name) {
  return name == "bicubic"    ? SrResNetConfig::GlobalSkip::bicubic
         : name == "bilinear" ? SrResNetConfig::GlobalSkip::bilinear
                              : SrResNetConfig::GlobalSkip::none;
}

}  // namespace

std::unique_ptr<DenseTask> super_resolution_task(const TrainOptions& options, const DataFormat& format) {
  const std::int64_t channels = format.image_channels;
  const SrResNetConfig config{.in_channels = channels,
                              .out_channels = channels,
                              .features = options.base,
                              .blocks = options.blocks,
                              .upscale = options.scale,
                              .norm = norm_kind(options),
                              .global_skip = global_skip(options.global_skip)};
  Network network;
  network.name = options.model;
  network.in_channels = network.out_channels = channels;
  network.scale = options.scale;
  network.build = [config](Graph& graph, Value x, bool training) { return srresnet(graph, x, config, training); };
  network.axes = {network_axis(srresnet_axis(config))};
  return std::make_unique<SuperResolutionTask>(options, std::move(network), channels);
}

}  // namespace tuff
