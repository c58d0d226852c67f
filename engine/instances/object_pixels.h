// Which pixels each object of an image of ids has.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "instances/labels.h"

namespace tuff {

// Objects in the order of their ids, each with its pixels (indices into Labels::ids) in ascending order.
class ObjectPixels {
 public:
  explicit ObjectPixels(const Labels& labels);

  std::size_t count() const { return ids_.size(); }
  std::int32_t id(std::size_t object) const { return ids_[object]; }
  std::span<const std::int64_t> of(std::size_t object) const {
    return std::span(pixels_).subspan(starts_[object], starts_[object + 1] - starts_[object]);
  }

 private:
  std::vector<std::int32_t> ids_;
  std::vector<std::size_t> starts_;
  std::vector<std::int64_t> pixels_;
};

}  // namespace tuff
