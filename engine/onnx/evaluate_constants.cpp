// Operators that make arrays out of attributes and shapes.
#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <type_traits>

#include "onnx/evaluate.h"
#include "onnx/shapes.h"

namespace tuff::onnx {
namespace {

Array number_array(std::vector<std::int64_t> shape, std::span<const float> values) {
  Array array(ElementType::f32, std::move(shape));
  std::ranges::copy(values, array.as<float>().begin());
  return array;
}

const Array& array_of_tensor(const EvaluationContext& node, const NamedTensor& tensor) {
  if (!tensor.array) node.unsupported_type(tensor.data_type);
  return *tensor.array;
}

Arrays constant(const EvaluationContext& node) {
  if (const NamedTensor* tensor = node.tensor("value")) return {array_of_tensor(node, *tensor)};
  if (node.has_attribute("value_float")) return {number_array({}, std::vector{node.number("value_float", 0)})};
  if (node.has_attribute("value_int")) return {array_of({}, std::vector{node.integer("value_int", 0)})};
  if (node.has_attribute("value_floats")) {
    const std::vector<float> values = node.numbers("value_floats");
    return {number_array({std::ssize(values)}, values)};
  }
  if (node.has_attribute("value_ints")) {
    const std::vector<std::int64_t> values = node.integers("value_ints");
    return {array_of({std::ssize(values)}, values)};
  }
  node.unsupported("a constant that is no tensor of numbers");
}

Arrays shape_of(const EvaluationContext& node) {
  const Extents shape = node.shape(0);
  const auto rank = static_cast<std::int64_t>(shape.size());
  const auto bound = [&](const char* name, std::int64_t otherwise) {
    const std::int64_t at = node.integer(name, otherwise);
    return std::clamp<std::int64_t>(at < 0 ? at + rank : at, 0, rank);
  };
  const std::int64_t start = bound("start", 0), end = std::max(start, bound("end", rank));
  return {array_of({end - start},
                   std::span(shape).subspan(static_cast<std::size_t>(start), static_cast<std::size_t>(end - start)))};
}

Arrays size_of_input(const EvaluationContext& node) {
  return {array_of({}, std::vector{product(node.shape(0))})};
}

Arrays constant_of_shape(const EvaluationContext& node) {
  Array value(ElementType::f32, {});
  if (const NamedTensor* tensor = node.tensor("value")) value = array_of_tensor(node, *tensor);
  if (value.elements() != 1) node.fail("its value isn't one number");
  Array result = node.make(value.type, integers(node.array(0)));
  for (std::int64_t i = 0; i < result.elements(); ++i) copy_element(value, 0, result, i);
  return {std::move(result)};
}

Arrays range(const EvaluationContext& node) {
  for (std::size_t i = 0; i < 3; ++i)
    if (node.array(i).elements() != 1 || node.type(i) != node.type(0))
      node.fail("its inputs aren't three numbers of one type");
  const double start = number_at(node.array(0), 0), limit = number_at(node.array(1), 0),
               delta = number_at(node.array(2), 0);
  const double count = std::ceil((limit - start) / delta);
  if (!(std::abs(count) < 1e15)) node.fail("its range is impossible");
  Array result = node.make(node.type(0), {std::max<std::int64_t>(0, static_cast<std::int64_t>(count))});
  visit(result.type, [&]<class T>() {
    if constexpr (std::is_arithmetic_v<T>) {
      // Integers wrap, in 64 bits without a sign.
      using Wide = std::conditional_t<std::is_floating_point_v<T>, T, std::uint64_t>;
      const auto first = static_cast<Wide>(node.array(0).as<T>()[0]),
                 step = static_cast<Wide>(node.array(2).as<T>()[0]);
      Wide index = 0;
      for (T& value : result.as<T>()) value = static_cast<T>(first + index++ * step);
    }
  });
  return {std::move(result)};
}

Arrays eye_like(const EvaluationContext& node) {
  const Extents shape = node.shape(0);
  if (shape.size() != 2) node.fail("its input is no matrix");
  const std::int64_t wanted = node.integer("dtype", data_type(node.type(0)));
  const std::optional<ElementType> type = element_type(wanted);
  if (!type) node.unsupported_type(wanted);
  Array result = node.make(*type, shape);
  const Array one = convert(array_of({}, std::vector<std::int64_t>{1}), *type);
  if (result.elements() == 0) return {std::move(result)};
  const std::int64_t k = std::clamp(node.integer("k", 0), -shape[0], shape[1]);
  for (std::int64_t row = 0; row < shape[0]; ++row)
    if (row + k >= 0 && row + k < shape[1]) copy_element(one, 0, result, row * shape[1] + row + k);
  return {std::move(result)};
}

// BlackmanWindow, HammingWindow, HannWindow: a0 - a1 cos(2 pi i / n) + a2 cos(4 pi i / n).
Arrays window(const EvaluationContext& node, double a0, double a1, double a2) {
  const std::int64_t wanted = node.integer("output_datatype", 1);
  const std::optional<ElementType> type = element_type(wanted);
  if (!type) node.unsupported_type(wanted);
  const std::vector<std::int64_t> size = integers(node.array(0));
  if (size.size() != 1) node.fail("its size isn't one number");
  Array result = node.make(ElementType::f64, {size[0]});
  const double period =
      static_cast<double>(node.integer("periodic", 1) != 0 ? size[0] : std::max<std::int64_t>(size[0] - 1, 1));
  double at = 0;
  for (double& value : result.as<double>()) {
    const double angle = 2 * M_PI * at++ / period;
    value = a0 - a1 * std::cos(angle) + a2 * std::cos(2 * angle);
  }
  return {convert(result, *type)};
}

Arrays blackman_window(const EvaluationContext& node) {
  return window(node, 0.42, 0.5, 0.08);
}
Arrays hamming_window(const EvaluationContext& node) {
  return window(node, 25.0 / 46, 21.0 / 46, 0);
}
Arrays hann_window(const EvaluationContext& node) {
  return window(node, 0.5, 0.5, 0);
}

}  // namespace

std::span<const EvaluatorRow> constant_evaluators() {
  static constexpr EvaluatorRow kRows[] = {
      {"BlackmanWindow", blackman_window},
      {"Constant", constant},
      {"ConstantOfShape", constant_of_shape},
      {"EyeLike", eye_like},
      {"HammingWindow", hamming_window},
      {"HannWindow", hann_window},
      {"Range", range, false},
      {"Shape", shape_of},
      {"Size", size_of_input},
  };
  return kRows;
}

}  // namespace tuff::onnx
