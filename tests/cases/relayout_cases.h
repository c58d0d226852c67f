// Relayout: the logical values stay, whatever the memory orders, ranks and odd sizes.
#pragma once

#include "ops/relayout.h"
#include "support/op_case.h"
#include "support/random_shapes.h"

namespace tuff::test {

inline OpCase relayout_case(const Shape& shape, Layout from, Layout to) {
  OpCase op_case;
  op_case.name = "relayout " + to_string(shape) + " from " + std::to_string(static_cast<int>(from)) + " to " +
                 std::to_string(static_cast<int>(to));
  op_case.inputs = {{{DType::f32, shape, from}, Fill::distinct}};
  op_case.build = [=](Graph&, std::span<const Value> x) { return std::vector<Value>{relayout(x[0], to)}; };
  op_case.reference = [](std::span<const Array> x) { return std::vector<Array>{x[0]}; };
  op_case.tolerance = 0;
  return op_case;
}

inline void add_random_relayout_cases(std::vector<OpCase>& cases) {
  ShapeDraws draws("relayout");
  for (int i = 0; i < draws.rounds(6); ++i) {
    const Shape shape = draws.image();
    const Layout other = draws.pick({Layout::weight, Layout::transposed_weight});
    const bool there = draws.coin();
    cases.push_back(there ? relayout_case(shape, Layout::channels_last, other)
                          : relayout_case(shape, other, Layout::channels_last));
    cases.back().name = draws.name(cases.back().name);
  }
}

inline std::vector<OpCase> relayout_cases() {
  constexpr Layout kLayouts[] = {Layout::channels_last, Layout::weight, Layout::transposed_weight};
  std::vector<OpCase> cases;
  for (const Shape& shape :
       {Shape{3, 5, 7}, Shape{4, 3, 2, 5}, Shape{1, 6, 3, 3}, Shape{16, 8, 2, 2}, Shape{2, 3, 2, 3, 4}}) {
    for (const Layout from : kLayouts) {
      for (const Layout to : kLayouts) {
        if (from != to) cases.push_back(relayout_case(shape, from, to));
      }
    }
  }
  add_random_relayout_cases(cases);
  return cases;
}

}  // namespace tuff::test
