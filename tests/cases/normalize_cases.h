#pragma once

#include <fmt/format.h>

#include <cmath>
#include <string>
#include <vector>

#include "ops/normalize.h"
#include "support/indexing.h"
#include "support/op_case.h"
#include "support/random_shapes.h"

namespace tuff::test {

// Output, mean and variance; groups = 0: over the batch. `affine` is empty or weight and bias.
inline std::vector<Array> normalize_reference(const Array& x, std::span<const Array> affine,
                                              const NormalizeAttributes& attributes) {
  const std::int64_t groups = attributes.groups;
  const std::int64_t width = groups == 0 ? 1 : x.shape.channels() / groups;
  const auto statistic = [&](const Index& at) {
    return static_cast<std::size_t>(groups == 0 ? at[1] : at[0] * groups + at[1] / width);
  };
  const Shape shape = groups == 0 ? Shape{x.shape.channels()} : Shape{x.shape.batch(), groups};
  Array mean(shape);
  Array variance(shape);
  const double count = static_cast<double>(x.shape.elements() / shape.elements());
  for_each_index(x.shape, [&](const Index& at) { mean.data[statistic(at)] += x.data[offset_of(x.shape, at)] / count; });
  for_each_index(x.shape, [&](const Index& at) {
    const double apart = x.data[offset_of(x.shape, at)] - mean.data[statistic(at)];
    variance.data[statistic(at)] += apart * apart / count;
  });
  Array output = generate(x.shape, [&](const Index& at) {
    const std::size_t s = statistic(at);
    double y = (x.data[offset_of(x.shape, at)] - mean.data[s]) /
               std::sqrt(variance.data[s] + static_cast<double>(attributes.eps));
    const auto c = static_cast<std::size_t>(at[1]);
    if (!affine.empty()) y = y * affine[0].data[c] + affine[1].data[c];
    return attributes.activation == NormalizeActivation::relu && y <= 0 ? 0 : y;
  });
  return {output, mean, variance};
}

inline OpCase normalize_case(std::string name, const Shape& shape, const NormalizeAttributes& attributes) {
  OpCase result{.name = std::move(name), .inputs = {{.type = {DType::f32, shape}}}};
  const Shape channels{shape.channels()};
  if (attributes.affine)
    result.inputs.insert(result.inputs.end(),
                         {{.type = {DType::f32, channels}, .fill = Fill::positive}, {.type = {DType::f32, channels}}});
  result.build = [=](Graph&, std::span<const Value> x) {
    return std::vector<Value>{
        normalize(x[0], attributes.affine ? x[1] : Value{}, attributes.affine ? x[2] : Value{}, attributes).output};
  };
  result.reference = [=](std::span<const Array> x) {
    return std::vector<Array>{normalize_reference(x[0], x.subspan(1), attributes)[0]};
  };
  return result;
}

// With statistics that are given: any will do.
inline OpCase normalize_apply_case(std::string name, const Shape& shape, const NormalizeAttributes& attributes) {
  const std::int64_t groups = attributes.groups;
  const Shape statistics = groups == 0 ? Shape{shape.channels()} : Shape{shape.batch(), groups};
  const Shape channels{shape.channels()};
  OpCase result{.name = "apply, " + std::move(name), .inputs = {{.type = {DType::f32, shape}}}};
  result.inputs.insert(result.inputs.end(), {{.type = {DType::f32, statistics}},
                                             {.type = {DType::f32, statistics}, .fill = Fill::positive}});
  if (attributes.affine)
    result.inputs.insert(result.inputs.end(), {{.type = {DType::f32, channels}}, {.type = {DType::f32, channels}}});
  result.build = [=](Graph&, std::span<const Value> x) {
    const bool affine = attributes.affine;
    return std::vector<Value>{
        normalize_apply(x[0], x[1], x[2], affine ? x[3] : Value{}, affine ? x[4] : Value{}, attributes)};
  };
  result.reference = [=](std::span<const Array> x) {
    const std::int64_t width = groups == 0 ? 1 : shape.channels() / groups;
    return std::vector<Array>{generate(shape, [&](const Index& at) {
      const auto s = static_cast<std::size_t>(groups == 0 ? at[1] : at[0] * groups + at[1] / width);
      const auto c = static_cast<std::size_t>(at[1]);
      double y = (x[0].data[offset_of(shape, at)] - x[1].data[s]) /
                 std::sqrt(x[2].data[s] + static_cast<double>(attributes.eps));
      if (attributes.affine) y = y * x[3].data[c] + x[4].data[c];
      return attributes.activation == NormalizeActivation::relu && y <= 0 ? 0 : y;
    })};
  };
  result.check_gradient = false;  // it has none
  return result;
}

// Groups that divide the channels; 0: over the batch.
inline std::int64_t random_groups(ShapeDraws& draws, std::int64_t channels) {
  std::int64_t groups = 0;
  do {
    groups = draws.coin() ? draws.between(0, 4) : channels;
  } while (groups != 0 && channels % groups != 0);
  return groups;
}

inline void add_random_normalize_cases(std::vector<OpCase>& cases) {
  ShapeDraws draws("normalize");
  for (int i = 0; i < draws.rounds(8); ++i) {
    Shape shape;
    NormalizeAttributes attributes;
    std::int64_t values = 0;  // of a statistic: their gradients almost cancel where they are few
    do {
      shape = draws.shape(static_cast<int>(draws.between(2, 5)));
      attributes.groups = random_groups(draws, shape.channels());
      values = shape.elements() / (attributes.groups == 0 ? shape.channels() : shape.batch() * attributes.groups);
    } while (values < 8);
    attributes.eps = draws.pick({1e-5f, 1e-2f});
    attributes.affine = draws.coin();
    attributes.activation = draws.pick({NormalizeActivation::none, NormalizeActivation::relu});
    const std::string name = draws.name(fmt::format("{}, {} groups", to_string(shape), attributes.groups));
    cases.push_back(normalize_case(name, shape, attributes));
    cases.push_back(normalize_apply_case(name, shape, attributes));
  }
}

inline std::vector<OpCase> normalize_cases() {
  constexpr auto relu = NormalizeActivation::relu;
  std::vector<OpCase> cases = {
      normalize_case("batch", {2, 8, 9, 7}, {.affine = true}),
      normalize_case("batch, relu", {2, 8, 9, 7}, {.affine = true, .activation = relu}),
      normalize_case("batch, odd channels", {3, 5, 9, 7}, {.affine = true}),
      normalize_case("batch, odd channels, relu, not affine", {3, 5, 9, 7}, {.activation = relu}),
      normalize_case("batch, one channel", {2, 1, 31, 33}, {.affine = true}),
      normalize_case("batch of vectors", {17, 12}, {.affine = true}),
      normalize_case("batch of lines", {2, 4, 129}, {.affine = true, .activation = relu}),
      normalize_case("batch of volumes", {2, 4, 3, 4, 5}, {.affine = true}),
      normalize_case("batch, two values", {2, 4, 1, 1}, {.eps = 0.5f, .affine = true}),
      normalize_case("batch, many parts", {2, 16, 65, 63}, {.affine = true}),
      normalize_case("batch, more channels than parts", {1, 516, 4, 4}, {.affine = true}),
      normalize_case("batch, wide rows", {2, 64, 9, 11}, {.affine = true, .activation = relu}),
      normalize_case("batch, wider rows", {1, 256, 19, 7}, {.affine = true}),
      normalize_case("batch, other eps", {2, 4, 5, 5}, {.eps = 1e-2f, .affine = true}),
      normalize_case("groups", {2, 8, 9, 7}, {.groups = 4, .affine = true}),
      normalize_case("groups, relu", {3, 12, 9, 7}, {.groups = 3, .affine = true, .activation = relu}),
      normalize_case("groups across vectors", {2, 12, 5, 5}, {.groups = 2, .affine = true}),
      normalize_case("groups, odd channels", {2, 9, 5, 7}, {.groups = 3, .affine = true}),
      normalize_case("groups, not affine", {2, 8, 9, 7}, {.groups = 2}),
      normalize_case("one group", {2, 8, 9, 7}, {.groups = 1, .affine = true}),
      normalize_case("groups, wide", {2, 132, 5, 3}, {.groups = 1, .affine = true}),
      normalize_case("groups, wide rows", {3, 64, 17, 13}, {.groups = 4, .affine = true, .activation = relu}),
      normalize_case("groups, many parts", {1, 8, 65, 63}, {.groups = 2, .affine = true, .activation = relu}),
      normalize_case("instance", {2, 8, 9, 7}, {.groups = 8}),
      normalize_case("instance, affine, odd channels, relu", {2, 5, 9, 7},
                     {.groups = 5, .affine = true, .activation = relu}),
      normalize_case("groups of volumes", {2, 8, 3, 4, 5}, {.groups = 4, .affine = true}),
  };
  cases.push_back(normalize_apply_case("batch", {2, 8, 9, 7}, {.affine = true, .activation = relu}));
  cases.push_back(normalize_apply_case("batch of lines, odd channels", {2, 5, 129}, {}));
  cases.push_back(normalize_apply_case("batch of volumes, a channel", {2, 1, 3, 4, 5}, {.affine = true}));
  cases.push_back(normalize_apply_case("groups across vectors", {2, 12, 5, 1}, {.groups = 2, .affine = true}));
  add_random_normalize_cases(cases);
  return cases;
}

}  // namespace tuff::test
