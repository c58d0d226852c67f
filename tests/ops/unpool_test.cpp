#include <doctest/doctest.h>

#include "base/error.h"
#include "cases/unpool_cases.h"
#include "support/op_check.h"

namespace tuff::test {

TEST_CASE("max_unpool") {
  for (const OpCase& op_case : max_unpool_cases()) check(op_case);
}

TEST_CASE("max_unpool refuses a size that pooling wouldn't have come from") {
  Graph graph;
  const MaxPool pooled = max_pool(graph.input("x", {1, 4, 8, 8}));
  CHECK(max_unpool(pooled.output, pooled.indices, {}, {1, 4, 9, 8}).shape() == Shape{1, 4, 9, 8});
  CHECK_THROWS_AS(max_unpool(pooled.output, pooled.indices, {}, {1, 4, 10, 8}), Error);
  CHECK_THROWS_AS(max_unpool(pooled.output, pooled.output, {}, {1, 4, 8, 8}), Error);
}

TEST_CASE("unpool: indices over a plane and over the whole tensor") {
  for (const OpCase& op_case : reindex_cases()) check(op_case);
}

TEST_CASE("unpool: bed_of_nails") {
  for (const OpCase& op_case : bed_of_nails_cases()) check(op_case);
}

TEST_CASE("unpool: the extents that torch chooses") {
  Graph graph;
  const Value x = graph.input("x", {1, 4, 3, 5});
  const Value indices = graph.input("indices", {1, 4, 3, 5}, DType::i32);
  CHECK(max_unpool(x, indices, {.kernel = {3, 2}}).shape() == Shape{1, 4, 9, 10});
  CHECK(max_unpool(x, indices, {.kernel = {3, 2}, .padding = {1, 0}, .padding_end = {0, 1}}).shape() ==
        Shape{1, 4, 8, 9});
  CHECK_THROWS_WITH_AS(whole_tensor_indices(indices, {5}),
                       "reindex: indices are i32 1x4x3x5, must be i32 (N, C, ...) with 1 spatial axes", Error);
  CHECK_THROWS_WITH_AS(plane_indices(indices, {1 << 15, 1 << 15}),
                       "reindex: a tensor of 1x4x32768x32768 has 2^31 or more elements, more than i32 counts", Error);
  CHECK_THROWS_WITH_AS(bed_of_nails(x, {0}), "bed_of_nails: factor is 0x0, must lie between 1 and 65535", Error);
}

}  // namespace tuff::test
