#include "ops/pointwise.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/error.h"
#include "ops/elementary.h"
#include "ops/expand.h"
#include "ops/reduce.h"

namespace tuff {
namespace {

using Opcode = PointwiseOpcode;

// A node of one instruction over the given operands.
Value single(Opcode opcode, std::vector<Value> operands, float immediate = 0) {
  PointwiseProgram program{static_cast<int>(operands.size()), {{opcode, {0, 0, 0}, immediate}}};
  for (std::uint8_t operand = 0; operand < operands.size(); ++operand)
    program.instructions.front().operands[operand] = operand;
  return pointwise(std::move(program), std::move(operands));
}

}  // namespace

// ---- builders -----------------------------------------------------------------------------------
// clang-format off

Value add(Value a, Value b) { return single(Opcode::add, {a, b}); }
Value sub(Value a, Value b) { return single(Opcode::sub, {a, b}); }
Value mul(Value a, Value b) { return single(Opcode::mul, {a, b}); }
Value div(Value a, Value b) { return single(Opcode::div, {a, b}); }
Value maximum(Value a, Value b) { return single(Opcode::maximum, {a, b}); }
Value minimum(Value a, Value b) { return single(Opcode::minimum, {a, b}); }
Value pow(Value a, Value b) { return single(Opcode::pow, {a, b}); }
Value greater(Value a, Value b) { return single(Opcode::greater, {a, b}); }
Value greater_equal(Value a, Value b) { return single(Opcode::greater_equal, {a, b}); }
Value less(Value a, Value b) { return single(Opcode::less, {a, b}); }
Value less_equal(Value a, Value b) { return single(Opcode::less_equal, {a, b}); }
Value equal(Value a, Value b) { return single(Opcode::equal, {a, b}); }
Value not_equal(Value a, Value b) { return single(Opcode::not_equal, {a, b}); }
Value where(Value condition, Value a, Value b) { return single(Opcode::where, {condition, a, b}); }
Value mask(Value a, Value condition) { return single(Opcode::mask, {a, condition}); }
Value greater_share(Value a, Value b) { return single(Opcode::greater_share, {a, b}); }
Value xlogy(Value a, Value b) { return single(Opcode::xlogy, {a, b}); }

Value add_scalar(Value x, float s) { return single(Opcode::add_scalar, {x}, s); }
Value mul_scalar(Value x, float s) { return single(Opcode::mul_scalar, {x}, s); }
Value floor_at(Value x, float low) { return single(Opcode::floor_at, {x}, low); }
Value ceil_at(Value x, float high) { return single(Opcode::ceil_at, {x}, high); }
Value clamp_min(Value x, float low) { return single(Opcode::clamp_min, {x}, low); }
Value clamp_max(Value x, float high) { return single(Opcode::clamp_max, {x}, high); }
Value clamp(Value x, float low, float high) { return clamp_max(clamp_min(x, low), high); }
Value greater(Value x, float s) { return single(Opcode::greater_scalar, {x}, s); }
Value greater_equal(Value x, float s) { return single(Opcode::greater_equal_scalar, {x}, s); }
Value less(Value x, float s) { return single(Opcode::less_scalar, {x}, s); }
Value less_equal(Value x, float s) { return single(Opcode::less_equal_scalar, {x}, s); }
Value equal(Value x, float s) { return single(Opcode::equal_scalar, {x}, s); }

Value neg(Value x) { return single(Opcode::neg, {x}); }
Value relu(Value x) { return single(Opcode::relu, {x}); }
Value relu_gradient(Value upstream, Value y) { return single(Opcode::relu_gradient, {upstream, y}); }
Value leaky_relu(Value x, float negative_slope) { return single(Opcode::leaky_relu, {x}, negative_slope); }
Value leaky_relu_gradient(Value upstream, Value y, float negative_slope) { return single(Opcode::leaky_relu_gradient, {upstream, y}, negative_slope); }
Value sigmoid(Value x) { return single(Opcode::sigmoid, {x}); }
Value tanh(Value x) { return single(Opcode::tanh, {x}); }
Value exp(Value x) { return single(Opcode::exp, {x}); }
Value log(Value x) { return single(Opcode::log, {x}); }
Value sqrt(Value x) { return single(Opcode::sqrt, {x}); }
Value rsqrt(Value x) { return single(Opcode::rsqrt, {x}); }
Value square(Value x) { return single(Opcode::square, {x}); }
Value abs(Value x) { return single(Opcode::abs, {x}); }
Value sign(Value x) { return single(Opcode::sign, {x}); }
Value reciprocal(Value x) { return single(Opcode::reciprocal, {x}); }
Value softplus(Value x) { return single(Opcode::softplus, {x}); }
Value floor(Value x) { return single(Opcode::floor, {x}); }
Value round(Value x) { return single(Opcode::round, {x}); }
Value fmod(Value a, Value b) { return single(Opcode::fmod, {a, b}); }
Value isnan(Value x) { return single(Opcode::isnan, {x}); }
Value sin(Value x) { return single(Opcode::sin, {x}); }
Value cos(Value x) { return single(Opcode::cos, {x}); }
Value asin(Value x) { return single(Opcode::asin, {x}); }
Value acos(Value x) { return single(Opcode::acos, {x}); }
Value atan(Value x) { return single(Opcode::atan, {x}); }
Value sinh(Value x) { return single(Opcode::sinh, {x}); }
Value cosh(Value x) { return single(Opcode::cosh, {x}); }
Value asinh(Value x) { return single(Opcode::asinh, {x}); }
Value acosh(Value x) { return single(Opcode::acosh, {x}); }
Value erf(Value x) { return single(Opcode::erf, {x}); }
Value expm1(Value x) { return single(Opcode::expm1, {x}); }
Value log1p(Value x) { return single(Opcode::log1p, {x}); }
Value binary_cross_entropy(Value p, Value t) { return single(Opcode::binary_cross_entropy, {p, t}); }
// clang-format on

// The common exponents by exact and faster ops, as PyTorch does.
Value pow(Value x, float exponent) {
  if (exponent == 1.0f) return x;
  if (exponent == 2.0f) return square(x);
  if (exponent == 3.0f) return mul(square(x), x);
  if (exponent == 0.5f) return sqrt(x);
  if (exponent == -0.5f) return rsqrt(x);
  if (exponent == -1.0f) return reciprocal(x);
  return single(Opcode::pow_scalar, {x}, exponent);
}

Value pointwise(PointwiseProgram program, std::vector<Value> inputs) {
  const auto op = std::make_shared<Pointwise>(std::move(program));
  std::vector<TensorType> types;
  for (const Value input : inputs) {
    if (!input) throw Error(fmt::format("{}: an input is empty", op->attributes()));
    types.push_back(input.type());
  }
  const TensorType result = infer_types(*op, types).front();
  for (Value& input : inputs)
    if (!pointwise_access(input.type(), result)) input = expand(input, result.shape, result.layout);
  Graph& graph = inputs.front().graph();
  return graph.add(op, std::move(inputs)).front();
}

// ---- shapes -------------------------------------------------------------------------------------

Shape broadcast(std::string_view op, const Shape& a, const Shape& b) {
  std::vector<std::int64_t> extents(static_cast<std::size_t>(std::max(a.rank(), b.rank())));
  for (int back = 1; back <= static_cast<int>(extents.size()); ++back) {
    const std::int64_t left = back <= a.rank() ? a[a.rank() - back] : 1;
    const std::int64_t right = back <= b.rank() ? b[b.rank() - back] : 1;
    if (left != right && left != 1 && right != 1)
      throw Error(fmt::format("{}: shapes {} and {} don't broadcast: extents {} and {} differ and neither is 1", op,
                              to_string(a), to_string(b), left, right));
    extents[extents.size() - static_cast<std::size_t>(back)] = left == 1 ? right : left;
  }
  return Shape(std::move(extents));
}

namespace {

// Distance between the elements of `input` that neighbours of the result along its logical axis read.
std::vector<std::int64_t> broadcast_strides(const TensorType& input, const TensorType& result) {
  const std::vector<std::int64_t> own = strides(input);
  const int skipped = result.shape.rank() - input.shape.rank();
  std::vector<std::int64_t> found(static_cast<std::size_t>(result.shape.rank()), 0);
  for (int axis = 0; axis < input.shape.rank(); ++axis)
    if (input.shape[axis] != 1) found[static_cast<std::size_t>(skipped + axis)] = own[static_cast<std::size_t>(axis)];
  return found;
}

// The strides that an access mode gives the result's axes.
std::vector<std::int64_t> access_strides(PointwiseAccess access, const TensorType& result) {
  const std::vector<std::int64_t> full = strides(result);
  const int rank = result.shape.rank();
  const int channel_axis = rank >= 2 ? 1 : 0;
  const std::int64_t channels = result.shape.channels();
  std::vector<std::int64_t> found(full.size(), 0);
  for (int axis = 0; axis < rank; ++axis) {
    const std::int64_t stride = full[static_cast<std::size_t>(axis)];
    const bool is_channel = axis == channel_axis;
    const bool is_sample = rank >= 2 && axis == 0;
    std::int64_t& mine = found[static_cast<std::size_t>(axis)];
    switch (access) {
      case PointwiseAccess::same: mine = stride; break;
      case PointwiseAccess::scalar: break;
      case PointwiseAccess::channel: mine = is_channel ? 1 : 0; break;
      case PointwiseAccess::sample_channel: mine = is_channel ? 1 : is_sample ? channels : 0; break;
      case PointwiseAccess::pixel: mine = is_channel ? 0 : stride / channels; break;
      case PointwiseAccess::sample: mine = is_sample ? 1 : 0; break;
      case PointwiseAccess::image: mine = is_sample ? 0 : stride; break;
    }
  }
  return found;
}

}  // namespace

std::optional<PointwiseAccess> pointwise_access(const TensorType& input, const TensorType& result) {
  using enum PointwiseAccess;
  const std::vector<std::int64_t> needed = broadcast_strides(input, result);
  const bool weight = result.layout == Layout::weight && result.shape.rank() >= 3;
  // The simplest first: those after it may then divide by C and S C, which are more than 1.
  for (const PointwiseAccess access : {same, scalar, channel, sample, pixel, image, sample_channel}) {
    if (weight && access != same && access != scalar) break;
    const std::vector<std::int64_t> given = access_strides(access, result);
    bool fits = true;
    for (int axis = 0; axis < result.shape.rank(); ++axis) {
      const auto index = static_cast<std::size_t>(axis);
      if (result.shape[axis] != 1 && needed[index] != given[index]) fits = false;
    }
    if (fits) return access;
  }
  return std::nullopt;
}

Pointwise::Pointwise(PointwiseProgram program) : program_(std::move(program)) {
  validate(program_);
}

std::string Pointwise::attributes() const {
  return to_string(program_);
}

std::vector<TensorType> Pointwise::infer(std::span<const TensorType> inputs) const {
  const std::string name = attributes();
  if (inputs.size() != static_cast<std::size_t>(program_.inputs))
    throw Error(fmt::format("{}: got {} inputs, takes {}", name, inputs.size(), program_.inputs));
  TensorType result;
  for (const TensorType& input : inputs) {
    if (input.dtype != DType::f32) throw Error(fmt::format("{}: input is {}, must be f32", name, to_string(input)));
    result.shape = broadcast(name, result.shape, input.shape);
  }
  // Inputs of the result's size decide its layout; smaller ones are read through it or expanded to it.
  const TensorType* decider = nullptr;
  for (const TensorType& input : inputs) {
    if (input.shape.rank() < 3 || input.shape.elements() != result.shape.elements()) continue;
    if (decider && decider->layout != input.layout)
      throw Error(
          fmt::format("{}: inputs {} and {} differ in memory layout", name, to_string(*decider), to_string(input)));
    decider = &input;
  }
  if (decider) result.layout = decider->layout;
  return {result};
}

// What is read as it is broadcast stays f32.
Op::HalfOperands Pointwise::half_operands(std::span<const TensorType> inputs) const {
  const TensorType result = infer(inputs).front();
  HalfOperands half;
  for (int input = 0; input < program_.inputs; ++input)
    if (pointwise_access(inputs[static_cast<std::size_t>(input)], result) == PointwiseAccess::same)
      half.inputs.push_back(input);
  if (!half.inputs.empty()) half.outputs = {0};
  return half;
}

// An input that has as many elements as the result is read in the same order, so the result may overwrite it.
std::vector<std::pair<int, int>> Pointwise::in_place() const {
  std::vector<std::pair<int, int>> all;
  for (int input = 0; input < program_.inputs; ++input) all.emplace_back(0, input);
  return all;
}

std::vector<Value> Pointwise::decompose(std::span<const Value> inputs) const {
  std::vector<Value> results;
  for (const PointwiseInstruction& instruction : program_.instructions) {
    std::vector<Value> operands;
    for (int operand = 0; operand < pointwise_row(instruction.opcode).arity; ++operand) {
      const std::size_t source = instruction.operands[static_cast<std::size_t>(operand)];
      operands.push_back(source < kPointwiseInputs ? inputs[source] : results[source - kPointwiseInputs]);
    }
    results.push_back(single(instruction.opcode, std::move(operands), instruction.immediate));
  }
  return results;
}

// ---- gradient -----------------------------------------------------------------------------------

namespace {

Value one_minus_square(Value x) {
  return mul(add_scalar(neg(x), 1.0f), add_scalar(x, 1.0f));
}

// Of binary_cross_entropy, bounded as in PyTorch.
Value bce_slope(Value p, Value t) {
  return div(sub(p, t), clamp_min(mul(add_scalar(neg(p), 1.0f), p), 1e-12f));
}

// The table's last three columns: gradients of a, b and c, not yet summed to their shapes.
std::array<Value, 3> operand_gradients(Opcode opcode, Value a, Value b, Value c, Value y, Value g, float s) {
  const Value none;
  switch (opcode) {
#define POINTWISE(number, name, arity, immediate, expression, da, db, dc) \
  case Opcode::name:                                                      \
    return {da, db, dc};
#include "pointwise/table.h"
#undef POINTWISE
  }
  return {c, none, none};
}

void accumulate(Value& sum, Value term, const Value& operand) {
  if (!term) return;
  term = sum_to(term, operand.shape());
  sum = sum ? add(sum, term) : term;
}

}  // namespace

std::vector<Value> Pointwise::gradient(const GradientContext& context) const {
  const std::size_t count = program_.instructions.size();
  std::array<Value, kPointwiseInputs + kPointwiseInstructions> values;
  std::array<Value, kPointwiseInputs + kPointwiseInstructions> gradients;
  std::ranges::copy(context.inputs, values.begin());
  if (count == 1)
    values[kPointwiseInputs] = context.outputs.front();
  else
    std::ranges::copy(decompose(context.inputs), values.begin() + kPointwiseInputs);
  gradients[kPointwiseInputs + count - 1] = context.upstream.front();
  for (std::size_t index = count; index-- > 0;) {
    const PointwiseInstruction& instruction = program_.instructions[index];
    const Value upstream = gradients[kPointwiseInputs + index];
    if (!upstream) continue;
    const auto& [a, b, c] = instruction.operands;
    const std::array<Value, 3> terms =
        operand_gradients(instruction.opcode, values[a], values[b], values[c], values[kPointwiseInputs + index],
                          upstream, instruction.immediate);
    for (std::size_t operand = 0; operand < 3; ++operand)
      accumulate(gradients[instruction.operands[operand]], terms[operand], values[instruction.operands[operand]]);
  }
  return {gradients.begin(), gradients.begin() + program_.inputs};
}

}  // namespace tuff
