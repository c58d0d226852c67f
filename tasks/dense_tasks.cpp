// Which task each network is for.
#include <fmt/format.h>

#include <algorithm>

#include "base/error.h"
#include "tasks/dense_task.h"
#include "tasks/flow_task.h"
#include "tasks/illumination_task.h"
#include "tasks/image_task.h"
#include "tasks/networks.h"
#include "tasks/patch_task.h"
#include "tasks/segmentation.h"
#include "tasks/segmentation_networks.h"
#include "tasks/star_task.h"

namespace tuff {
namespace {

using Task = std::unique_ptr<DenseTask>;

struct Entry {
  std::string_view model;
  Task (*make)(const TrainOptions& options, const DataFormat& format);
  bool objects = false;
};

template <Network (*network)(const TrainOptions&, std::int64_t)>
Task pixel_task(const TrainOptions& options, const DataFormat& format) {
  return segmentation_task(options, network(options, format.image_channels));
}

const Entry kEntries[] = {
    {"unet", pixel_task<make_network>},
    {"fcn", pixel_task<fcn_network>},
    {"segnet", pixel_task<segnet_network>},
    {"deepmedic", pixel_task<deepmedic_network>},
    {"rootpainter", pixel_task<rootpainter_network>},
    {"stardist", star_task, true},
    {"cellpose", flow_task, true},
    {"insilico", labeling_task},
    {"illumination", illumination_task},
    {"denoiser", denoising_task},
    {"superres", super_resolution_task},
    {"cnn", patch_task},
    {"mlp", patch_task},
};

const Entry* find_entry(std::string_view model) {
  const auto found = std::ranges::find_if(kEntries, [&](const Entry& entry) { return entry.model == model; });
  return found == std::end(kEntries) ? nullptr : found;
}

}  // namespace

bool is_dense(std::string_view model) {
  return find_entry(model) != nullptr;
}

bool learns_objects(std::string_view model) {
  const Entry* entry = find_entry(model);
  return entry != nullptr && entry->objects;
}

Task make_dense_task(const TrainOptions& options, const DataFormat& format) {
  if (const Entry* entry = find_entry(options.model)) return entry->make(options, format);
  make_network(options, format.image_channels);  // says what the model is for
  throw Error(fmt::format("the model is a {}, which gives no image for an image", options.model));
}

}  // namespace tuff
