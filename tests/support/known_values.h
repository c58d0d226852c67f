// Functions of one tensor at given places against known results and gradients: special values and kinks, which finite
// differences can't judge.
#pragma once

#include <doctest/doctest.h>

#include <cmath>
#include <functional>
#include <limits>
#include <map>
#include <string>
#include <vector>

#include "autodiff/gradient.h"
#include "ops/reduce.h"
#include "runtime/compile.h"
#include "support/array.h"
#include "support/known.h"
#include "support/test_device.h"

namespace tuff::test {

struct ValueAndGradient {
  std::vector<double> values;
  std::vector<double> gradients;
};

// A function of one vector and the gradient of its sum.
inline ValueAndGradient value_and_gradient(const Unary& function, const std::vector<double>& at) {
  Graph graph;
  Array input(Shape{static_cast<std::int64_t>(at.size())});
  input.data = at;
  const Value x = graph.input("x", input.shape);
  const Value y = function(x);
  graph.output("y", y);
  graph.output("dx", gradient(sum(y), {&x, 1}).front());
  const auto executable = compile(graph, test_device(), nullptr);
  executable->write("x", to_tensor(input, DType::f32));
  executable->run();
  return {to_array(executable->read("y")).data, to_array(executable->read("dx")).data};
}

inline bool agrees(double got, double want, double tolerance) {
  if (std::isnan(want)) return std::isnan(got);
  if (std::fabs(want) > std::numeric_limits<float>::max()) return got == std::copysign(kInf, want);
  return std::fabs(got - want) <= tolerance * std::max(std::fabs(want), 0.1);
}

// Every row of `known` by the function of its name, at `at`. NaN must give NaN.
inline void check_known(const std::vector<Known>& known, const std::map<std::string, Unary>& functions,
                        std::vector<double> at) {
  at.push_back(kNaN);
  CHECK(known.size() == functions.size());
  for (const Known& row : known) {
    INFO(row.name);
    const auto found = functions.find(row.name);
    REQUIRE(found != functions.end());
    const ValueAndGradient got = value_and_gradient(found->second, at);
    REQUIRE(row.values.size() + 1 == at.size());
    for (std::size_t i = 0; i + 1 < at.size(); ++i) {
      INFO("at ", at[i], ": ", got.values[i], " instead of ", row.values[i], ", gradient ", got.gradients[i],
           " instead of ", row.gradients[i]);
      CHECK(agrees(got.values[i], row.values[i], 2e-6));
      CHECK(agrees(got.gradients[i], row.gradients[i], 2e-5));
    }
    if (row.name != "pow_0") CHECK(std::isnan(got.values.back()));
  }
}

// Largest error of single elements, relative to each, at 4001 places.
inline double element_error(const Unary& function, double (*reference)(double), double low, double high) {
  std::vector<double> at;
  for (int i = 0; i < 4001; ++i) at.push_back(static_cast<float>(low + (high - low) * i / 4000));
  const std::vector<double> result = value_and_gradient(function, at).values;
  double worst = 0;
  for (std::size_t i = 0; i < at.size(); ++i) {
    const double expected = reference(at[i]);
    const double error = std::fabs(result[i] - expected) / std::max(std::fabs(expected), 1e-37);
    if (!(error <= worst)) worst = std::isnan(error) ? kInf : error;
  }
  return worst;
}

}  // namespace tuff::test
