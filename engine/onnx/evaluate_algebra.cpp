// Linear algebra on the host: sums of products, determinants; and bits read as another type.
#include <fmt/format.h>

#include <cmath>
#include <map>
#include <type_traits>

#include "onnx/einsum_equation.h"
#include "onnx/evaluate.h"
#include "onnx/shapes.h"

namespace tuff::onnx {
namespace {

constexpr std::int64_t kMostProducts = 1'000'000'000;

// The extent of each letter; 1 broadcasts.
std::map<char, std::int64_t> extents_of(const EvaluationContext& node, const EinsumEquation& equation) {
  std::map<char, std::int64_t> extents;
  for (std::size_t i = 0; i < equation.operands.size(); ++i) {
    const Extents shape = node.shape(i);
    for (std::size_t axis = 0; axis < shape.size(); ++axis) {
      std::int64_t& extent = extents.emplace(equation.operands[i][axis], 1).first->second;
      if (extent != 1 && shape[axis] != 1 && extent != shape[axis])
        node.fail(fmt::format("\"{}\" is {} and {} long", equation.operands[i][axis], extent, shape[axis]));
      extent = std::max(extent, shape[axis]);
      if (shape[axis] == 0) node.unsupported("operands without elements");
    }
  }
  return extents;
}

// Elements between neighbours along each of `letters` in one operand; twice the same letter is a diagonal.
Extents steps_of(const Extents& shape, const std::string& operand, const std::string& letters) {
  const std::vector<std::int64_t> strides = row_major_strides(shape);
  Extents steps(letters.size(), 0);
  for (std::size_t axis = 0; axis < shape.size(); ++axis)
    if (shape[axis] != 1) steps[letters.find(operand[axis])] += strides[axis];
  return steps;
}

Arrays einsum(const EvaluationContext& node) {
  const EinsumEquation equation = einsum_equation(node);
  const std::map<char, std::int64_t> extents = extents_of(node, equation);
  std::string letters = equation.result;
  for (const auto& [letter, extent] : extents)
    if (letters.find(letter) == std::string::npos) letters += letter;
  Extents whole, shape;
  for (const char letter : letters) whole.push_back(extents.at(letter));
  for (const char letter : equation.result) shape.push_back(extents.at(letter));
  const std::int64_t products = product(whole);
  if (products < 0 || products > kMostProducts)
    node.fail(fmt::format("{} is too large to be computed on the host", shape_text(whole)));
  std::vector<Extents> steps;
  for (std::size_t i = 0; i < node.inputs(); ++i)
    steps.push_back(steps_of(node.shape(i), equation.operands[i], letters));
  Array result = node.make(node.type(0), shape);
  const std::int64_t inner = result.elements() == 0 ? 0 : products / result.elements();
  visit(result.type, [&]<class T>() {
    if constexpr (std::is_arithmetic_v<T>) {
      using Wide = std::conditional_t<std::is_floating_point_v<T>, double, std::int64_t>;
      IndexWalk walk(whole);
      for (T& element : result.as<T>()) {
        Wide sum = 0;
        for (std::int64_t k = 0; k < inner; ++k, walk.next()) {
          Wide term = 1;
          for (std::size_t i = 0; i < steps.size(); ++i) {
            std::int64_t at = 0;
            for (std::size_t axis = 0; axis < whole.size(); ++axis) at += walk.index()[axis] * steps[i][axis];
            term *= static_cast<Wide>(node.array(i).as<T>()[static_cast<std::size_t>(at)]);
          }
          sum += term;
        }
        element = static_cast<T>(sum);
      }
    }
  });
  return {std::move(result)};
}

// By elimination with the largest pivots.
double determinant(std::vector<double> a, std::size_t n) {
  double result = 1;
  for (std::size_t column = 0; column < n; ++column) {
    std::size_t pivot = column;
    for (std::size_t row = column + 1; row < n; ++row)
      if (std::abs(a[row * n + column]) > std::abs(a[pivot * n + column])) pivot = row;
    if (a[pivot * n + column] == 0) return 0;
    if (pivot != column) {
      for (std::size_t i = 0; i < n; ++i) std::swap(a[pivot * n + i], a[column * n + i]);
      result = -result;
    }
    result *= a[column * n + column];
    for (std::size_t row = column + 1; row < n; ++row) {
      const double factor = a[row * n + column] / a[column * n + column];
      for (std::size_t i = column; i < n; ++i) a[row * n + i] -= factor * a[column * n + i];
    }
  }
  return result;
}

Arrays det(const EvaluationContext& node) {
  Extents shape = node.shape(0);
  if (shape.size() < 2 || shape[shape.size() - 1] != shape[shape.size() - 2])
    node.fail(fmt::format("{} are no square matrices", shape_text(shape)));
  const auto n = static_cast<std::size_t>(shape.back());
  shape.resize(shape.size() - 2);
  const std::vector<double> values = numbers(node.array(0));
  Array result = node.make(ElementType::f64, shape);
  for (std::size_t i = 0; i < result.as<double>().size(); ++i) {
    const auto first = values.begin() + static_cast<std::ptrdiff_t>(i * n * n);
    result.as<double>()[i] = determinant({first, first + static_cast<std::ptrdiff_t>(n * n)}, n);
  }
  return {convert(result, node.type(0))};
}

Arrays bit_cast(const EvaluationContext& node) {
  const std::int64_t wanted = node.integer("to", 0);
  const std::optional<ElementType> type = element_type(wanted);
  if (!type) node.unsupported_type(wanted);
  Array result = node.array(0);
  if (size_of(*type) != size_of(result.type))
    node.fail(fmt::format("{} and {} are of different sizes", to_string(result.type), to_string(*type)));
  result.type = *type;
  if (*type == ElementType::boolean)
    for (std::byte& value : result.data) value = std::byte{value != std::byte{0}};
  return {std::move(result)};
}

}  // namespace

std::span<const EvaluatorRow> algebra_evaluators() {
  static constexpr EvaluatorRow kRows[] = {
      {"BitCast", bit_cast},
      {"Det", det},
      {"Einsum", einsum, false},
  };
  return kRows;
}

}  // namespace tuff::onnx
