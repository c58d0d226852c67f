// What a classifier's map saves: the same decisions made patch by patch, and the time of both.
#pragma once

#include <cstdint>

#include "io/image.h"
#include "models/classifier.h"
#include "runtime/parameter_store.h"
#include "vulkan/device.h"

namespace tuff {

struct SlidingWindow {
  std::int64_t patches = 0;
  double map_seconds = 0;         // of the image through classifier_map(), the fastest of three
  double window_seconds = 0;      // of all patches through classifier(), `batch` at once
  double largest_difference = 0;  // of two logits, as a part of the largest logit or of 1, if that is more
};

// Of a normalized image, two-dimensional as the classifier; the store has its parameters. Both ways are
// compiled and run once before they are timed.
SlidingWindow compare_sliding_window(Device& device, ParameterStore& store, const ClassifierConfig& config,
                                     std::int64_t stride, const Image& image, std::int64_t batch = 256);

}  // namespace tuff
