// Elementwise operators on the host: integers in their own type (sums and products wrap), floats in double.
#include <algorithm>
#include <cmath>
#include <limits>
#include <type_traits>

#include "onnx/evaluate.h"
#include "onnx/shapes.h"

namespace tuff::onnx {
namespace {

// ---- one operand

using RealFunction = double (*)(double);

double relu(double x) {
  return x <= 0 ? 0 : x;
}
double sign(double x) {
  return x > 0 ? 1 : x < 0 ? -1 : 0;
}
double reciprocal(double x) {
  return 1 / x;
}
double negate(double x) {
  return -x;
}
double sigmoid(double x) {
  return 1 / (1 + std::exp(-x));
}
double softplus(double x) {
  return std::max(x, 0.0) + std::log1p(std::exp(-std::abs(x)));
}
double softsign(double x) {
  return x / (1 + std::abs(x));
}

template <RealFunction function>
Arrays real_unary(const EvaluationContext& node) {
  const Array& x = node.array(0);
  if (!is_floating(x.type)) node.unsupported("integers");
  Array wide = convert(x, ElementType::f64);
  for (double& value : wide.as<double>()) value = function(value);
  return {convert(wide, x.type)};
}

// Functions that integers have too.
template <RealFunction function, class IntegerFunction>
Arrays any_unary(const EvaluationContext& node, IntegerFunction integer) {
  Array x = node.array(0);
  if (is_floating(x.type)) return real_unary<function>(node);
  visit(x.type, [&]<class T>() {
    if constexpr (std::is_integral_v<T>)
      for (T& value : x.as<T>()) value = static_cast<T>(integer(value));
  });
  return {std::move(x)};
}

template <class T>
T wrapped_negative(T x) {
  return static_cast<T>(0 - static_cast<std::uint64_t>(x));
}

Arrays abs(const EvaluationContext& node) {
  return any_unary<std::abs>(node, [](auto x) { return x < 0 ? wrapped_negative(x) : x; });
}
Arrays neg(const EvaluationContext& node) {
  return any_unary<negate>(node, [](auto x) { return wrapped_negative(x); });
}
Arrays sign(const EvaluationContext& node) {
  return any_unary<sign>(node, [](auto x) { return (x > 0) - (x < 0); });
}
Arrays relu(const EvaluationContext& node) {
  return any_unary<relu>(node, [](auto x) { return x < 0 ? decltype(x){0} : x; });
}
Arrays bitwise_not(const EvaluationContext& node) {
  return any_unary<negate>(node, [](auto x) { return ~x; });
}

Arrays logical_not(const EvaluationContext& node) {
  node.require_booleans(0);
  Array x = node.array(0);
  for (std::uint8_t& value : x.as<std::uint8_t>()) value = value == 0;
  return {std::move(x)};
}

Arrays is_nan(const EvaluationContext& node) {
  const std::vector<double> x = numbers(node.array(0));
  Array result = node.make(ElementType::boolean, node.shape(0));
  std::ranges::transform(x, result.as<std::uint8_t>().begin(),
                         [](double value) { return std::uint8_t{std::isnan(value)}; });
  return {std::move(result)};
}

Arrays is_inf(const EvaluationContext& node) {
  const bool positive = node.integer("detect_positive", 1) != 0, negative = node.integer("detect_negative", 1) != 0;
  const std::vector<double> x = numbers(node.array(0));
  Array result = node.make(ElementType::boolean, node.shape(0));
  std::ranges::transform(x, result.as<std::uint8_t>().begin(), [&](double value) {
    return std::uint8_t{std::isinf(value) && (value > 0 ? positive : negative)};
  });
  return {std::move(result)};
}

// ---- two operands

enum class Binary : std::uint8_t {
  add,
  sub,
  mul,
  div,
  max,
  min,
  pow,
  mod,
  fmod,
  bit_and,
  bit_or,
  bit_xor,
  shift_left,
  shift_right
};

template <class T>
T real_binary(Binary op, T a, T b) {
  switch (op) {
    case Binary::add: return a + b;
    case Binary::sub: return a - b;
    case Binary::mul: return a * b;
    case Binary::div: return a / b;
    case Binary::max: return std::isnan(a) || a > b ? a : b;
    case Binary::min: return std::isnan(a) || a < b ? a : b;
    case Binary::pow: return std::pow(a, b);
    case Binary::fmod: return std::fmod(a, b);
    default: {
      const T rest = std::fmod(a, b);
      return rest != 0 && (rest < 0) != (b < 0) ? rest + b : rest;
    }
  }
}

template <class T>
T integer_pow(T base, std::uint64_t exponent) {
  std::uint64_t result = 1, square = static_cast<std::uint64_t>(base);
  for (; exponent != 0; exponent >>= 1, square *= square)
    if ((exponent & 1) != 0) result *= square;
  return static_cast<T>(result);
}

// The quotient's integer part, and the rest with the sign of a; b isn't 0.
template <class T>
T divide(T a, T b) {
  if constexpr (std::is_signed_v<T>)
    if (b == -1) return wrapped_negative(a);  // the smallest number has no opposite
  return static_cast<T>(a / b);
}

template <class T>
T rest_of(T a, T b, bool sign_of_divisor) {
  if constexpr (std::is_signed_v<T>) {
    if (b == -1) return 0;
    const T rest = static_cast<T>(a % b);
    return sign_of_divisor && rest != 0 && (rest < 0) != (b < 0) ? static_cast<T>(rest + b) : rest;
  } else {
    return static_cast<T>(a % b);
  }
}

template <class T>
T integer_binary(const EvaluationContext& node, Binary op, T a, T b) {
  const auto x = static_cast<std::uint64_t>(a), y = static_cast<std::uint64_t>(b);
  switch (op) {
    case Binary::add: return static_cast<T>(x + y);
    case Binary::sub: return static_cast<T>(x - y);
    case Binary::mul: return static_cast<T>(x * y);
    case Binary::max: return std::max(a, b);
    case Binary::min: return std::min(a, b);
    case Binary::bit_and: return static_cast<T>(x & y);
    case Binary::bit_or: return static_cast<T>(x | y);
    case Binary::bit_xor: return static_cast<T>(x ^ y);
    case Binary::shift_left: return static_cast<T>(y >= sizeof(T) * 8 ? 0 : x << y);
    case Binary::shift_right:  // arithmetic; a negative shift is a huge one
      if (y >= sizeof(T) * 8) return static_cast<T>(std::is_signed_v<T> && a < T{0} ? -1 : 0);
      return static_cast<T>(a >> y);
    case Binary::pow:
      if (b >= 0) return integer_pow(a, y);
      if constexpr (std::is_signed_v<T>)
        if (a == -1) return b % 2 == 0 ? T{1} : T{-1};
      return static_cast<T>(a == 1);
    default:
      if (b == 0) node.fail("division by zero");
      return op == Binary::div ? divide(a, b) : rest_of(a, b, op == Binary::mod);
  }
}

Array binary(const EvaluationContext& node, Binary op, const Array& left, const Array& right) {
  const Extents shape = broadcast_shapes(node, left.shape, right.shape);
  Array a = expand_array(node, left, shape);
  const Array b = expand_array(node, right.type == left.type ? right : convert(right, left.type), shape);
  visit(a.type, [&]<class T>() {
    const std::span<const T> other = b.as<T>();
    std::size_t i = 0;
    for (T& value : a.as<T>()) {
      if constexpr (std::is_floating_point_v<T>)
        value = real_binary(op, value, other[i++]);
      else if constexpr (std::is_integral_v<T>)
        value = integer_binary(node, op, value, other[i++]);
    }
  });
  return a;
}

// Of two operands that are of one type, as all but Pow's.
template <Binary op>
Arrays binary(const EvaluationContext& node) {
  node.require_same_type(0, 1);
  return {binary(node, op, node.array(0), node.array(1))};
}

// An integer base may have a fractional exponent; the result is of the base's type.
Arrays pow(const EvaluationContext& node) {
  const Array &base = node.array(0), &exponent = node.array(1);
  if (!is_floating(exponent.type) || is_floating(base.type)) return {binary(node, Binary::pow, base, exponent)};
  return {convert(binary(node, Binary::pow, convert(base, ElementType::f64), exponent), base.type)};
}

Arrays mod(const EvaluationContext& node) {
  return node.integer("fmod", 0) != 0 ? binary<Binary::fmod>(node) : binary<Binary::mod>(node);
}

Arrays bit_shift(const EvaluationContext& node) {
  return node.choice("direction", "", {"LEFT", "RIGHT"}) == "LEFT" ? binary<Binary::shift_left>(node)
                                                                   : binary<Binary::shift_right>(node);
}

template <Binary op>
Array fold(const EvaluationContext& node) {
  Array result = node.array(0);
  for (std::size_t i = 1; i < node.inputs(); ++i) {
    node.require_same_type(0, i);
    result = binary(node, op, result, node.array(i));
  }
  return result;
}

template <Binary op>
Arrays variadic(const EvaluationContext& node) {
  return {fold<op>(node)};
}

Arrays mean(const EvaluationContext& node) {
  Array count(node.type(0), {});
  count = convert(array_of({}, std::vector{static_cast<std::int64_t>(node.inputs())}), node.type(0));
  return {binary(node, Binary::div, fold<Binary::add>(node), count)};
}

// ---- comparisons and logic: results are bool

enum class Comparison : std::uint8_t {
  equal,
  greater,
  greater_equal,
  less,
  less_equal,
  logical_and,
  logical_or,
  logical_xor
};

template <class T>
bool compare(Comparison op, T a, T b) {
  switch (op) {
    case Comparison::equal: return a == b;
    case Comparison::greater: return a > b;
    case Comparison::greater_equal: return a >= b;
    case Comparison::less: return a < b;
    case Comparison::less_equal: return a <= b;
    case Comparison::logical_and: return a != 0 && b != 0;
    case Comparison::logical_or: return a != 0 || b != 0;
    case Comparison::logical_xor: break;
  }
  return (a != 0) != (b != 0);
}

template <Comparison op>
Arrays comparison(const EvaluationContext& node) {
  const Array &left = node.array(0), &right = node.array(1);
  if (left.type != right.type) node.fail("its operands have different types");
  const Extents shape = broadcast_shapes(node, left.shape, right.shape);
  const Array a = expand_array(node, left, shape), b = expand_array(node, right, shape);
  Array result = node.make(ElementType::boolean, shape);
  visit(a.type, [&]<class T>() {
    if constexpr (std::is_arithmetic_v<T>)
      std::ranges::transform(a.as<T>(), b.as<T>(), result.as<std::uint8_t>().begin(),
                             [](T x, T y) { return std::uint8_t{compare(op, x, y)}; });
  });
  return {std::move(result)};
}

Arrays where(const EvaluationContext& node) {
  node.require_booleans(0);
  const Extents pair = broadcast_shapes(node, node.shape(1), node.shape(2));
  const Extents shape = broadcast_shapes(node, node.shape(0), pair);
  const Array condition = expand_array(node, node.array(0), shape);
  Array result = expand_array(node, node.array(1), shape);
  const Array other = expand_array(node, node.array(2), shape);
  if (other.type != result.type) node.fail("its operands have different types");
  for (std::int64_t i = 0; i < result.elements(); ++i)
    if (condition.data[static_cast<std::size_t>(i)] == std::byte{0}) copy_element(other, i, result, i);
  return {std::move(result)};
}

// ---- the rest

Arrays clip(const EvaluationContext& node) {
  Array result = node.array(0);
  const auto bound = [&](std::size_t input, const char* attribute) -> std::optional<Array> {
    if (node.has(input)) return node.array(input);
    if (!node.has_attribute(attribute)) return std::nullopt;
    Array value(ElementType::f32, {});
    value.as<float>()[0] = node.number(attribute, 0);
    return convert(value, result.type);
  };
  if (const auto low = bound(1, "min")) result = binary(node, Binary::max, result, *low);
  if (const auto high = bound(2, "max")) result = binary(node, Binary::min, result, *high);
  return {std::move(result)};
}

Arrays cast(const EvaluationContext& node) {
  const std::int64_t to = node.integer("to", 0);
  const std::optional<ElementType> type = element_type(to);
  if (!type) node.unsupported_type(to);
  return {convert(node.array(0), *type)};
}

Arrays cast_like(const EvaluationContext& node) {
  return {convert(node.array(0), node.type(1))};
}

}  // namespace

std::span<const EvaluatorRow> pointwise_evaluators() {
  static constexpr EvaluatorRow kRows[] = {
      {"Abs", abs},
      {"Acos", real_unary<std::acos>},
      {"Acosh", real_unary<std::acosh>},
      {"Add", binary<Binary::add>, false},
      {"And", comparison<Comparison::logical_and>},
      {"Asin", real_unary<std::asin>},
      {"Asinh", real_unary<std::asinh>},
      {"Atan", real_unary<std::atan>},
      {"Atanh", real_unary<std::atanh>},
      {"BitShift", bit_shift},
      {"BitwiseAnd", binary<Binary::bit_and>},
      {"BitwiseNot", bitwise_not},
      {"BitwiseOr", binary<Binary::bit_or>},
      {"BitwiseXor", binary<Binary::bit_xor>},
      {"Cast", cast},
      {"CastLike", cast_like},
      {"Ceil", real_unary<std::ceil>},
      {"Clip", clip, false},
      {"Cos", real_unary<std::cos>},
      {"Cosh", real_unary<std::cosh>},
      {"Div", binary<Binary::div>, false},
      {"Equal", comparison<Comparison::equal>, false},
      {"Erf", real_unary<std::erf>},
      {"Exp", real_unary<std::exp>},
      {"Floor", real_unary<std::floor>},
      {"Greater", comparison<Comparison::greater>, false},
      {"GreaterOrEqual", comparison<Comparison::greater_equal>, false},
      {"IsInf", is_inf},
      {"IsNaN", is_nan},
      {"Less", comparison<Comparison::less>, false},
      {"LessOrEqual", comparison<Comparison::less_equal>, false},
      {"Log", real_unary<std::log>},
      {"Max", variadic<Binary::max>, false},
      {"Mean", mean, false},
      {"Min", variadic<Binary::min>, false},
      {"Mod", mod, false},
      {"Mul", binary<Binary::mul>, false},
      {"Neg", neg},
      {"Not", logical_not},
      {"Or", comparison<Comparison::logical_or>},
      {"Pow", pow, false},
      {"Reciprocal", real_unary<reciprocal>},
      {"Relu", relu},
      {"Round", real_unary<std::nearbyint>},
      {"Sigmoid", real_unary<sigmoid>},
      {"Sign", sign},
      {"Sin", real_unary<std::sin>},
      {"Sinh", real_unary<std::sinh>},
      {"Softplus", real_unary<softplus>},
      {"Softsign", real_unary<softsign>},
      {"Sqrt", real_unary<std::sqrt>},
      {"Sub", binary<Binary::sub>, false},
      {"Sum", variadic<Binary::add>, false},
      {"Tan", real_unary<std::tan>},
      {"Tanh", real_unary<std::tanh>},
      {"Where", where},
      {"Xor", comparison<Comparison::logical_xor>},
  };
  return kRows;
}

}  // namespace tuff::onnx
