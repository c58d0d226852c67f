// norms.csv of a run: a row for each layer and parameter of each measurement (layer_norms.h).
#pragma once

#include <cstdint>
#include <filesystem>
#include <vector>

#include "train/layer_norms.h"

namespace tuff {

struct LayerNormsRow {
  std::int64_t step = 0;  // after which it was measured
  LayerNorm norm;
  bool operator==(const LayerNormsRow&) const = default;
};

// Rows up to `last_step`, in order; none where the file isn't there. Error where a row can't be read.
std::vector<LayerNormsRow> read_norms(const std::filesystem::path& file, std::int64_t last_step);
void write_norms(const std::filesystem::path& file, const std::vector<LayerNormsRow>& rows);

// Those of the last measurement.
std::vector<LayerNorm> last_norms(const std::vector<LayerNormsRow>& rows);

}  // namespace tuff
