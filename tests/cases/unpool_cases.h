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
      output.data[static_cast<std::size_t>(i / windows * plane) + static_cast<std::size_t>(pooled[1].data[from])] =
          pooled[0].data[from];
    }
    return std::vector<Array>{output};
  };
  return result;
}

// Windows that don't overlap: where they do, two maxima may be the same pixel.
inline void add_random_max_unpool_cases(std::vector<OpCase>& cases) {
  ShapeDraws draws("max_unpool");
  for (int i = 0; i < draws.rounds(6); ++i) {
    const Shape shape = draws.image(draws.spatial_axes(), 1500);
    PoolAttributes attributes = random_window(draws, shape);
    for (std::size_t axis = 0; axis < attributes.kernel.size(); ++axis)
      attributes.stride[axis] = attributes.kernel[axis] + draws.between(0, 1);
    cases.push_back(max_unpool_case(draws.name(to_string(shape) + ", " + to_string(attributes)), shape, attributes));
  }
}

inline std::vector<OpCase> max_unpool_cases() {
  std::vector<OpCase> cases = {
      max_unpool_case("2x2", {2, 8, 6, 10}, {.kernel = {2}}),
      max_unpool_case("2x2 of odd sizes", {2, 3, 7, 9}, {.kernel = {2}}),
      max_unpool_case("line", {2, 4, 67}, {.kernel = {3}}),
      max_unpool_case("volume", {1, 4, 4, 5, 6}, {.kernel = {2}}),
      max_unpool_case("asymmetric padding", {1, 4, 7, 9}, {.kernel = {3}, .padding = {1, 0}, .padding_end = {2, 1}}),
      max_unpool_case("adaptive", {1, 4, 8, 9}, {.output_size = {4, 3}}),
  };
  add_random_max_unpool_cases(cases);
  return cases;
}

// Indices over the whole tensor from those in a plane, or back.
inline OpCase reindex_case(std::string name, const Shape& pooled, const std::vector<std::int64_t>& spatial,
                           bool column_major, bool to_plane) {
  const std::int64_t plane = Shape(spatial).elements();
  OpCase result{.name = std::move(name), .inputs = {{.type = {DType::i32, pooled}, .fill = Fill::labels}}};
  result.inputs[0].label_count = to_plane ? plane * pooled[0] * pooled[1] : plane;
  result.build = [=](Graph&, std::span<const Value> x) {
    return std::vector<Value>{to_plane ? plane_indices(x[0], spatial)
                                       : whole_tensor_indices(x[0], spatial, column_major)};
  };
  result.reference = [=](std::span<const Array> x) {
    return std::vector<Array>{generate(pooled, [&](const Index& at) {
      auto index = static_cast<std::int64_t>(x[0].data[offset_of(pooled, at)]);
      if (to_plane) return static_cast<double>(index % plane);
      if (column_major) {
        std::int64_t rest = index, place = 0;
        for (std::size_t axis = spatial.size(); axis-- > 0; rest /= spatial[axis])
          place = place * spatial[axis] + rest % spatial[axis];
        // The digits came last axis first, so the first axis is the fastest.
        index = place;
      }
      return static_cast<double>((at[0] * pooled[1] + at[1]) * plane + index);
    })};
  };
  return result;
}

inline std::vector<OpCase> reindex_cases() {
  return {
      reindex_case("whole tensor", {2, 3, 3, 4}, {5, 7}, false, false),
      reindex_case("whole tensor, column-major", {2, 3, 3, 4}, {5, 7}, true, false),
      reindex_case("whole tensor, column-major, volume", {1, 4, 2, 3, 2}, {3, 4, 5}, true, false),
      reindex_case("whole tensor, line", {2, 4, 33}, {67}, true, false),
      reindex_case("plane", {2, 3, 3, 4}, {5, 7}, false, true),
      reindex_case("plane, volume", {2, 4, 2, 3, 2}, {3, 4, 5}, false, true),
  };
}

inline OpCase bed_of_nails_case(std::string name, const Shape& shape, const std::vector<std::int64_t>& factor) {
  OpCase result{.name = std::move(name), .inputs = {{.type = {DType::f32, shape}}}};
  result.build = [=](Graph&, std::span<const Value> x) { return std::vector<Value>{bed_of_nails(x[0], factor)}; };
  result.reference = [=](std::span<const Array> x) {
    std::vector<std::int64_t> extents = shape.extents();
    for (std::size_t axis = 2; axis < extents.size(); ++axis)
      extents[axis] *= factor[factor.size() == 1 ? 0 : axis - 2];
    return std::vector<Array>{generate(Shape(extents), [&](const Index& out) {
      Index at = out;
      for (std::size_t axis = 2; axis < at.size(); ++axis) {
        const std::int64_t f = factor[factor.size() == 1 ? 0 : axis - 2];
        if (at[axis] % f != 0) return 0.0;
        at[axis] /= f;
      }
      return x[0].data[offset_of(shape, at)];
    })};
  };
  return result;
}

inline std::vector<OpCase> bed_of_nails_cases() {
  return {
      bed_of_nails_case("2", {2, 4, 3, 5}, {2}),
      bed_of_nails_case("3x1, odd channels", {1, 3, 4, 5}, {3, 1}),
      bed_of_nails_case("line", {1, 4, 17}, {4}),
      bed_of_nails_case("volume", {1, 4, 2, 3, 4}, {2, 1, 3}),
  };
}

}  // namespace tuff::test
