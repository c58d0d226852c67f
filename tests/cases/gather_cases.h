// Picking by indices: by element, by row and by tuple, with indices that repeat and count from the end.
#pragma once

#include <fmt/format.h>

#include "ops/gather.h"
#include "support/indexing.h"
#include "support/op_case.h"
#include "support/random_shapes.h"

namespace tuff::test {

// Indices of an axis, negative ones too.
inline Array random_indices(ShapeDraws& draws, const Shape& shape, std::int64_t extent) {
  Array indices(shape);
  for (double& index : indices.data) index = static_cast<double>(draws.between(-extent, extent - 1));
  return indices;
}

inline std::int64_t wrapped(double index, std::int64_t extent) {
  const auto at = static_cast<std::int64_t>(index);
  return at < 0 ? at + extent : at;
}

inline OpCase gather_case(const Shape& shape, int axis, const Shape& index_shape) {
  OpCase result{.name = fmt::format("gather {} from {} along {}", to_string(index_shape), to_string(shape), axis)};
  ShapeDraws draws(result.name);
  const auto a = static_cast<std::size_t>(axis);
  result.inputs = {{.type = {DType::f32, shape}},
                   {.type = {DType::i32, index_shape}, .values = random_indices(draws, index_shape, shape[axis])}};
  result.build = [=](Graph&, std::span<const Value> x) { return std::vector<Value>{gather(x[0], axis, x[1])}; };
  result.reference = [=](std::span<const Array> x) {
    return std::vector<Array>{generate(index_shape, [&](Index index) {
      index[a] = wrapped(x[1].data[offset_of(index_shape, index)], shape[axis]);
      return x[0].data[offset_of(shape, index)];
    })};
  };
  result.gradient_tolerance = 1e-5;
  result.tolerance = 0;
  return result;
}

inline OpCase take_case(const Shape& shape, int axis, const Shape& index_shape, Layout layout = Layout::channels_last) {
  OpCase result{.name = fmt::format("take {} of {} along {}", to_string(index_shape), to_string(shape), axis)};
  ShapeDraws draws(result.name);
  result.inputs = {{.type = {DType::f32, shape, layout}},
                   {.type = {DType::i32, index_shape}, .values = random_indices(draws, index_shape, shape[axis])}};
  result.build = [=](Graph&, std::span<const Value> x) { return std::vector<Value>{take(x[0], axis, x[1])}; };
  result.reference = [=](std::span<const Array> x) {
    Index extents = shape.extents();
    extents.erase(extents.begin() + axis);
    extents.insert(extents.begin() + axis, index_shape.extents().begin(), index_shape.extents().end());
    return std::vector<Array>{generate(Shape(extents), [&](Index index) {
      const auto first = index.begin() + axis, last = first + index_shape.rank();
      const double at = x[1].data[offset_of(index_shape, Index(first, last))];
      index.insert(index.erase(first, last), wrapped(at, shape[axis]));
      return x[0].data[offset_of(shape, index)];
    })};
  };
  result.tolerance = 0;
  return result;
}

// Indices for tuples: the last axis' members each within their own axis of x.
inline Array random_tuples(ShapeDraws& draws, const Shape& tuples, const Shape& shape, int batch_dims) {
  Array indices(tuples);
  const std::int64_t depth = tuples[tuples.rank() - 1];
  for (std::size_t i = 0; i < indices.data.size(); ++i) {
    const std::int64_t extent = shape[batch_dims + static_cast<int>(static_cast<std::int64_t>(i) % depth)];
    indices.data[i] = static_cast<double>(draws.between(-extent, extent - 1));
  }
  return indices;
}

// Where the tuple at `lead` (the tuples' axes but the last) leads in `shape`, with the batch's axes in front.
inline Index tuple_place(const Array& tuples, const Index& lead, const Shape& shape, int batch_dims) {
  Index place(lead.begin(), lead.begin() + batch_dims);
  Index member = lead;
  member.push_back(0);
  const std::int64_t depth = tuples.shape[tuples.shape.rank() - 1];
  for (; member.back() < depth; ++member.back())
    place.push_back(wrapped(tuples.data[offset_of(tuples.shape, member)], shape[static_cast<int>(place.size())]));
  return place;
}

inline OpCase gather_nd_case(const Shape& shape, const Shape& tuples, int batch_dims) {
  OpCase result{
      .name = fmt::format("gather_nd {} from {} with {} batch axes", to_string(tuples), to_string(shape), batch_dims)};
  ShapeDraws draws(result.name);
  result.inputs = {{.type = {DType::f32, shape}},
                   {.type = {DType::i32, tuples}, .values = random_tuples(draws, tuples, shape, batch_dims)}};
  result.build = [=](Graph&, std::span<const Value> x) {
    return std::vector<Value>{gather_nd(x[0], x[1], batch_dims)};
  };
  result.reference = [=](std::span<const Array> x) {
    const auto lead = static_cast<std::ptrdiff_t>(tuples.rank() - 1);
    Index extents(tuples.extents().begin(), tuples.extents().end() - 1);
    extents.insert(extents.end(), shape.extents().begin() + batch_dims + tuples[tuples.rank() - 1],
                   shape.extents().end());
    return std::vector<Array>{generate(Shape(extents), [&](const Index& index) {
      Index place = tuple_place(x[1], Index(index.begin(), index.begin() + lead), shape, batch_dims);
      place.insert(place.end(), index.begin() + lead, index.end());
      return x[0].data[offset_of(shape, place)];
    })};
  };
  result.tolerance = 0;
  return result;
}

inline void add_random_gather_cases(std::vector<OpCase>& cases) {
  ShapeDraws draws("gather");
  for (int i = 0; i < draws.rounds(8); ++i) {
    const Shape shape = draws.shape(static_cast<int>(draws.between(1, 5)));
    const int axis = static_cast<int>(draws.between(0, shape.rank() - 1));
    Index extents;
    for (int a = 0; a < shape.rank(); ++a)
      extents.push_back(a == axis ? draws.between(1, 9) : draws.between((shape[a] + 1) / 2, shape[a]));
    cases.push_back(
        draws.coin() ? gather_case(shape, axis, Shape(extents))
                     : take_case(shape, axis, draws.shape(static_cast<int>(draws.between(0, 3)), 12), draws.layout()));
    cases.back().name = draws.name(cases.back().name);
  }
}

inline std::vector<OpCase> gather_cases() {
  std::vector<OpCase> cases = {
      gather_case({7}, 0, {12}),
      gather_case({5, 9}, 1, {5, 3}),
      gather_case({5, 9}, 0, {70, 9}),
      gather_case({2, 4, 5, 6}, 1, {2, 3, 5, 6}),
      gather_case({2, 4, 5, 6}, 3, {2, 4, 5, 1}),
      gather_case({3, 4, 5}, 2, {2, 3, 8}),  // smaller along other axes
      gather_case({2, 3, 2, 3, 2, 4}, 4, {2, 3, 2, 3, 5, 4}),
      gather_case({1, 1, 1, 1}, 2, {1, 1, 3, 1}),
      take_case({10, 8}, 0, {40}),  // an embedding
      take_case({10, 7}, 0, {3, 30}),
      take_case({10, 4}, 0, {2, 3, 5}),
      take_case({5, 6, 7}, 1, {}),  // a scalar: the axis goes
      take_case({2, 8, 5, 6}, 1, {5}),
      take_case({2, 8, 5, 6}, 2, {2, 2}),
      take_case({6, 8, 3, 3}, 0, {4}, Layout::weight),
      take_case({3, 20}, 1, {130}),
      take_case({7, 64}, 0, {300}),  // enough for several rounds
      gather_nd_case({4, 5}, {7, 2}, 0),
      gather_nd_case({4, 5, 6}, {3, 2}, 0),
      gather_nd_case({4, 5, 6}, {2, 3, 1}, 0),
      gather_nd_case({3, 4, 5, 6}, {3, 2, 2}, 1),
      gather_nd_case({2, 3, 4, 5}, {2, 3, 2, 1}, 2),
      gather_nd_case({2, 3, 2, 3, 2, 2}, {20, 6}, 0),
  };
  add_random_gather_cases(cases);
  return cases;
}

}  // namespace tuff::test
