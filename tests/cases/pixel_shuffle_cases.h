#pragma once

#include <fmt/format.h>

#include "ops/pixel_shuffle.h"
#include "support/indexing.h"
#include "support/op_case.h"
#include "support/random_shapes.h"

namespace tuff::test {

// Where the element at `at` of the shuffled tensor lies in the other one.
inline Index packed_index(Index at, std::int64_t factor) {
  for (std::size_t axis = 2; axis < at.size(); ++axis) {
    at[1] = at[1] * factor + at[axis] % factor;
    at[axis] /= factor;
  }
  return at;
}

inline Shape packed_shape(const Shape& shuffled, std::int64_t factor) {
  Index extents = shuffled.extents();
  for (std::size_t axis = 2; axis < extents.size(); ++axis) {
    extents[1] *= factor;
    extents[axis] /= factor;
  }
  return Shape(extents);
}

// Cases are given by the shape of the shuffled tensor: pixel_shuffle's output, pixel_unshuffle's input.
inline OpCase pixel_shuffle_case(std::string name, const Shape& shuffled, std::int64_t factor) {
  const Shape packed = packed_shape(shuffled, factor);
  OpCase result{.name = std::move(name), .inputs = {{.type = {DType::f32, packed}}}, .tolerance = 0};
  result.build = [=](Graph&, std::span<const Value> x) { return std::vector<Value>{pixel_shuffle(x[0], factor)}; };
  result.reference = [=](std::span<const Array> x) {
    return std::vector<Array>{
        generate(shuffled, [&](const Index& at) { return x[0].data[offset_of(packed, packed_index(at, factor))]; })};
  };
  return result;
}

inline OpCase pixel_unshuffle_case(std::string name, const Shape& shuffled, std::int64_t factor) {
  OpCase result{.name = std::move(name), .inputs = {{.type = {DType::f32, shuffled}}}, .tolerance = 0};
  result.build = [=](Graph&, std::span<const Value> x) { return std::vector<Value>{pixel_unshuffle(x[0], factor)}; };
  result.reference = [=](std::span<const Array> x) {
    Array packed(packed_shape(shuffled, factor));
    for_each_index(shuffled, [&](const Index& at) {
      packed.data[offset_of(packed.shape, packed_index(at, factor))] = x[0].data[offset_of(shuffled, at)];
    });
    return std::vector<Array>{packed};
  };
  return result;
}

// The same with the channel's outer part for the pixel.
inline Index outer_packed_index(Index at, std::int64_t factor, std::int64_t channels) {
  std::int64_t pixel = 0;
  for (std::size_t axis = 2; axis < at.size(); ++axis) {
    pixel = pixel * factor + at[axis] % factor;
    at[axis] /= factor;
  }
  at[1] += pixel * channels;
  return at;
}

inline OpCase depth_to_space_case(std::string name, const Shape& shuffled, std::int64_t factor) {
  OpCase result = pixel_shuffle_case(std::move(name), shuffled, factor);
  const Shape packed = packed_shape(shuffled, factor);
  result.build = [=](Graph&, std::span<const Value> x) { return std::vector<Value>{depth_to_space(x[0], factor)}; };
  result.reference = [=](std::span<const Array> x) {
    return std::vector<Array>{generate(shuffled, [&](const Index& at) {
      return x[0].data[offset_of(packed, outer_packed_index(at, factor, shuffled[1]))];
    })};
  };
  return result;
}

inline OpCase space_to_depth_case(std::string name, const Shape& shuffled, std::int64_t factor) {
  OpCase result = pixel_unshuffle_case(std::move(name), shuffled, factor);
  result.build = [=](Graph&, std::span<const Value> x) { return std::vector<Value>{space_to_depth(x[0], factor)}; };
  result.reference = [=](std::span<const Array> x) {
    Array packed(packed_shape(shuffled, factor));
    for_each_index(shuffled, [&](const Index& at) {
      packed.data[offset_of(packed.shape, outer_packed_index(at, factor, shuffled[1]))] =
          x[0].data[offset_of(shuffled, at)];
    });
    return std::vector<Array>{packed};
  };
  return result;
}

inline void add_random_shuffle_cases(std::vector<OpCase>& cases,
                                     OpCase (*make)(std::string, const Shape&, std::int64_t)) {
  ShapeDraws draws("pixel_shuffle");
  for (int i = 0; i < draws.rounds(6); ++i) {
    const int axes = draws.spatial_axes();
    const std::int64_t factor = draws.between(1, axes == 3 ? 3 : 5);
    Index extents = draws.image(axes, 300).extents();
    for (std::size_t axis = 2; axis < extents.size(); ++axis) extents[axis] *= factor;
    const Shape shuffled(extents);
    cases.push_back(make(draws.name(fmt::format("{} by {}", to_string(shuffled), factor)), shuffled, factor));
  }
}

inline std::vector<OpCase> shuffle_cases(OpCase (*make)(std::string, const Shape&, std::int64_t)) {
  std::vector<OpCase> cases = {
      make("factor 2", {2, 8, 6, 10}, 2),
      make("factor 2 to RGB", {2, 3, 10, 14}, 2),
      make("factor 3", {1, 4, 9, 6}, 3),
      make("factor 3, odd channels", {2, 5, 3, 21}, 3),
      make("factor 4", {1, 1, 8, 12}, 4),
      make("factor 1", {2, 3, 5, 7}, 1),
      make("from one pixel", {3, 4, 5, 5}, 5),
      make("line", {2, 4, 130}, 2),
      make("line of odd channels", {2, 3, 63}, 3),
      make("volume", {2, 8, 4, 6, 4}, 2),
      make("volume of odd channels", {1, 3, 3, 9, 6}, 3),
      make("one pixel", {3, 1, 1, 1}, 1),
      make("one beside a group", {1, 1, 65}, 5),
      make("groups of many rounds", {1, 5, 50, 66}, 2),
  };
  add_random_shuffle_cases(cases, make);
  return cases;
}

}  // namespace tuff::test
