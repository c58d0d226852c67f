// Every op by the name and attributes under which tests/golden/ops holds PyTorch's results for it.
#pragma once

#include <functional>
#include <map>
#include <nlohmann/json.hpp>
#include <string>
#include <string_view>
#include <vector>

#include "graph/graph.h"

namespace tuff::test {

// Inputs in the order of the case, by name where an op may lack some: "weight" of a loss, "bias".
struct GoldenInputs {
  std::vector<std::string> names;
  std::vector<Value> values;

  Value operator[](std::size_t index) const { return values[index]; }
  Value named(std::string_view name) const;  // empty where absent
};

using OpBuilder = std::function<std::vector<Value>(const GoldenInputs& inputs, const nlohmann::json& attributes)>;
using OpBuilders = std::map<std::string, OpBuilder, std::less<>>;

// One table a family, in a file of its own.
OpBuilders convolution_builders();
OpBuilders resampling_builders();  // pooling and resampling
OpBuilders pointwise_builders();
OpBuilders reduction_builders();  // also normalization and matrix products
OpBuilders movement_builders();
OpBuilders loss_builders();

// How an input of an op lies in memory: a convolution's weights have layouts of their own.
Layout golden_layout(std::string_view op, std::string_view input);

}  // namespace tuff::test
