// Measured objects as CSV: a row for each, a header with units.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "instances/regions.h"

namespace tuff {

struct RegionTable {
  bool volumes = false;
  std::int64_t channels = 0;  // of the images under the objects
  std::string unit = "px";    // of lengths

  // "image,id,pixels,area_um2,x_um,y_um,...\n"
  std::string header() const;
  // What isn't a number is an empty field; `image` is quoted where it needs to be (RFC 4180).
  std::string row(const std::string& image, const Region& region) const;
};

}  // namespace tuff
