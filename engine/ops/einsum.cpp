#include "ops/einsum.h"

#include <fmt/format.h>

#include <algorithm>
#include <cctype>

#include "base/error.h"
#include "ops/einsum_plan.h"
#include "ops/expand.h"
#include "ops/permute.h"
#include "ops/reduce.h"
#include "ops/reshape.h"

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

std::string equation_of(const EinsumAttributes& attributes, const TensorType& a, const TensorType& b) {
  return fmt::format("einsum \"{},{}->{}\" of {} and {}", attributes.a, attributes.b, attributes.result, to_string(a),
                     to_string(b));
}

void require_operands(const EinsumAttributes& attributes, const TensorType& a, const TensorType& b) {
  if (a.dtype != DType::f32 || b.dtype != DType::f32)
    throw Error(fmt::format("{}: operands must be f32", equation_of(attributes, a, b)));
  for (const char letter : attributes.a + attributes.b) {
    const std::int64_t in_a = extent_of(attributes.a, a.shape, letter), in_b = extent_of(attributes.b, b.shape, letter);
    if (in_a != in_b && in_a != 1 && in_b != 1)
      throw Error(fmt::format("{}: the extents {} and {} of {} differ and neither is 1", equation_of(attributes, a, b),
                              in_a, in_b, letter));
  }
}

bool has(const std::string& letters, char letter) {
  return letters.find(letter) != std::string::npos;
}

// The letters whose extents are more than 1.
std::string long_axes(const std::string& letters, const Shape& shape) {
  std::string found;
  for (const char letter : letters)
    if (extent_of(letters, shape, letter) > 1) found += letter;
  return found;
}

Value in_order(Value x, const std::string& letters, const std::string& order) {
  std::vector<int> dims;
  for (const char letter : order) dims.push_back(static_cast<int>(letters.find(letter)));
  return permute(x, std::move(dims));
}

// x with the axes of `order` alone, in that order: other axes are summed.
Value arranged(Value x, const std::string& letters, const std::string& order) {
  std::string kept = long_axes(letters, x.shape());
  x = without_lone_axes(squeeze(x), kept, order);
  return in_order(x, kept, order);
}

// For tensors whose strides are beyond the kernels: copies in which the axes of a kind lie side by side.
Value contract_copies(const EinsumAttributes& attributes, Value a, Value b) {
  const auto& [letters_a, letters_b, result, shape, layout] = attributes;
  const std::string in_a = long_axes(letters_a, a.shape()), in_b = long_axes(letters_b, b.shape()),
                    in_result = long_axes(result, shape);
  std::string batch, rows, columns, depth;
  std::int64_t batches = 1, height = 1, width = 1, terms = 1;
  const auto take = [&](char letter, std::string& group, std::int64_t& extent) {
    group += letter;
    extent *= std::max(extent_of(letters_a, a.shape(), letter), extent_of(letters_b, b.shape(), letter));
  };
  for (const char letter : in_a) {
    if (!has(in_b, letter)) {
      if (has(in_result, letter)) take(letter, rows, height);
    } else if (has(in_result, letter)) {
      take(letter, batch, batches);
    } else {
      take(letter, depth, terms);
    }
  }
  for (const char letter : in_b)
    if (!has(in_a, letter) && has(in_result, letter)) take(letter, columns, width);

  const Value left = reshape(arranged(a, letters_a, batch + rows + depth), {batches, height, terms});
  const Value right = reshape(arranged(b, letters_b, batch + depth + columns), {batches, terms, width});
  const std::string order = batch + rows + columns;
  std::vector<std::int64_t> extents;
  for (const char letter : order) extents.push_back(extent_of(result, shape, letter));
  const Value product = reshape(einsum("bmk,bkn->bmn", left, right), std::move(extents));

  std::string reached;  // of the result's letters; along others it repeats or has the extent 1
  std::vector<int> axes;
  for (std::size_t axis = 0; axis < result.size(); ++axis) {
    if (!has(order, result[axis])) continue;
    reached += result[axis];
    axes.push_back(static_cast<int>(axis));
  }
  return expand(in_order(product, order, reached), shape, std::move(axes), layout);
}

Value contract(EinsumAttributes attributes, Value a, Value b) {
  const TensorType type{DType::f32, attributes.shape, attributes.layout};
  require_operands(attributes, a.type(), b.type());
  if (!plan_contraction(attributes, a.type(), b.type(), type).fits) return contract_copies(attributes, a, b);
  return a.graph().add(std::make_shared<Einsum>(std::move(attributes)), {a, b}).front();
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
  return contract({parsed.a, parsed.b, parsed.result, Shape(std::move(extents))}, a, b);
}

// ---- shapes -------------------------------------------------------------------------------------

std::string Einsum::attributes() const {
  return fmt::format(
      "{},{}->{} shape={}{}", attributes_.a, attributes_.b, attributes_.result, to_string(attributes_.shape),
      attributes_.layout == Layout::channels_last ? ""
                                                  : fmt::format(" layout={}", static_cast<int>(attributes_.layout)));
}

std::vector<TensorType> Einsum::infer(std::span<const TensorType> inputs) const {
  if (inputs.size() != 2) throw Error("einsum: takes two operands");
  require_operands(attributes_, inputs[0], inputs[1]);
  const TensorType type{DType::f32, attributes_.shape, attributes_.layout};
  if (!plan_contraction(attributes_, inputs[0], inputs[1], type).fits)
    throw Error(fmt::format("{}: too many axes that lie apart in memory; bring those that belong together side by side",
                            equation_of(attributes_, inputs[0], inputs[1])));
  return {type};
}

// ---- gradient -----------------------------------------------------------------------------------

std::vector<Value> Einsum::gradient(const GradientContext& context) const {
  const auto& [letters_a, letters_b, result, shape, layout] = attributes_;
  const Value a = context.inputs[0], b = context.inputs[1], upstream = context.upstream[0];
  const TensorType type_a = a.type(), type_b = b.type();
  const auto like = [&](const std::string& other, const std::string& own, const TensorType& type, Value operand) {
    return contract({result, other, own, type.shape, type.layout}, upstream, operand);
  };
  return {like(letters_b, letters_a, type_a, b), like(letters_a, letters_b, type_b, a)};
}

}  // namespace tuff
