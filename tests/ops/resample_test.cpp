#include <doctest/doctest.h>

#include <limits>

#include "base/error.h"
#include "cases/resample_cases.h"
#include "support/op_check.h"

namespace tuff::test {

TEST_CASE("resample") {
  for (const OpCase& op_case : resample_cases()) check(op_case);
}

TEST_CASE("resample transposes a table to what reads where it was read") {
  const ResampleTable table = resample_table(4, {{{0, 1.0}, {2, 3.0}}, {}, {{1, 2.0}}});
  CHECK(table.taps == 3);
  CHECK(table.weights == std::vector<float>{1, 0, 3, 0, 0, 0, 2, 0, 0});
  CHECK(table.first == std::vector<std::int32_t>{0, 0, 1});
  const ResampleTable back = transposed(table);
  CHECK(back.in == 3);
  CHECK(back.out == 4);
  CHECK(back.taps == 1);
  CHECK(back.first == std::vector<std::int32_t>{0, 2, 0, 0});
  CHECK(back.weights == std::vector<float>{1, 2, 3, 0});
}

TEST_CASE("resample doesn't read taps without weight") {
  const std::vector<ResampleTaps> results = {{{0, 1.0}, {1, 0.0}}, {{0, 0.5}, {2, 0.5}}};
  OpCase special = resample_case("infinity beside", {DType::f32, {1, 1, 3}}, 2, results);
  Array values({1, 1, 3}, 1);
  values.data[1] = std::numeric_limits<double>::infinity();
  special.inputs[0].values = values;
  special.reference = [](std::span<const Array>) { return std::vector<Array>{Array({1, 1, 2}, 1)}; };
  special.check_gradient = false;
  check(special);
}

TEST_CASE("resample mirrors indices at both ends") {
  const std::vector<std::int64_t> expected = {0, 1, 2, 1, 0, 1, 2, 1, 0};
  for (std::int64_t i = -4; i <= 4; ++i) CHECK(mirrored_index(i, 3) == expected[static_cast<std::size_t>(i + 4)]);
  CHECK(mirrored_index(-5, 1) == 0);
  CHECK(mirrored_index(3, 2) == 1);
}

TEST_CASE("resample refuses an axis that its table doesn't fit, naming it") {
  Graph graph;
  const Value x = graph.input("x", {1, 4, 4, 5});
  CHECK_THROWS_WITH_AS(resample(x, 3, mirror_table(4)),
                       "resample: axis 3 of x (f32 1x4x4x5) has 5 elements, the table takes 4", Error);
  CHECK_THROWS_WITH_AS(resample(x, 4, mirror_table(4)), "resample: x (f32 1x4x4x5) has no axis 4", Error);
  CHECK_THROWS_AS(resample(graph.input("labels", {1, 4, 4}, DType::i32), 2, mirror_table(4)), Error);
}

}  // namespace tuff::test
