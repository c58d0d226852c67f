// Elementwise programs, an ONNX node or a few for each instruction.
#include <cmath>

#include "onnx/export_node.h"
#include "ops/pointwise.h"

namespace tuff::onnx {
namespace {

using Code = PointwiseOpcode;

struct Operands {
  GraphWriter& writer;
  std::string a, b, c;
  float s;

  std::string emit(const std::string& op, std::vector<std::string> inputs, const AttributeList& attributes = {}) const {
    return writer.emit(op, std::move(inputs), attributes);
  }
  std::string test(const std::string& op, const std::string& x, const std::string& y) const {
    return writer.as_float(emit(op, {x, y}));
  }
  std::string choose(const std::string& boolean, const std::string& x, const std::string& y) const {
    return emit("Where", {boolean, x, y});
  }
  std::string number(float value) const { return writer.scalar(value); }
};

// The operators that ONNX has under another name; null for the others.
const char* plain_name(Code opcode) {
  switch (opcode) {
    case Code::add: return "Add";
    case Code::sub: return "Sub";
    case Code::mul: return "Mul";
    case Code::div: return "Div";
    case Code::maximum: return "Max";
    case Code::minimum: return "Min";
    case Code::pow: return "Pow";
    case Code::neg: return "Neg";
    case Code::relu: return "Relu";
    case Code::sigmoid: return "Sigmoid";
    case Code::tanh: return "Tanh";
    case Code::exp: return "Exp";
    case Code::log: return "Log";
    case Code::sqrt: return "Sqrt";
    case Code::abs: return "Abs";
    case Code::sign: return "Sign";
    case Code::reciprocal: return "Reciprocal";
    case Code::softplus: return "Softplus";
    case Code::floor: return "Floor";
    case Code::sin: return "Sin";
    case Code::cos: return "Cos";
    case Code::asin: return "Asin";
    case Code::acos: return "Acos";
    case Code::atan: return "Atan";
    case Code::sinh: return "Sinh";
    case Code::cosh: return "Cosh";
    case Code::asinh: return "Asinh";
    case Code::acosh: return "Acosh";
    case Code::erf: return "Erf";
    case Code::round: return "Round";
    default: return nullptr;
  }
}

// exp(x) - 1 and log(1 + x) without the cancellation near 0: 2 t / (1 - t) of t = tanh(x / 2), and 2 atanh(x / (x +
// 2)).
std::string expm1(const Operands& o) {
  const std::string t = o.emit("Tanh", {o.emit("Mul", {o.a, o.number(0.5f)})});
  const std::string near = o.emit("Div", {o.emit("Mul", {t, o.number(2)}), o.emit("Sub", {o.number(1), t})});
  return o.choose(o.emit("Less", {o.emit("Abs", {o.a}), o.number(1)}), near,
                  o.emit("Sub", {o.emit("Exp", {o.a}), o.number(1)}));
}

std::string log1p(const Operands& o) {
  const std::string ratio = o.emit("Div", {o.a, o.emit("Add", {o.a, o.number(2)})});
  const std::string near = o.emit("Mul", {o.emit("Atanh", {ratio}), o.number(2)});
  return o.choose(o.emit("Less", {o.emit("Abs", {o.a}), o.number(0.5f)}), near,
                  o.emit("Log", {o.emit("Add", {o.a, o.number(1)})}));
}

std::string cross_entropy(const Operands& o) {
  const auto logarithm = [&](const std::string& x) { return o.emit("Clip", {o.emit("Log", {x}), o.number(-100)}); };
  const std::string of_p = o.emit("Mul", {o.b, logarithm(o.a)});
  const std::string of_rest =
      o.emit("Mul", {o.emit("Sub", {o.number(1), o.b}), logarithm(o.emit("Sub", {o.number(1), o.a}))});
  return o.emit("Neg", {o.emit("Add", {of_p, of_rest})});
}

std::string instruction(const Operands& o, Code opcode) {
  switch (opcode) {
    case Code::greater: return o.test("Greater", o.a, o.b);
    case Code::greater_equal: return o.test("GreaterOrEqual", o.a, o.b);
    case Code::less: return o.test("Less", o.a, o.b);
    case Code::less_equal: return o.test("LessOrEqual", o.a, o.b);
    case Code::equal: return o.test("Equal", o.a, o.b);
    case Code::not_equal: return o.writer.as_float(o.emit("Not", {o.emit("Equal", {o.a, o.b})}));
    case Code::greater_scalar: return o.test("Greater", o.a, o.number(o.s));
    case Code::greater_equal_scalar: return o.test("GreaterOrEqual", o.a, o.number(o.s));
    case Code::less_scalar: return o.test("Less", o.a, o.number(o.s));
    case Code::less_equal_scalar: return o.test("LessOrEqual", o.a, o.number(o.s));
    case Code::equal_scalar: return o.test("Equal", o.a, o.number(o.s));
    case Code::isnan: return o.writer.as_float(o.emit("IsNaN", {o.a}));
    case Code::where: return o.choose(o.writer.as_bool(o.a), o.b, o.c);
    case Code::mask: return o.choose(o.writer.as_bool(o.b), o.a, o.number(0));
    case Code::greater_share:
      return o.emit("Mul",
                    {o.emit("Add", {o.test("Greater", o.a, o.b), o.test("GreaterOrEqual", o.a, o.b)}), o.number(0.5f)});
    case Code::xlogy:
      return o.choose(o.emit("Equal", {o.a, o.number(0)}), o.number(0), o.emit("Mul", {o.a, o.emit("Log", {o.b})}));
    case Code::add_scalar: return o.emit("Add", {o.a, o.number(o.s)});
    case Code::mul_scalar: return o.emit("Mul", {o.a, o.number(o.s)});
    case Code::pow_scalar: return o.emit("Pow", {o.a, o.number(o.s)});
    case Code::clamp_min:
    case Code::floor_at: return o.emit("Clip", {o.a, o.number(o.s)});
    case Code::clamp_max:
    case Code::ceil_at: return o.emit("Clip", {o.a, "", o.number(o.s)});
    case Code::relu_gradient: return o.choose(o.emit("LessOrEqual", {o.b, o.number(0)}), o.number(0), o.a);
    case Code::leaky_relu: return o.emit("LeakyRelu", {o.a}, {{"alpha", o.s}});
    case Code::leaky_relu_gradient:
      return o.choose(o.emit("Greater", {o.b, o.number(0)}), o.a, o.emit("Mul", {o.a, o.number(o.s)}));
    case Code::rsqrt: return o.emit("Reciprocal", {o.emit("Sqrt", {o.a})});
    case Code::square: return o.emit("Mul", {o.a, o.a});
    case Code::expm1: return expm1(o);
    case Code::log1p: return log1p(o);
    case Code::fmod: return o.emit("Mod", {o.a, o.b}, {{"fmod", std::int64_t{1}}});
    case Code::binary_cross_entropy: return cross_entropy(o);
    default: return {};
  }
}

void write_program(ExportNode& node) {
  const PointwiseProgram& program = node.as<Pointwise>().program();
  std::vector<std::string> results;
  for (const PointwiseInstruction& step : program.instructions) {
    const PointwiseRow& row = pointwise_row(step.opcode);
    const auto operand = [&](int i) {
      const std::size_t at = step.operands[static_cast<std::size_t>(i)];
      if (i >= row.arity) return std::string();
      return at < kPointwiseInputs ? node.input(at) : results.at(at - kPointwiseInputs);
    };
    const Operands operands{node.writer(), operand(0), operand(1), operand(2), step.immediate};
    std::vector<std::string> inputs;
    for (int i = 0; i < row.arity; ++i) inputs.push_back(operand(i));
    const char* name = plain_name(step.opcode);
    results.push_back(name != nullptr ? operands.emit(name, std::move(inputs)) : instruction(operands, step.opcode));
    if (results.back().empty()) node.unsupported("ONNX has no such function");
  }
  node.set(results.back());
}

}  // namespace

std::span<const ExporterRow> pointwise_exporters() {
  static constexpr ExporterRow kRows[] = {{"pointwise", write_program}};
  return kRows;
}

}  // namespace tuff::onnx
