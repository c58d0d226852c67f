// Cellpose's geometry in two dimensions (Stringer et al. 2021, "Cellpose: a generalist algorithm for cellular
// segmentation"): flows that lead each pixel of an object to its middle, and objects again from where pixels went.
// Planes are row-major (H, W), y before x. Between the two stands the op follow_flows (ops/follow_flows.h).
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "instances/labels.h"

namespace tuff {

// The flow field to train for, (2, H, W): dy and dx of a unit vector in each object, 0 outside. In each object by
// itself heat spreads from the pixel that is nearest to the median of its pixels: one unit is added there, then every
// pixel takes the mean of its 3 x 3 neighbourhood, outside of the object 0; so 2 (height + width + 2) times. The flow
// points up the gradient of log(1 + heat) (central differences). A part of an object that isn't connected
// with that pixel has no flow. 60 nuclei in 256x256 take 1.3 ms. Error for volumes.
std::vector<float> flows_from_labels(const Labels& labels);

// How objects are found among pixels that followed their flows; defaults as in Cellpose.
struct FlowMaskOptions {
  std::int32_t seed_pixels = 10;  // an object starts where more than that many ended, the most in 5 x 5 pixels
  std::int32_t extension = 5;     // and takes in what touches it, so many times, where more than two ended
  double largest = 0.4;           // objects above this share of the image are dropped
  double flow_error = 0.4;        // objects above that mean squared error of flows are dropped; 0: none
  std::int64_t min_size = 15;     // smaller objects are dropped
};

// What follow_flows moved: positions (2, H, W), of pixels where `foreground` (H, W) isn't 0. Every pixel gets the
// object that it ended in; where two objects took in a place, the one with more pixels at its seed has it. Ids are 1,
// 2, ... in the order of first pixels. Holes aren't filled, nor flows compared: that do the functions below.
Labels labels_from_positions(std::span<const float> positions, std::span<const float> foreground, std::int64_t height,
                             std::int64_t width, const FlowMaskOptions& options = {});

// Drops objects whose own flows differ from `flows` (2, H, W), unit vectors: mean squared difference of both
// components over the object's pixels above `threshold`. Ids stay.
void drop_bad_flows(Labels& labels, std::span<const float> flows, double threshold = 0.4);

// Fills what an object encloses (pixels that don't reach its bounding box' border by sides; another object in there is
// swallowed), drops objects below min_size pixels, before and after, and numbers the rest by their first pixels.
void fill_and_drop_small(Labels& labels, std::int64_t min_size = 15);

// All of it: labels_from_positions(), drop_bad_flows(), fill_and_drop_small(). A network trained for flows times 5, as
// Cellpose's, must divide them by 5 before it follows them and here. Errors where sizes don't fit.
Labels labels_from_flows(std::span<const float> flows, std::span<const float> positions,
                         std::span<const float> foreground, std::int64_t height, std::int64_t width,
                         const FlowMaskOptions& options = {});

// Ids become 1, 2, ... in the order of their first pixels.
void renumber(Labels& labels);

}  // namespace tuff
