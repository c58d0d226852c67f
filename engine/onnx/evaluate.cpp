#include "onnx/evaluate.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstring>
#include <map>
#include <new>

namespace tuff::onnx {
namespace {

constexpr std::int64_t kMostElements = std::int64_t{1} << 25;  // of a result

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
  if (bytes < 0 || bytes > kMostElements * static_cast<std::int64_t>(size_of(type)))
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

namespace {

struct Run {
  std::int64_t extent = 1;
  std::int64_t stride = 0;  // of the source, in elements
};

// Axes without those of extent 1; joined where a step along the outer one is all steps along the inner one.
std::vector<Run> runs_of(const std::vector<std::int64_t>& shape, const std::vector<std::int64_t>& strides) {
  std::vector<Run> runs;
  for (std::size_t axis = 0; axis < shape.size(); ++axis) {
    if (shape[axis] == 1) continue;
    if (!runs.empty() && runs.back().stride == shape[axis] * strides[axis])
      runs.back() = {runs.back().extent * shape[axis], strides[axis]};
    else
      runs.push_back({shape[axis], strides[axis]});
  }
  if (runs.empty()) runs.emplace_back();
  return runs;
}

template <std::size_t width>
void copy_run(const std::byte* from, std::byte* to, const Run& run) {
  for (std::int64_t i = 0; i < run.extent; ++i)
    std::memcpy(to + static_cast<std::size_t>(i) * width, from + i * run.stride * static_cast<std::int64_t>(width),
                width);
}

}  // namespace

Array strided_copy(const EvaluationContext& node, const Array& x, const std::vector<std::int64_t>& shape,
                   const std::vector<std::int64_t>& strides, std::int64_t start) {
  Array result = node.make(x.type, shape);
  if (result.elements() == 0) return result;
  std::vector<Run> outer = runs_of(shape, strides);
  const Run inner = outer.back();
  outer.pop_back();
  const auto width = static_cast<std::int64_t>(size_of(x.type));
  const auto copy = width == 1 ? copy_run<1> : width == 2 ? copy_run<2> : width == 4 ? copy_run<4> : copy_run<8>;
  std::vector<std::int64_t> extents;
  for (const Run& run : outer) extents.push_back(run.extent);
  IndexWalk walk(extents);
  for (std::int64_t to = 0; to < result.elements(); to += inner.extent, walk.next()) {
    std::int64_t from = start;
    for (std::size_t axis = 0; axis < outer.size(); ++axis) from += walk.index()[axis] * outer[axis].stride;
    copy(x.data.data() + from * width, result.data.data() + to * width, inner);
  }
  return result;
}

Array expand_array(const EvaluationContext& node, const Array& array, const std::vector<std::int64_t>& shape) {
  if (array.shape == shape) return array;
  std::vector<std::int64_t> strides = row_major_strides(array.shape);
  for (std::size_t axis = 0; axis < strides.size(); ++axis)
    if (array.shape[axis] == 1) strides[axis] = 0;
  strides.insert(strides.begin(), shape.size() - array.shape.size(), 0);
  return strided_copy(node, array, shape, strides, 0);
}

}  // namespace tuff::onnx
