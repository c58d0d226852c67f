#include <doctest/doctest.h>

#include <cmath>

#include "base/error.h"
#include "cases/normalize_cases.h"

namespace tuff::test {

TEST_CASE("normalize") {
  for (const OpCase& op_case : normalize_cases()) check(op_case);
}

TEST_CASE("statistics keep their digits where the mean is large, and over many pixels") {
  for (const std::int64_t groups : {0, 2}) {
    OpCase offset = normalize_case("offset", {2, 4, 65, 63}, {.groups = groups});
    Array values({2, 4, 65, 63});
    for (std::size_t i = 0; i < values.data.size(); ++i)
      values.data[i] = static_cast<float>(1000 + 0.5 * std::sin(static_cast<double>(i)) + (i % 7 == 0 ? 0.25 : 0));
    offset.inputs[0].values = values;
    offset.build = [groups](Graph&, std::span<const Value> x) {
      const Normalized result = normalize(x[0], {}, {}, {.groups = groups});
      return std::vector<Value>{result.mean, result.variance};
    };
    offset.reference = [groups](std::span<const Array> x) {
      std::vector<Array> all = normalize_reference(x[0], {}, {.groups = groups});
      return std::vector<Array>{all[1], all[2]};
    };
    offset.tolerance = 5e-6;  // E[x^2] - E[x]^2 would be off by 0.4
    offset.check_gradient = false;
    check(offset);
  }
}

TEST_CASE("norms are one op with the right statistics") {
  Graph graph;
  const Value x = graph.input("x", {2, 8, 4, 4});
  const Value weight = graph.input("weight", {8});
  const Value bias = graph.input("bias", {8});
  const auto text = [&](Value value) { return graph.producer(value)->op->attributes(); };
  CHECK(text(group_norm(x, 4, weight, bias)) == "groups=4 eps=1e-05 affine=true activation=none");
  CHECK(text(instance_norm(x)) == "groups=8 eps=1e-05 affine=false activation=none");
  const BatchNorm norm = batch_norm(x, weight, bias, {}, {}, {.training = true});
  CHECK(text(norm.output) == "groups=0 eps=1e-05 affine=true activation=none");
  CHECK(norm.mean.shape() == Shape{8});
  CHECK_THROWS_AS(group_norm(x, 3, weight, bias), Error);
  CHECK_THROWS_AS(group_norm(x, 4, weight, {}), Error);
  CHECK_THROWS_AS(batch_norm(x, weight, bias, {}, {}), Error);
  CHECK_THROWS_AS(batch_norm(graph.input("one", {1, 8, 1, 1}), weight, bias, {}, {}, {.training = true}), Error);
  CHECK_THROWS_AS(batch_norm(x, graph.input("w4", {4}), bias, {}, {}, {.training = true}), Error);
}

}  // namespace tuff::test
