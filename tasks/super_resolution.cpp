#include <fmt/format.h>

#include <algorithm>

#include "base/error.h"
#include "io/shrink.h"
#include "models/srresnet.h"
#include "tasks/image_task.h"

namespace tuff {
namespace {

class SuperResolutionTask : public ImageTask {
 public:
  using ImageTask::ImageTask;

  Needs needs() const override {
    Needs needs = ImageTask::needs();
    needs.target_scale = network().scale;
    return needs;
  }
  std::string_view fixed_pixels() const override { return "it learns what is lost where pixels are resampled"; }
  bool gives_input_units() const override { return true; }

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
};

}  // namespace

std::unique_ptr<DenseTask> super_resolution_task(const TrainOptions& options, const DataFormat& format) {
  const std::int64_t channels = format.image_channels;
  const SrResNetConfig config{.in_channels = channels,
                              .out_channels = channels,
                              .features = options.base,
                              .blocks = options.blocks,
                              .upscale = options.scale};
  Network network;
  network.name = options.model;
  network.in_channels = network.out_channels = channels;
  network.scale = options.scale;
  network.build = [config](Graph& graph, Value x, bool training) { return srresnet(graph, x, config, training); };
  network.axes = {
      {.output_size = [](std::int64_t size) { return size; },
       .nearest_sizes = [](std::int64_t size) { return std::pair(std::max<std::int64_t>(0, size - 1), size + 1); },
       .radius = srresnet_receptive_radius(config)}};
  return std::make_unique<SuperResolutionTask>(options, std::move(network), channels);
}

}  // namespace tuff
