// The host evaluator: operators on arrays whose numbers are known, of any element type. It folds what shapes are
// computed with (Shape, Gather, Concat, ...), and runs the types that GPUs lack (64-bit integers, double). Simple
// loops: meant for small arrays.
#pragma once

#include <span>
#include <string>
#include <vector>

#include "onnx/node_context.h"

namespace tuff::onnx {

class EvaluationContext final : public NodeContext {
 public:
  // One pointer for each input, null where an optional one is left out.
  EvaluationContext(const Model& model, const Node& node, std::vector<const Array*> arrays)
      : NodeContext(model, node), arrays_(std::move(arrays)) {}

  std::vector<std::int64_t> shape(std::size_t input) const override { return array(input).shape; }
  ElementType type(std::size_t input) const override { return array(input).type; }
  const Array* known(std::size_t input) const override { return has(input) ? arrays_[input] : nullptr; }
  const Array& array(std::size_t input) const { return constant(input); }

  // An input's single number, or Error.
  std::int64_t single_integer(std::size_t input) const;

  // Zeros; Error where that is more than results on the host may have (2^25 elements). What allocates or loops by the
  // product of extents comes after it, and after a look for no elements: of 2^45 x 0 a file needs but a few bytes.
  Array make(ElementType type, std::vector<std::int64_t> shape) const;

 private:
  std::vector<const Array*> arrays_;
};

using Arrays = std::vector<Array>;
using Evaluator = Arrays (*)(const EvaluationContext&);

struct EvaluatorRow {
  std::string_view op;  // full_name()
  Evaluator evaluate;
  bool small_floats = true;  // computes with f16 and bf16 itself; else they are widened to f32 and f32 results narrowed
};

// One table a family of operators.
std::span<const EvaluatorRow> algebra_evaluators();
std::span<const EvaluatorRow> pointwise_evaluators();
std::span<const EvaluatorRow> movement_evaluators();
std::span<const EvaluatorRow> index_evaluators();
std::span<const EvaluatorRow> reduction_evaluators();
std::span<const EvaluatorRow> constant_evaluators();

// Whether there is an evaluator of that name.
bool can_evaluate(const std::string& full_name);

// All outputs of a node; Unsupported where the operator or its types aren't here, Error where the inputs don't fit.
Arrays evaluate(const Model& model, const Node& node, std::vector<const Array*> inputs);

// Positions of elements: row-major strides, and all indices of a shape in order.
std::vector<std::int64_t> row_major_strides(const std::vector<std::int64_t>& shape);

class IndexWalk {
 public:
  explicit IndexWalk(std::vector<std::int64_t> shape) : shape_(std::move(shape)), index_(shape_.size(), 0) {}
  const std::vector<std::int64_t>& index() const { return index_; }
  void next();

 private:
  std::vector<std::int64_t> shape_, index_;
};

// Copies element `from` of one array to element `to` of another of the same type.
void copy_element(const Array& source, std::int64_t from, Array& target, std::int64_t to);

// An array of `shape` whose element (i, j, ...) is x's number start + i * strides[0] + j * strides[1] + ...
Array strided_copy(const EvaluationContext& node, const Array& x, const std::vector<std::int64_t>& shape,
                   const std::vector<std::int64_t>& strides, std::int64_t start);

Array expand_array(const EvaluationContext& node, const Array& array, const std::vector<std::int64_t>& shape);

}  // namespace tuff::onnx
