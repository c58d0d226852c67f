// Learned illumination: a layer of lamps before a U-Net (models/illumination.h). What the network gives, classes or
// other images, is what the data hold: masks or targets.
#pragma once

#include <filesystem>
#include <memory>
#include <string_view>
#include <utility>
#include <vector>

#include "tasks/dense_task.h"
#include "train/checkpoint.h"

namespace tuff {

// Images have one channel a lamp. Error where --lamp-grid has another number of lamps.
std::unique_ptr<DenseTask> illumination_task(const TrainOptions& options, const DataFormat& format);

// How bright each lamp shines in each pattern of a trained model; those of a pattern sum to 1. Error where the model is
// another.
struct LampPatterns {
  std::int64_t patterns = 0;
  std::int64_t lamps = 0;
  std::vector<double> brightness;  // pattern after pattern

  double at(std::int64_t pattern, std::int64_t lamp) const {
    return brightness[static_cast<std::size_t>(pattern * lamps + lamp)];
  }
};
LampPatterns lamp_patterns(const Model& model);

// The network behind the lamps as a model of its own, a unet or insilico that takes one channel a pattern: what a
// microscope that shines those patterns gives. Error where the model is another.
void save_reader(const std::filesystem::path& path, const Model& model);

// "8x8" as rows and columns, 0 and 0 for "". Error where it is none, or has another number of places than lamps.
std::pair<std::int64_t, std::int64_t> lamp_grid(std::string_view text, std::int64_t lamps);

}  // namespace tuff
