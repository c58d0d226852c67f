#pragma once

#include <fmt/format.h>

#include "ops/resample.h"
#include "support/indexing.h"
#include "support/op_case.h"
#include "support/random_shapes.h"

namespace tuff::test {

// The weights as f32, as the op takes them.
inline OpCase resample_case(std::string name, const TensorType& type, int axis,
                            const std::vector<ResampleTaps>& results) {
  OpCase result{.name = std::move(name), .inputs = {{.type = type}}};
  const auto a = static_cast<std::size_t>(axis);
  result.build = [=](Graph&, std::span<const Value> x) {
    return std::vector<Value>{resample(x[0], axis, resample_table(type.shape[axis], results))};
  };
  result.reference = [=](std::span<const Array> x) {
    std::vector<std::int64_t> extents = type.shape.extents();
    extents[a] = static_cast<std::int64_t>(results.size());
    return std::vector<Array>{generate(Shape(extents), [&](const Index& out) {
      double sum = 0;
      for (const auto& [source, weight] : results[static_cast<std::size_t>(out[a])]) {
        Index at = out;
        at[a] = source;
        sum += weight * x[0].data[offset_of(type.shape, at)];
      }
      return sum;
    })};
  };
  return result;
}

// Up to five taps anywhere near each other, some results without any, some sources twice.
inline std::vector<ResampleTaps> random_taps(ShapeDraws& draws, std::int64_t in, std::int64_t out) {
  std::vector<ResampleTaps> results(static_cast<std::size_t>(out));
  for (ResampleTaps& taps : results) {
    const std::int64_t first = draws.between(0, in - 1);
    const std::int64_t count = draws.between(0, 5);
    for (std::int64_t t = 0; t < count; ++t)
      taps.emplace_back(std::min(first + draws.between(0, 4), in - 1), static_cast<double>(draws.between(-8, 8)) / 4);
  }
  return results;
}

inline std::vector<OpCase> resample_cases() {
  ShapeDraws draws("resample");
  std::vector<OpCase> cases;
  const auto add = [&](const std::string& name, const TensorType& type, int axis, std::int64_t out) {
    cases.push_back(resample_case(name, type, axis, random_taps(draws, type.shape[axis], out)));
  };
  add("height", {DType::f32, {2, 4, 7, 5}}, 2, 9);
  add("width, odd channels", {DType::f32, {2, 3, 5, 13}}, 3, 6);
  add("channels", {DType::f32, {2, 6, 3, 5}}, 1, 4);
  add("batch", {DType::f32, {3, 4, 2, 5}}, 0, 5);
  add("one element", {DType::f32, {1, 1, 1}}, 2, 1);
  add("one source", {DType::f32, {1, 8, 1, 3}}, 2, 7);
  add("one result", {DType::f32, {1, 8, 9, 3}}, 2, 1);
  add("a kernel's axis", {DType::f32, {5, 3, 3, 4}, Layout::weight}, 3, 4);
  add("several rounds", {DType::f32, {2, 8, 65, 33}}, 3, 34);
  add("matrix", {DType::f32, {7, 9}}, 1, 4);
  add("vector", {DType::f32, {66}}, 0, 65);
  for (int i = 0; i < draws.rounds(6); ++i) {
    const Shape shape = draws.shape(static_cast<int>(draws.between(1, 5)), 2000);
    const int axis = static_cast<int>(draws.between(0, shape.rank() - 1));
    const std::int64_t out = draws.extent(2 * shape[axis] + 1);
    add(draws.name(fmt::format("{}, axis {} to {}", to_string(shape), axis, out)), {DType::f32, shape}, axis, out);
  }
  return cases;
}

}  // namespace tuff::test
