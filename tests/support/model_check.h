// What tests of models ask of a graph.
#pragma once

#include <doctest/doctest.h>

#include <set>
#include <string>
#include <vector>

#include "autodiff/gradient.h"
#include "graph/graph.h"
#include "models/layers.h"
#include "ops/pointwise.h"
#include "ops/reduce.h"

namespace tuff::test {

inline std::set<std::string> names(const Graph& graph, const std::string& arena = "parameters") {
  std::set<std::string> result;
  for (const Variable& variable : graph.variables())
    if (variable.arena == arena) result.insert(variable.name);
  return result;
}

// "encoder.0.weight 8x1x3x3", of parameters and buffers, in their order.
inline std::vector<std::string> declared(const Graph& graph) {
  std::vector<std::string> result;
  for (const Variable& variable : graph.variables())
    result.push_back(variable.name + " " + to_string(variable.type.shape));
  return result;
}

// The sum over these outputs' squares has a gradient in every parameter that comes from nodes which read it: none is
// left out of the network, and none is behind an op without a gradient.
inline void check_gradients_reach_all(Graph& graph, const std::vector<Value>& outputs) {
  Value loss = graph.scalar(0);
  for (const Value output : outputs) loss = add(loss, sum_of_squares(output));
  std::vector<Value> parameters;
  std::vector<std::string> of;
  for (const Variable& variable : graph.variables()) {
    if (variable.arena != "parameters") continue;
    parameters.push_back(
        graph.parameter(variable.name, variable.type.shape, variable.initializer, variable.type.layout));
    of.push_back(variable.name);
  }
  const std::vector<Value> gradients = gradient(loss, parameters);
  REQUIRE(gradients.size() == parameters.size());
  for (std::size_t i = 0; i < parameters.size(); ++i) {
    CAPTURE(of[i]);
    REQUIRE(gradients[i]);
    CHECK(gradients[i].shape() == parameters[i].shape());
    const Node* producer = graph.producer(gradients[i]);
    REQUIRE(producer != nullptr);
    CHECK(producer->op->name() != "fill");  // zeros: the loss doesn't depend on it
  }
}

}  // namespace tuff::test
