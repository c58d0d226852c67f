#include "ops/einsum.h"

#include <fmt/format.h>

#include <algorithm>
#include <cctype>

#include "base/error.h"
#include "ops/einsum_plan.h"
#include "ops/reduce.h"

namespace tuff {
namespace {

struct Equation {
  std::string a, b, result;
};

void require_distinct(const std::string& equation, const std::string& letters) {
  for (std::size_t i = 0; i < letters.size(); ++i)
    if (letters.find(letters[i], i + 1) != std::string::npos)
      throw Error(fmt::format("einsum: \"{}\" has the letter {} twice in one place; diagonals aren't supported",
                              equation, letters[i]));
}

// The letters that stand once, sorted.
std::string implied_result(const std::string& a, const std::string& b) {
  std::string result;
  for (const char letter : a + b)
    if ((a.find(letter) == std::string::npos) != (b.find(letter) == std::string::npos)) result += letter;
  std::ranges::sort(result);
  return result;
}

Equation parse(const std::string& equation) {
  std::string text;
  for (const char c : equation)
    if (c != ' ') text += c;
  const std::size_t arrow = text.find("->");
  const std::string operands = text.substr(0, arrow);
  const std::size_t comma = operands.find(',');
  const auto fail = [&] {
    throw Error(fmt::format(
        "einsum: \"{}\" isn't an equation of two operands such as \"bmk,bkn->bmn\" (letters only, no ellipsis)",
        equation));
  };
  if (comma == std::string::npos) fail();
  Equation parsed{operands.substr(0, comma), operands.substr(comma + 1), {}};
  parsed.result = arrow == std::string::npos ? implied_result(parsed.a, parsed.b) : text.substr(arrow + 2);
  for (const std::string* letters : {&parsed.a, &parsed.b, &parsed.result}) {
    if (!std::ranges::all_of(*letters, [](char c) { return std::isalpha(static_cast<unsigned char>(c)) != 0; })) fail();
    require_distinct(equation, *letters);
  }
  for (const char letter : parsed.result)
    if ((parsed.a + parsed.b).find(letter) == std::string::npos)
      throw Error(fmt::format("einsum: \"{}\" has {} in the result, but in no operand", equation, letter));
  return parsed;
}

std::int64_t extent_of(const std::string& letters, const Shape& shape, char letter) {
  const std::size_t axis = letters.find(letter);
  return axis == std::string::npos ? 1 : shape[static_cast<int>(axis)];
}

// Sums what stands in neither the other operand nor the result, and takes its letters away.
Value without_lone_axes(Value x, std::string& letters, const std::string& others) {
  std::vector<int> axes;
  std::string kept;
  for (std::size_t axis = 0; axis < letters.size(); ++axis) {
    if (others.find(letters[axis]) == std::string::npos)
      axes.push_back(static_cast<int>(axis));
    else
      kept += letters[axis];
  }
  letters = kept;
  return axes.empty() ? x : sum(x, axes);
}

}  // namespace

// ---- builder ------------------------------------------------------------------------------------

Value einsum(const std::string& equation, Value a, Value b) {
  Equation parsed = parse(equation);
  for (const auto& [letters, operand] : {std::pair{parsed.a, a}, std::pair{parsed.b, b}})
    if (static_cast<int>(letters.size()) != operand.shape().rank())
      throw Error(fmt::format("einsum: \"{}\" names {} axes of an operand that is {}", equation, letters.size(),
                              to_string(operand.type())));
  a = without_lone_axes(a, parsed.a, parsed.b + parsed.result);
  b = without_lone_axes(b, parsed.b, parsed.a + parsed.result);
  std::vector<std::int64_t> extents;
  for (const char letter : parsed.result)
    extents.push_back(std::max(extent_of(parsed.a, a.shape(), letter), extent_of(parsed.b, b.shape(), letter)));
  EinsumAttributes attributes{parsed.a, parsed.b, parsed.result, Shape(std::move(extents))};
  return a.graph().add(std::make_shared<Einsum>(std::move(attributes)), {a, b}).front();
}

// ---- shapes -------------------------------------------------------------------------------------

std::string Einsum::attributes() const {
  return fmt::format(
      "{},{}->{} shape={}{}", attributes_.a, attributes_.b, attributes_.result, to_string(attributes_.shape),
      attributes_.layout == Layout::channels_last ? ""
                                                  : fmt::format(" layout={}", static_cast<int>(attributes_.layout)));
}

std::vector<TensorType> Einsum::infer(std::span<const TensorType> inputs) const {
  const auto& [letters_a, letters_b, result, shape, layout] = attributes_;
  if (inputs.size() != 2) throw Error("einsum: takes two operands");
  const auto equation = [&] {
    return fmt::format("einsum \"{},{}->{}\" of {} and {}", letters_a, letters_b, result, to_string(inputs[0]),
                       to_string(inputs[1]));
  };
  if (inputs[0].dtype != DType::f32 || inputs[1].dtype != DType::f32)
    throw Error(fmt::format("{}: operands must be f32", equation()));
  for (const char letter : letters_a + letters_b) {
    const std::int64_t in_a = extent_of(letters_a, inputs[0].shape, letter),
                       in_b = extent_of(letters_b, inputs[1].shape, letter);
    if (in_a != in_b && in_a != 1 && in_b != 1)
      throw Error(
          fmt::format("{}: the extents {} and {} of {} differ and neither is 1", equation(), in_a, in_b, letter));
  }
  const TensorType type{DType::f32, shape, layout};
  const Contraction contraction = plan_contraction(attributes_, inputs[0], inputs[1], type);
  if (!contraction.fits)
    throw Error(fmt::format(
        "{}: too many axes that lie apart in memory; bring those that belong together side by side first", equation()));
  return {type};
}

// ---- gradient -----------------------------------------------------------------------------------

std::vector<Value> Einsum::gradient(const GradientContext& context) const {
  const auto& [letters_a, letters_b, result, shape, layout] = attributes_;
  const Value a = context.inputs[0], b = context.inputs[1], upstream = context.upstream[0];
  const TensorType type_a = a.type(), type_b = b.type();
  const auto like = [&](const std::string& other, const std::string& own, const TensorType& type, Value operand) {
    auto op = std::make_shared<Einsum>(EinsumAttributes{result, other, own, type.shape, type.layout});
    return upstream.graph().add(std::move(op), {upstream, operand}).front();
  };
  return {like(letters_b, letters_a, type_a, b), like(letters_a, letters_b, type_b, a)};
}

}  // namespace tuff
