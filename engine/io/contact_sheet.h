// What to look at after training: rows of image | prediction | truth, and the curve of a run.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "io/canvas.h"
#include "io/image.h"

namespace tuff {

struct SheetRow {
  std::string caption;
  Image image;                           // one plane, any channels
  std::vector<std::int32_t> prediction;  // height * width labels
  std::vector<std::int32_t> truth;       // the same; empty where unknown
  // Instead of labels where the prediction is an image, and where there is a true one.
  Image predicted_image = {};
  Image true_image = {};
};

// Reduced to fit a square of this side, each pixel the mean of those it stands for; smaller ones as they are.
Canvas reduced(const Canvas& picture, std::int64_t side);

// One row an image, columns image, prediction, truth (left out where no row has one), with captions. Tiles larger than
// `tile` pixels are reduced to it.
Canvas contact_sheet(const std::vector<SheetRow>& rows, std::int64_t tile = 256);

struct Curve {
  std::string name;
  std::vector<double> x;
  std::vector<double> y;  // a point that isn't finite is a gap
};

// A step of 1, 2 or 5 times a power of ten that divides `range` into about `count` parts.
double tick_step(double range, double count);

// Curves over one pair of axes with ticks and a legend; `title` above.
Canvas plot_curves(const std::string& title, const std::string& x_label, const std::vector<Curve>& curves,
                   std::int64_t width = 640, std::int64_t height = 400);

}  // namespace tuff
