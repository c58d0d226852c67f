// Writing by indices with every reduction: by element, by row and by tuple, where several updates meet.
#pragma once

#include <fmt/format.h>

#include <algorithm>

#include "cases/gather_cases.h"
#include "ops/scatter.h"

namespace tuff::test {

inline double reduced(double value, double update, ScatterReduction reduction) {
  switch (reduction) {
    case ScatterReduction::none: break;
    case ScatterReduction::add: return value + update;
    case ScatterReduction::mul: return value * update;
    case ScatterReduction::min: return std::min(value, update);
    case ScatterReduction::max: return std::max(value, update);
  }
  return update;
}

// Factors stay away from 0; of uniform values none meet, where minimum and maximum would have kinks.
inline std::vector<OpInput> scatter_inputs(const Shape& data, const Array& index, const Shape& updates,
                                           ScatterReduction reduction) {
  std::vector<OpInput> inputs = {{.type = {DType::f32, data}},
                                 {.type = {DType::i32, index.shape}, .values = index},
                                 {.type = {DType::f32, updates}}};
  if (reduction == ScatterReduction::mul) inputs[0].fill = inputs[2].fill = Fill::positive;
  return inputs;
}

inline OpCase scatter_case(const Shape& shape, int axis, const Shape& index_shape, ScatterReduction reduction,
                           std::int64_t more_updates = 0) {
  OpCase result{.name = fmt::format("scatter {} into {} along {}, {}", to_string(index_shape), to_string(shape), axis,
                                    to_string(reduction))};
  ShapeDraws draws(result.name);
  Index updates = index_shape.extents();
  for (std::int64_t& extent : updates) extent += more_updates;
  result.inputs = scatter_inputs(shape, random_indices(draws, index_shape, shape[axis]), Shape(updates), reduction);
  result.build = [=](Graph&, std::span<const Value> x) {
    return std::vector<Value>{scatter(x[0], axis, x[1], x[2], reduction)};
  };
  result.reference = [=](std::span<const Array> x) {
    Array y = x[0];
    for_each_index(index_shape, [&](const Index& index) {
      Index to = index;
      to[static_cast<std::size_t>(axis)] = wrapped(x[1].data[offset_of(index_shape, index)], shape[axis]);
      double& value = y.data[offset_of(shape, to)];
      value = reduced(value, x[2].data[offset_of(x[2].shape, index)], reduction);
    });
    return std::vector<Array>{y};
  };
  return result;
}

// index_add and index_copy.
inline OpCase index_case(const Shape& shape, int axis, std::int64_t count, ScatterReduction reduction) {
  OpCase result{.name =
                    fmt::format("{} rows into {} along {}, {}", count, to_string(shape), axis, to_string(reduction))};
  ShapeDraws draws(result.name);
  Index updates = shape.extents();
  updates[static_cast<std::size_t>(axis)] = count;
  result.inputs = scatter_inputs(shape, random_indices(draws, {count}, shape[axis]), Shape(updates), reduction);
  result.build = [=](Graph&, std::span<const Value> x) {
    return std::vector<Value>{reduction == ScatterReduction::add ? index_add(x[0], axis, x[1], x[2])
                                                                 : index_copy(x[0], axis, x[1], x[2])};
  };
  result.reference = [=](std::span<const Array> x) {
    Array y = x[0];
    for_each_index(x[2].shape, [&](const Index& index) {
      Index to = index;
      std::int64_t& at = to[static_cast<std::size_t>(axis)];
      at = wrapped(x[1].data[static_cast<std::size_t>(at)], shape[axis]);
      double& value = y.data[offset_of(shape, to)];
      value = reduced(value, x[2].data[offset_of(x[2].shape, index)], reduction);
    });
    return std::vector<Array>{y};
  };
  return result;
}

inline OpCase scatter_nd_case(const Shape& shape, const Shape& tuples, ScatterReduction reduction) {
  OpCase result{
      .name = fmt::format("scatter_nd {} into {}, {}", to_string(tuples), to_string(shape), to_string(reduction))};
  ShapeDraws draws(result.name);
  Index updates(tuples.extents().begin(), tuples.extents().end() - 1);
  updates.insert(updates.end(), shape.extents().begin() + tuples[tuples.rank() - 1], shape.extents().end());
  result.inputs = scatter_inputs(shape, random_tuples(draws, tuples, shape, 0), Shape(updates), reduction);
  result.build = [=](Graph&, std::span<const Value> x) {
    return std::vector<Value>{scatter_nd(x[0], x[1], x[2], reduction)};
  };
  result.reference = [=](std::span<const Array> x) {
    Array y = x[0];
    const auto lead = static_cast<std::ptrdiff_t>(tuples.rank() - 1);
    for_each_index(x[2].shape, [&](const Index& index) {
      Index to = tuple_place(x[1], Index(index.begin(), index.begin() + lead), shape, 0);
      to.insert(to.end(), index.begin() + lead, index.end());
      double& value = y.data[offset_of(shape, to)];
      value = reduced(value, x[2].data[offset_of(x[2].shape, index)], reduction);
    });
    return std::vector<Array>{y};
  };
  return result;
}

// Indices of an axis, of rows along it, or of whole tuples.
inline void add_random_scatter_cases(std::vector<OpCase>& cases) {
  using enum ScatterReduction;
  ShapeDraws draws("scatter");
  for (int i = 0; i < draws.rounds(6); ++i) {
    const Shape shape = draws.shape(static_cast<int>(draws.between(1, 5)), 1000);
    const int axis = static_cast<int>(draws.between(0, shape.rank() - 1));
    const ScatterReduction reduction = draws.pick({none, add, add, mul, min, max});
    Index extents;
    for (int a = 0; a < shape.rank(); ++a) extents.push_back(draws.between((shape[a] + 1) / 2, shape[a]));
    const int depth = static_cast<int>(draws.between(1, shape.rank()));
    switch (draws.between(0, 2)) {
      case 0: cases.push_back(scatter_case(shape, axis, Shape(extents), reduction)); break;
      case 1: cases.push_back(index_case(shape, axis, draws.between(1, 20), draws.pick({none, add}))); break;
      default: cases.push_back(scatter_nd_case(shape, {draws.between(1, 20), depth}, reduction)); break;
    }
    cases.back().name = draws.name(cases.back().name);
  }
}

inline std::vector<OpCase> scatter_cases() {
  using enum ScatterReduction;
  std::vector<OpCase> cases = {
      scatter_case({2, 5, 3, 4}, 1, {2, 3, 2, 4}, none, 1),  // updates left out
      scatter_case({2, 3, 2, 3, 2, 4}, 4, {2, 3, 2, 3, 5, 4}, add),
      scatter_case({6, 65}, 0, {40, 65}, add),
      index_case({2, 8, 5, 6}, 1, 3, none),
      index_case({10, 8}, 0, 40, add),  // the gradient of an embedding
      index_case({10, 8}, 0, 40, none),
      index_case({2, 10, 3}, 2, 70, none),
      index_case({2, 20, 5, 3}, 1, 17, add),
      index_case({2, 3, 9, 4}, 2, 30, add),
      index_case({30, 68}, 0, 100, add),
      scatter_nd_case({2, 3, 4, 5}, {2, 2, 3}, add),
      scatter_nd_case({6, 5, 4}, {2, 1}, none),
  };
  for (const ScatterReduction reduction : {none, add, mul, min, max}) {
    cases.push_back(scatter_case({3}, 0, {1}, reduction));
    cases.push_back(scatter_case({4, 5, 6}, 2, {3, 5, 9}, reduction));
    cases.push_back(scatter_case({3, 4, 5}, 0, {2, 3, 4}, reduction));
    cases.push_back(scatter_nd_case({4, 5}, {9, 2}, reduction));
    cases.push_back(scatter_nd_case({4, 5, 4}, {25, 1}, reduction));
  }
  add_random_scatter_cases(cases);
  return cases;
}

}  // namespace tuff::test
