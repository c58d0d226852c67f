#include "tasks/patch_task.h"

#include <algorithm>

#include "tasks/classifier_networks.h"
#include "tasks/dense_objective.h"
#include "tasks/segmentation.h"

namespace tuff {
namespace {

// Pixels of each class, as many groups as there are classes, around which a crop lies within the image.
std::vector<std::vector<std::uint32_t>> centers_by_class(const Sample& sample, const ImageSize& crop) {
  const ImageSize size = sample.image.size();
  std::vector<std::vector<std::uint32_t>> groups;
  const auto first = [](std::int64_t extent) { return (extent - 1) / 2; };
  for (std::int64_t z = first(crop.depth); z <= size.depth - crop.depth + first(crop.depth); ++z)
    for (std::int64_t y = first(crop.height); y <= size.height - crop.height + first(crop.height); ++y)
      for (std::int64_t x = first(crop.width); x <= size.width - crop.width + first(crop.width); ++x) {
        const std::int64_t pixel = (z * size.height + y) * size.width + x;
        const std::int32_t label = sample.labels[static_cast<std::size_t>(pixel)];
        if (label < 0) continue;
        if (groups.size() <= static_cast<std::size_t>(label)) groups.resize(static_cast<std::size_t>(label) + 1);
        groups[static_cast<std::size_t>(label)].push_back(static_cast<std::uint32_t>(pixel));
      }
  std::erase_if(groups, [](const auto& group) { return group.empty(); });
  return groups;
}

// Segmentation whose crops have one label each.
class PatchTask : public DenseTask {
 public:
  PatchTask(const TrainOptions& options, std::int64_t channels)
      : options_(options), pixels_(segmentation_task(options, classifier_network(options, channels))) {}

  const Network& network() const override { return pixels_->network(); }
  Needs needs() const override { return pixels_->needs(); }
  std::optional<ImageSize> label_size() const override { return ImageSize(1, 1, 1); }
  void check(const Dataset& dataset) const override { pixels_->check(dataset); }
  void prepare(Sample& sample) const override {
    pixels_->prepare(sample);
    if (options_.balance && !sample.labels.empty()) sample.centers = centers_by_class(sample, crop_of(options_));
  }
  Value loss(Graph& graph, const Inputs& inputs) const override { return pixels_->loss(graph, inputs); }
  DenseResult::Kind result_kind() const override { return pixels_->result_kind(); }
  std::unique_ptr<DenseReader> reader(Device& device) const override { return pixels_->reader(device); }
  std::vector<Metric> metrics() const override { return pixels_->metrics(); }
  std::unique_ptr<Scorer> scorer() const override { return pixels_->scorer(); }

 private:
  TrainOptions options_;
  std::unique_ptr<DenseTask> pixels_;
};

}  // namespace

std::unique_ptr<DenseTask> patch_task(const TrainOptions& options, const DataFormat& format) {
  return std::make_unique<PatchTask>(options, format.image_channels);
}

}  // namespace tuff
