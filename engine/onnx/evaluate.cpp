#include "onnx/evaluate.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstring>
#include <map>
#include <new>

namespace tuff::onnx {
namespace {

constexpr std::int64_t kLargestResult = std::int64_t{256} << 20;  // bytes

const EvaluatorRow* find_evaluator(const std::string& name) {
  for (const auto& table : {pointwise_evaluators(), movement_evaluators(), index_evaluators(), reduction_evaluators(),
                            algebra_evaluators(), constant_evaluators()}) {
    const auto row = std::ranges::find(table, name, &EvaluatorRow::op);
    if (row != table.end()) return &*row;
  }
  return nullptr;
}

bool is_small_float(ElementType type) {
  return type == ElementType::f16 || type == ElementType::bf16;
}

}  // namespace

Array EvaluationContext::make(ElementType type, std::vector<std::int64_t> shape) const {
  const std::int64_t bytes = checked_bytes(shape, static_cast<std::int64_t>(size_of(type)));
  if (bytes < 0 || bytes > kLargestResult)
    fail(fmt::format("a result of shape {} is too large to be computed on the host", shape_text(shape)));
  return Array(type, std::move(shape));
}

std::int64_t EvaluationContext::single_integer(std::size_t input) const {
  if (array(input).elements() != 1) fail(fmt::format("input {} isn't one number", input));
  return tuff::integers(array(input)).front();
}

bool can_evaluate(const std::string& full_name) {
  return find_evaluator(full_name) != nullptr;
}

namespace {

Arrays evaluate_by(const EvaluatorRow* row, const Model& model, const Node& node, std::vector<const Array*> inputs) {
  if (row->small_floats) return row->evaluate(EvaluationContext(model, node, std::move(inputs)));
  std::vector<Array> wide;
  wide.reserve(inputs.size());
  std::optional<ElementType> narrow;
  for (const Array*& input : inputs) {
    if (input == nullptr || !is_small_float(input->type)) continue;
    narrow = input->type;
    wide.push_back(convert(*input, ElementType::f32));
    input = &wide.back();
  }
  Arrays results = row->evaluate(EvaluationContext(model, node, std::move(inputs)));
  if (narrow)
    for (Array& result : results)
      if (result.type == ElementType::f32) result = convert(result, *narrow);
  return results;
}

}  // namespace

Arrays evaluate(const Model& model, const Node& node, std::vector<const Array*> inputs) {
  const EvaluationContext context(model, node, inputs);
  const EvaluatorRow* row = find_evaluator(full_name(node));
  if (row == nullptr) context.unsupported("the host has no such operator");
  try {
    return evaluate_by(row, model, node, std::move(inputs));
  } catch (const std::bad_alloc&) {
    context.fail("there isn't enough memory for it on the host");
  }
}

std::vector<std::int64_t> row_major_strides(const std::vector<std::int64_t>& shape) {
  std::vector<std::int64_t> strides(shape.size(), 1);
  for (std::size_t axis = shape.size(); axis-- > 1;) strides[axis - 1] = strides[axis] * shape[axis];
  return strides;
}

void IndexWalk::next() {
  for (std::size_t axis = shape_.size(); axis-- > 0;) {
    if (++index_[axis] < shape_[axis]) return;
    index_[axis] = 0;
  }
}

void copy_element(const Array& source, std::int64_t from, Array& target, std::int64_t to) {
  const std::size_t width = size_of(source.type);
  std::memcpy(target.data.data() + static_cast<std::size_t>(to) * width,
              source.data.data() + static_cast<std::size_t>(from) * width, width);
}

Array expand_array(const EvaluationContext& node, const Array& array, const std::vector<std::int64_t>& shape) {
  if (array.shape == shape) return array;
  Array result = node.make(array.type, shape);
  const std::size_t missing = shape.size() - array.shape.size();
  std::vector<std::int64_t> strides = row_major_strides(array.shape);
  for (std::size_t axis = 0; axis < strides.size(); ++axis)
    if (array.shape[axis] == 1) strides[axis] = 0;
  IndexWalk walk(shape);
  for (std::int64_t i = 0; i < result.elements(); ++i, walk.next()) {
    std::int64_t from = 0;
    for (std::size_t axis = 0; axis < strides.size(); ++axis) from += strides[axis] * walk.index()[axis + missing];
    copy_element(array, from, result, i);
  }
  return result;
}

}  // namespace tuff::onnx
