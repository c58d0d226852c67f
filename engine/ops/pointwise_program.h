// A fused chain of elementwise ops as data: a short program in SSA form over a node's inputs. It is the
// attribute of every pointwise node (an unfused op is a program of one instruction) and becomes the
// specialization constants of shaders/pointwise/program.comp.
#pragma once

#include <array>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace tuff {

enum class PointwiseOpcode : std::uint8_t {
#define POINTWISE(opcode, name, arity, immediate, expression, da, db, dc) name = opcode,
#include "pointwise/table.h"
#undef POINTWISE
};

struct PointwiseRow {
  PointwiseOpcode opcode;
  std::string_view name;
  int arity;
  bool immediate;
};

// The rows of shaders/pointwise/table.h in its order.
std::span<const PointwiseRow> pointwise_rows();
const PointwiseRow& pointwise_row(PointwiseOpcode opcode);

// The shader's limits: what its push constants and specialization constants hold.
inline constexpr int kPointwiseInputs = 6;
inline constexpr int kPointwiseInstructions = 16;
inline constexpr int kPointwiseImmediates = 8;

// Rows from this opcode on are in the shader's "functions" variants alone.
inline constexpr int kFirstFunction = 128;

struct PointwiseInstruction {
  PointwiseOpcode opcode = PointwiseOpcode::add;
  // Below kPointwiseInputs an input; from there on the result of instruction (operand - kPointwiseInputs).
  std::array<std::uint8_t, 3> operands = {0, 0, 0};
  float immediate = 0;

  bool operator==(const PointwiseInstruction&) const = default;
};

// The result is that of the last instruction.
struct PointwiseProgram {
  int inputs = 0;
  std::vector<PointwiseInstruction> instructions;

  bool operator==(const PointwiseProgram&) const = default;
};

// "add(x0, x1)" for one instruction; "t0 = add(x0, x1); t1 = leaky_relu(t0, 0.1)" for more.
std::string to_string(const PointwiseProgram& program);

// Whether it holds one of the rows that only the "functions" variants have.
bool needs_functions(const PointwiseProgram& program);

// Error where it exceeds the limits, reads what isn't there yet, or leaves an input unread.
void validate(const PointwiseProgram& program);

// One element, for constant folding and references: in double, with the table's expressions.
double evaluate(const PointwiseInstruction& instruction, double a, double b, double c);
double evaluate(const PointwiseProgram& program, std::span<const double> inputs);

}  // namespace tuff
