// One case of an op: what goes in, how it is built, and what a reference says comes out.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "graph/graph.h"
#include "support/array.h"

namespace tuff::test {

// What an input is filled with, from the case's name as seed.
enum class Fill : std::uint8_t {
  uniform,   // [-1, 1)
  positive,  // [0.5, 2)
  distinct,  // a permutation of evenly spaced values in [-1, 1), none closer than 2 / elements: for max, pooling, kinks
  labels,    // integers 0 to label_count - 1
  whole,     // integers -4 to 4
};

struct OpInput {
  TensorType type;
  Fill fill = Fill::uniform;
  std::int64_t label_count = 2;
  bool differentiable = true;        // i32 inputs never are
  std::optional<Array> values = {};  // instead of `fill`
};

struct OpCase {
  std::string name;
  std::vector<OpInput> inputs;
  std::function<std::vector<Value>(Graph&, std::span<const Value>)> build;
  // Outputs in double precision from inputs in double precision, in the order of build()'s.
  std::function<std::vector<Array>(std::span<const Array>)> reference;
  double tolerance = 1e-5;           // largest error over largest value
  double gradient_tolerance = 1e-4;  // same, of gradients; finite differences are good to about 1e-7
  bool check_gradient = true;
  bool finite = true;  // else Winograd's kernels, which spread other values over their tiles, are not forced
  bool jumps = false;  // what f16 rounds before a jump may land beyond it: not checked with f16
};

}  // namespace tuff::test
