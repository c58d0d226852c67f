// Objects found by a sliding window: a classifier's map over several sizes of an image, windows where a class is
// probable, and of those that overlap the most probable one.
#pragma once

#include <cstdint>
#include <functional>
#include <span>
#include <vector>

#include "io/image.h"

namespace tuff {

// In pixels of the image; the box's corners are those of its corner pixels.
struct Box2D {
  double y = 0, x = 0, height = 0, width = 0;
};

// Area of the intersection over that of the union; 0 where neither has any.
double intersection_over_union(const Box2D& a, const Box2D& b);

struct Detection {
  Box2D box;
  std::int32_t label = 0;  // the class
  double score = 0;        // its probability
};

struct DetectionOptions {
  double side = 32;                   // of an object in images as the classifier was trained on
  std::vector<double> scales = {1};   // of objects
  std::vector<double> aspects = {1};  // width / height of objects
  double threshold = 0.5;             // least score
  double overlap = 0.3;               // largest intersection over union of two boxes of a class
  std::int32_t background = 0;        // the class that is no object; -1: none
};

// A map of probabilities (classes, Y, X) of an image (C, Y, X), which says of blocks of `stride` pixels, the first of
// which begins at `first` (0 or below), what the window around them shows.
struct WindowMap {
  std::function<Image(const Image&)> probabilities;
  std::int64_t stride = 1;
  std::int64_t first = 0;
};

// The most probable first. For a scale s and an aspect a the image is resized so that objects of side s sqrt(a) times
// s / sqrt(a) have the side that the classifier knows.
std::vector<Detection> detect(const Image& image, const WindowMap& map, const DetectionOptions& options);

// Without those of which a more probable one of the same class overlaps more than that; the most probable first.
std::vector<Detection> suppress(std::vector<Detection> found, double overlap);

// A true object, or a detection, of an image by number.
struct TrueBox {
  std::size_t image = 0;
  Box2D box;
  std::int32_t label = 0;
};
struct FoundBox {
  std::size_t image = 0;
  Detection detection;
};

struct DetectionScore {
  std::int64_t objects = 0;          // true ones
  std::int64_t found = 0;            // of them
  std::int64_t false_positives = 0;  // detections of nothing, or of the same again
  double average_precision = 0;      // area under precision over recall, where precision is made to fall (VOC 2010)
};

// Of one class: detections, the most probable first, take the true box not yet taken that they overlap most, at least
// by `overlap` (intersection over union).
DetectionScore score_detections(std::span<const TrueBox> truth, std::span<const FoundBox> found, std::int32_t label,
                                double overlap = 0.5);

}  // namespace tuff
