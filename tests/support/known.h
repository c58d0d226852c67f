// What functions of one tensor give at some places, as known_values.h checks it.
#pragma once

#include <functional>
#include <limits>
#include <string>
#include <vector>

#include "graph/graph.h"

namespace tuff::test {

constexpr double kInf = std::numeric_limits<double>::infinity();
constexpr double kNaN = std::numeric_limits<double>::quiet_NaN();

struct Known {
  std::string name;
  std::vector<double> values;
  std::vector<double> gradients;
};

using Unary = std::function<Value(Value)>;

}  // namespace tuff::test
