#include "instances/object_pixels.h"

#include <algorithm>
#include <unordered_map>

namespace tuff {

ObjectPixels::ObjectPixels(const Labels& labels) {
  // Ids come in runs: most pixels have the last one's.
  std::unordered_map<std::int32_t, std::size_t> sizes;
  std::size_t* size = nullptr;
  std::int32_t last = 0;
  for (const std::int32_t id : labels.ids) {
    if (id == 0) continue;
    if (!size || id != last) size = &sizes[last = id];
    ++*size;
  }
  for (const auto& [id, pixels] : sizes) ids_.push_back(id);
  std::ranges::sort(ids_);

  starts_ = {0};
  std::unordered_map<std::int32_t, std::size_t> next;
  for (const std::int32_t id : ids_) {
    next[id] = starts_.back();
    starts_.push_back(starts_.back() + sizes[id]);
  }
  pixels_.resize(starts_.back());
  std::size_t* place = nullptr;
  last = 0;
  for (std::size_t pixel = 0; pixel < labels.ids.size(); ++pixel) {
    const std::int32_t id = labels.ids[pixel];
    if (id == 0) continue;
    if (!place || id != last) place = &next[last = id];
    pixels_[(*place)++] = static_cast<std::int64_t>(pixel);
  }
}

}  // namespace tuff
