#include "ops/pointwise_program.h"

#include <fmt/format.h>

#include <algorithm>
#include <cassert>
#include <cmath>

#include "base/error.h"

namespace tuff {
namespace {

// The table's functions, in double. NaN wins a maximum or minimum as in PyTorch.
double nan_max(double a, double b) {
  return a != a || a > b ? a : b;
}
double nan_min(double a, double b) {
  return a != a || a < b ? a : b;
}
double power(double a, double b) {
  return std::pow(a, b);
}
double exponential(double a) {
  return std::exp(a);
}
double logarithm(double a) {
  return std::log(a);
}
double log_one_plus(double a) {
  return std::log1p(a);
}
double logistic(double a) {
  return 1 / (1 + std::exp(-a));
}
double hyperbolic_tangent(double a) {
  return std::tanh(a);
}
double square_root(double a) {
  return std::sqrt(a);
}
double magnitude(double a) {
  return std::fabs(a);
}
double round_down(double a) {
  return std::floor(a);
}
double sine(double a) {
  return std::sin(a);
}
double cosine(double a) {
  return std::cos(a);
}
double arc_sine(double a) {
  return std::asin(a);
}
double arc_cosine(double a) {
  return std::acos(a);
}
double arc_tangent(double a) {
  return std::atan(a);
}
double hyperbolic_sine(double a) {
  return std::sinh(a);
}
double hyperbolic_cosine(double a) {
  return std::cosh(a);
}
double area_sine(double a) {
  return std::asinh(a);
}
double area_cosine(double a) {
  return std::acosh(a);
}
double error_function(double a) {
  return std::erf(a);
}
double exponential_minus_one(double a) {
  return std::expm1(a);
}
double logarithm_of_more(double a) {
  return std::log1p(a);
}
double round_to_even(double a) {
  return std::nearbyint(a);  // the default rounding mode
}
double division_rest(double a, double b) {
  return std::fmod(a, b);
}
bool is_nan(double a) {
  return std::isnan(a);
}
double bce_of(double p, double t) {
  return -(t * std::max(std::log(p), -100.0) + (1 - t) * std::max(std::log1p(-p), -100.0));
}

constexpr PointwiseRow kRows[] = {
#define POINTWISE(opcode, name, arity, immediate, expression, da, db, dc) \
  {PointwiseOpcode::name, #name, arity, immediate != 0},
#include "pointwise/table.h"
#undef POINTWISE
};

std::string operand_name(int operand) {
  return operand < kPointwiseInputs ? fmt::format("x{}", operand) : fmt::format("t{}", operand - kPointwiseInputs);
}

std::string to_string(const PointwiseInstruction& instruction) {
  const PointwiseRow& row = pointwise_row(instruction.opcode);
  std::string text = fmt::format("{}(", row.name);
  for (int operand = 0; operand < row.arity; ++operand) {
    if (operand > 0) text += ", ";
    text += operand_name(instruction.operands[static_cast<std::size_t>(operand)]);
  }
  if (row.immediate) text += fmt::format(", {}", instruction.immediate);
  return text + ")";
}

}  // namespace

std::span<const PointwiseRow> pointwise_rows() {
  return kRows;
}

const PointwiseRow& pointwise_row(PointwiseOpcode opcode) {
  const auto row = std::ranges::find(kRows, opcode, &PointwiseRow::opcode);
  assert(row != std::end(kRows));
  return *row;
}

std::string to_string(const PointwiseProgram& program) {
  if (program.instructions.size() == 1) return to_string(program.instructions.front());
  std::string text;
  for (std::size_t index = 0; index < program.instructions.size(); ++index)
    text += fmt::format("{}t{} = {}", index == 0 ? "" : "; ", index, to_string(program.instructions[index]));
  return text;
}

bool needs_functions(const PointwiseProgram& program) {
  return std::ranges::any_of(program.instructions, [](const PointwiseInstruction& instruction) {
    return static_cast<int>(instruction.opcode) >= kFirstFunction;
  });
}

void validate(const PointwiseProgram& program) {
  const int count = static_cast<int>(program.instructions.size());
  if (program.inputs < 1 || program.inputs > kPointwiseInputs || count < 1 || count > kPointwiseInstructions)
    throw Error(fmt::format("pointwise: {} inputs and {} instructions; 1 to {} and 1 to {} fit", program.inputs, count,
                            kPointwiseInputs, kPointwiseInstructions));
  std::vector<bool> read(static_cast<std::size_t>(program.inputs), false);
  int immediates = 0;
  for (int index = 0; index < count; ++index) {
    const PointwiseInstruction& instruction = program.instructions[static_cast<std::size_t>(index)];
    const PointwiseRow& row = pointwise_row(instruction.opcode);
    immediates += row.immediate;
    for (int operand = 0; operand < row.arity; ++operand) {
      const int source = instruction.operands[static_cast<std::size_t>(operand)];
      if (source < program.inputs)
        read[static_cast<std::size_t>(source)] = true;
      else if (source < kPointwiseInputs || source >= kPointwiseInputs + index)
        throw Error(fmt::format("pointwise: {} reads {}, which isn't there", to_string(program), operand_name(source)));
    }
  }
  if (immediates > kPointwiseImmediates)
    throw Error(fmt::format("pointwise: {} scalars in one program; {} fit", immediates, kPointwiseImmediates));
  if (std::ranges::find(read, false) != read.end())
    throw Error(fmt::format("pointwise: {} leaves one of its {} inputs unread", to_string(program), program.inputs));
}

double evaluate(const PointwiseInstruction& instruction, double a, double b, double c) {
  const double s = instruction.immediate;
  switch (instruction.opcode) {
#define POINTWISE(opcode, name, arity, immediate, expression, da, db, dc) \
  case PointwiseOpcode::name:                                             \
    return expression;
#include "pointwise/table.h"
#undef POINTWISE
  }
  return c;
}

double evaluate(const PointwiseProgram& program, std::span<const double> inputs) {
  std::array<double, kPointwiseInputs + kPointwiseInstructions> values{};
  std::ranges::copy(inputs, values.begin());
  std::size_t next = kPointwiseInputs;
  for (const PointwiseInstruction& instruction : program.instructions) {
    const auto& [a, b, c] = instruction.operands;
    values[next++] = evaluate(instruction, values[a], values[b], values[c]);
  }
  return values[next - 1];
}

}  // namespace tuff
