#pragma once

#include <fmt/format.h>

#include <cmath>

#include "ops/layer_norm.h"
#include "support/indexing.h"
#include "support/op_case.h"
#include "support/random_shapes.h"

namespace tuff::test {

// Output, mean and 1 / sqrt(variance + eps) over the axes from `axis` on. weight and bias: of those axes' shape, or
// null.
inline std::vector<Array> layer_norm_reference(const Array& x, int axis, const Array* weight, const Array* bias,
                                               double eps) {
  std::vector<std::int64_t> extents = x.shape.extents();
  std::fill(extents.begin() + axis, extents.end(), 1);
  Array mean{Shape(extents)}, inverse{Shape(extents)}, y(x.shape);
  const auto rows = static_cast<std::size_t>(mean.shape.elements()), width = x.data.size() / rows;
  for (std::size_t row = 0; row < rows; ++row) {
    const std::span<const double> values(x.data.data() + row * width, width);
    double variance = 0;
    for (const double value : values) mean.data[row] += value / static_cast<double>(width);
    for (const double value : values)
      variance += (value - mean.data[row]) * (value - mean.data[row]) / static_cast<double>(width);
    inverse.data[row] = 1 / std::sqrt(variance + eps);
    for (std::size_t i = 0; i < width; ++i)
      y.data[row * width + i] = (values[i] - mean.data[row]) * inverse.data[row] * (weight ? weight->data[i] : 1) +
                                (bias ? bias->data[i] : 0);
  }
  return {y, mean, inverse};
}

inline Shape last_axes(const Shape& shape, int axis) {
  return Shape(std::vector<std::int64_t>(shape.extents().begin() + axis, shape.extents().end()));
}

inline OpCase layer_norm_case(const Shape& shape, int axis, bool weight, bool bias, float eps = 1e-5f) {
  OpCase result{.name = fmt::format("layer_norm of {} from {}{}{}", to_string(shape), axis, weight ? ", weight" : "",
                                    bias ? ", bias" : "")};
  const Shape normalized = last_axes(shape, axis);
  result.inputs = {{.type = {DType::f32, shape}}};
  if (weight) result.inputs.push_back({.type = {DType::f32, normalized}});
  if (bias) result.inputs.push_back({.type = {DType::f32, normalized}});
  result.build = [=](Graph&, std::span<const Value> x) {
    return std::vector<Value>{layer_norm(x[0], normalized, weight ? x[1] : Value{}, bias ? x.back() : Value{}, eps)};
  };
  result.reference = [=](std::span<const Array> x) {
    return std::vector<Array>{layer_norm_reference(x[0], axis, weight ? &x[1] : nullptr, bias ? &x.back() : nullptr,
                                                   static_cast<double>(eps))[0]};
  };
  return result;
}

// All three outputs, so that gradients flow through the statistics too.
inline OpCase layer_norm_from_case(const Shape& shape, int axis) {
  OpCase result = layer_norm_case(shape, axis, true, true);
  result.name += " with statistics";
  result.build = [=](Graph&, std::span<const Value> x) {
    const LayerNorm norm = layer_norm_from(x[0], axis - shape.rank(), x[1], x[2]);
    return std::vector<Value>{norm.output, norm.mean, norm.inv_std_dev};
  };
  result.reference = [=](std::span<const Array> x) {
    return layer_norm_reference(x[0], axis, &x[1], &x[2], static_cast<double>(1e-5f));
  };
  return result;
}

inline OpCase rms_norm_case(const Shape& shape, int axis, bool weight) {
  OpCase result{.name = fmt::format("rms_norm of {} from {}{}", to_string(shape), axis, weight ? ", weight" : "")};
  const Shape normalized = last_axes(shape, axis);
  result.inputs = {{.type = {DType::f32, shape}}};
  if (weight) result.inputs.push_back({.type = {DType::f32, normalized}});
  result.build = [=](Graph&, std::span<const Value> x) {
    return std::vector<Value>{rms_norm(x[0], normalized, weight ? x[1] : Value{}, 1e-3f)};
  };
  result.reference = [=](std::span<const Array> x) {
    Array y = x[0];
    const auto width = static_cast<std::size_t>(normalized.elements());
    for (std::size_t first = 0; first < y.data.size(); first += width) {
      double squares = 0;
      for (std::size_t i = first; i < first + width; ++i)
        squares += x[0].data[i] * x[0].data[i] / static_cast<double>(width);
      for (std::size_t i = 0; i < width; ++i)
        y.data[first + i] *= (weight ? x[1].data[i] : 1) / std::sqrt(squares + static_cast<double>(1e-3f));
    }
    return std::vector<Array>{y};
  };
  return result;
}

inline std::vector<OpCase> layer_norm_cases() {
  std::vector<OpCase> cases = {
      layer_norm_case({12}, 0, true, true),
      layer_norm_case({5, 16}, 1, true, true),
      layer_norm_case({5, 16}, 0, true, true),
      layer_norm_case({3, 37}, 1, true, false),
      layer_norm_case({3, 300}, 1, false, false),
      layer_norm_case({2, 5, 12}, 2, true, true),
      layer_norm_case({2, 8, 12}, 2, false, true),
      layer_norm_case({2, 5, 12}, 1, true, true),
      layer_norm_case({2, 3, 4, 9}, 3, true, true),
      layer_norm_case({2, 4, 3, 5}, 2, true, true),
      layer_norm_case({2, 4, 3, 5}, 1, true, true),
      layer_norm_case({2, 4, 3, 5}, 0, false, false),
      layer_norm_case({2, 3, 2, 4, 9}, 4, true, true),
      layer_norm_case({2, 3, 2, 3, 4}, 3, true, true),
      layer_norm_case({2, 3, 2, 3, 4}, 2, true, false, 1e-2f),
      layer_norm_case({2, 3, 2, 3, 4}, 1, true, true),
      layer_norm_from_case({9}, 0),
      layer_norm_from_case({4, 9}, 1),
      layer_norm_from_case({2, 3, 4, 9}, 3),
      layer_norm_from_case({2, 3, 4, 5}, 2),
      layer_norm_from_case({2, 4, 3, 5}, 1),
      layer_norm_from_case({2, 3, 4, 5}, 0),
      rms_norm_case({5, 16}, 1, true),
      rms_norm_case({2, 5, 12}, 2, true),
      rms_norm_case({2, 3, 4, 5}, 2, false),
  };
  ShapeDraws draws("layer_norm");
  for (int i = 0; i < draws.rounds(6);) {
    const Shape shape = draws.shape();
    const auto axis = static_cast<int>(draws.between(0, shape.rank() - 1));
    if (last_axes(shape, axis).elements() < 8) continue;  // their gradients almost cancel
    const bool weight = draws.coin();
    cases.push_back(layer_norm_case(shape, axis, weight, draws.coin()));
    cases.back().name = draws.name(cases.back().name);
    ++i;
  }
  return cases;
}

}  // namespace tuff::test
