#pragma once

#include "cases/pool_cases.h"
#include "ops/unpool.h"
#include "support/random_shapes.h"

namespace tuff::test {

inline OpCase max_unpool_case(std::string name, const Shape& shape, const PoolAttributes& attributes) {
  OpCase result{.name = std::move(name), .inputs = {{.type = {DType::f32, shape}, .fill = Fill::distinct}}};
  result.build = [=](Graph&, std::span<const Value> x) {
    const MaxPool pooled = max_pool(x[0], attributes);
    return std::vector<Value>{max_unpool(pooled.output, pooled.indices, attributes, shape)};
  };
  result.reference = [=](std::span<const Array> x) {
    const std::vector<Array> pooled = max_pool_reference(x[0], attributes);
    Array output(shape);
    const std::int64_t plane = shape.spatial();
    const std::int64_t windows = pooled[0].shape.spatial();
    for (std::int64_t i = 0; i < pooled[0].shape.elements(); ++i) {
      const auto from = static_cast<std::size_t>(i);
      output.data[static_cast<std::size_t>(i / windows * plane) + static_cast<std::size_t>(pooled[1].data[from])] = pooled[0].data[from];
    }
    return std::vector<Array>{output};
  };
  return result;
}

// Windows that don't overlap: where they do, two maxima may be the same pixel.
inline void add_random_max_unpool_cases(std::vector<OpCase>& cases) {
  ShapeDraws draws("max_unpool");
  for (int i = 0; i < 6; ++i) {
    const Shape shape = draws.image(draws.spatial_axes(), 1500);
    PoolAttributes attributes = random_window(draws, shape);
    for (std::size_t axis = 0; axis < attributes.kernel.size(); ++axis) attributes.stride[axis] = attributes.kernel[axis] + draws.between(0, 1);
    cases.push_back(max_unpool_case(draws.name(to_string(shape) + ", " + to_string(attributes)), shape, attributes));
  }
}

inline std::vector<OpCase> max_unpool_cases() {
  std::vector<OpCase> cases = {
      max_unpool_case("2x2", {2, 8, 6, 10}, {.kernel = {2}}),
      max_unpool_case("2x2 of odd sizes", {2, 3, 7, 9}, {.kernel = {2}}),
      max_unpool_case("line", {2, 4, 67}, {.kernel = {3}}),
      max_unpool_case("volume", {1, 4, 4, 5, 6}, {.kernel = {2}}),
  };
  add_random_max_unpool_cases(cases);
  return cases;
}

}  // namespace tuff::test
