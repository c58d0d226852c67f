// ONNX's Einsum equations: spaces dropped, ellipses as letters of their own, a result where none is given.
#pragma once

#include <string>
#include <vector>

#include "onnx/node_context.h"

namespace tuff::onnx {

struct EinsumEquation {
  std::vector<std::string> operands;  // a letter for each axis
  std::string result;
  std::string str() const;  // "ab,bc->ac"
};

// Error where the equation and the node's inputs don't fit.
EinsumEquation einsum_equation(const NodeContext& node);

}  // namespace tuff::onnx
