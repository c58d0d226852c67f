// Elementwise ops: every row of the table, every way of broadcasting, every access mode of the kernel.
#pragma once

#include <cmath>

#include "ops/pointwise.h"
#include "support/op_case.h"
#include "support/random_shapes.h"

namespace tuff::test {

using Scalars = std::function<double(double, double, double)>;

// The reference of any elementwise function: PyTorch's broadcasting, shapes aligned at the right.
inline Array elementwise(std::span<const Array> inputs, const Scalars& function) {
  Shape shape;
  for (const Array& input : inputs) shape = broadcast("reference", shape, input.shape);
  Array result(shape);
  for (std::int64_t i = 0; i < shape.elements(); ++i) {
    double values[3] = {0, 0, 0};
    for (std::size_t n = 0; n < inputs.size(); ++n) {
      const Shape& own = inputs[n].shape;
      std::int64_t rest = i, at = 0, stride = 1;
      for (int back = 1; back <= shape.rank(); ++back) {
        const std::int64_t extent = shape[shape.rank() - back];
        if (back <= own.rank()) {
          const std::int64_t mine = own[own.rank() - back];
          at += (mine == 1 ? 0 : rest % extent) * stride;
          stride *= mine;
        }
        rest /= extent;
      }
      values[n] = inputs[n].data[static_cast<std::size_t>(at)];
    }
    result.data[static_cast<std::size_t>(i)] = function(values[0], values[1], values[2]);
  }
  return result;
}

struct Named {
  const char* name;
  std::function<Value(std::span<const Value>)> build;
  Scalars reference;
};

// All of `functions` of the same inputs in one graph.
inline OpCase together(std::string name, std::vector<OpInput> inputs, std::vector<Named> functions) {
  OpCase op_case;
  op_case.name = std::move(name);
  op_case.inputs = std::move(inputs);
  op_case.build = [functions](Graph&, std::span<const Value> x) {
    std::vector<Value> results;
    for (const Named& function : functions) results.push_back(function.build(x));
    return results;
  };
  op_case.reference = [functions](std::span<const Array> x) {
    std::vector<Array> results;
    for (const Named& function : functions) results.push_back(elementwise(x, function.reference));
    return results;
  };
  op_case.tolerance = 2e-6;
  return op_case;
}

using Inputs = std::span<const Value>;

inline std::vector<Named> smooth_functions() {
  return {
      {"neg", [](Inputs x) { return neg(x[0]); }, [](double a, double, double) { return -a; }},
      {"relu", [](Inputs x) { return relu(x[0]); }, [](double a, double, double) { return std::fmax(a, 0); }},
      {"leaky_relu", [](Inputs x) { return leaky_relu(x[0], 0.1f); },
       [](double a, double, double) { return a > 0 ? a : 0.1f * a; }},
      {"sigmoid", [](Inputs x) { return sigmoid(x[0]); },
       [](double a, double, double) { return 1 / (1 + std::exp(-a)); }},
      {"tanh", [](Inputs x) { return tanh(x[0]); }, [](double a, double, double) { return std::tanh(a); }},
      {"exp", [](Inputs x) { return exp(x[0]); }, [](double a, double, double) { return std::exp(a); }},
      {"square", [](Inputs x) { return square(x[0]); }, [](double a, double, double) { return a * a; }},
      {"abs", [](Inputs x) { return abs(x[0]); }, [](double a, double, double) { return std::fabs(a); }},
      {"sign", [](Inputs x) { return sign(x[0]); },
       [](double a, double, double) { return a > 0   ? 1.0
                                             : a < 0 ? -1.0
                                                     : 0.0; }},
      {"softplus", [](Inputs x) { return softplus(x[0]); },
       [](double a, double, double) { return std::log1p(std::exp(a)); }},
      {"floor", [](Inputs x) { return floor(mul_scalar(x[0], 4)); },
       [](double a, double, double) { return std::floor(4 * a); }},
      {"clamp", [](Inputs x) { return clamp(x[0], -0.5f, 0.25f); },
       [](double a, double, double) { return std::fmin(std::fmax(a, -0.5), 0.25); }},
      {"pow 3", [](Inputs x) { return pow(x[0], 3.0f); }, [](double a, double, double) { return a * a * a; }},
      {"affine", [](Inputs x) { return add_scalar(mul_scalar(x[0], 3), -0.5f); },
       [](double a, double, double) { return 3 * a - 0.5; }},
      {"compare",
       [](Inputs x) {
         return add(greater(x[0], 0.1f), add(less(x[0], 0.2f), add(greater_equal(x[0], 0.f), less_equal(x[0], 0.f))));
       },
       [](double a, double, double) { return (a > 0.1f) + (a < 0.2f) + (a >= 0) + (a <= 0) + 0.0; }},
  };
}

inline std::vector<Named> positive_functions() {
  return {
      {"log", [](Inputs x) { return log(x[0]); }, [](double a, double, double) { return std::log(a); }},
      {"sqrt", [](Inputs x) { return sqrt(x[0]); }, [](double a, double, double) { return std::sqrt(a); }},
      {"rsqrt", [](Inputs x) { return rsqrt(x[0]); }, [](double a, double, double) { return 1 / std::sqrt(a); }},
      {"reciprocal", [](Inputs x) { return reciprocal(x[0]); }, [](double a, double, double) { return 1 / a; }},
      {"pow 1.7", [](Inputs x) { return pow(x[0], 1.7f); },
       [](double a, double, double) { return std::pow(a, static_cast<double>(1.7f)); }},
  };
}

inline std::vector<Named> binary_functions() {
  return {
      {"add", [](Inputs x) { return add(x[0], x[1]); }, [](double a, double b, double) { return a + b; }},
      {"sub", [](Inputs x) { return sub(x[0], x[1]); }, [](double a, double b, double) { return a - b; }},
      {"mul", [](Inputs x) { return mul(x[0], x[1]); }, [](double a, double b, double) { return a * b; }},
      {"div", [](Inputs x) { return div(x[0], x[1]); }, [](double a, double b, double) { return a / b; }},
      {"maximum", [](Inputs x) { return maximum(x[0], x[1]); },
       [](double a, double b, double) { return std::fmax(a, b); }},
      {"minimum", [](Inputs x) { return minimum(x[0], x[1]); },
       [](double a, double b, double) { return std::fmin(a, b); }},
      {"pow", [](Inputs x) { return pow(x[0], x[1]); }, [](double a, double b, double) { return std::pow(a, b); }},
      {"xlogy", [](Inputs x) { return xlogy(x[0], x[1]); }, [](double a, double b, double) { return a * std::log(b); }},
      {"mask", [](Inputs x) { return mask(x[0], greater(x[1], 1.0f)); },
       [](double a, double b, double) { return b > 1 ? a : 0; }},
      {"compare", [](Inputs x) { return add(greater(x[0], x[1]), add(less_equal(x[0], x[1]), not_equal(x[0], x[1]))); },
       [](double a, double b, double) { return (a > b) + (a <= b) + (a != b) + 0.0; }},
  };
}

inline OpCase broadcast_case(std::string name, Shape a, Shape b, Layout layout = Layout::channels_last) {
  const TensorType left{DType::f32, std::move(a), layout}, right{DType::f32, std::move(b), layout};
  return together(
      std::move(name), {{left}, {right}},
      {{"mul", [](Inputs x) { return mul(x[0], x[1]); }, [](double u, double v, double) { return u * v; }},
       {"sub", [](Inputs x) { return sub(x[1], x[0]); }, [](double u, double v, double) { return v - u; }}});
}

// A program of `length` instructions, as fuse_pointwise makes them, over six inputs and with scalars: its kernel
// against its decomposition's reference.
inline OpCase program_case(std::size_t length, Shape shape) {
  OpCase op_case;
  op_case.name = "program of " + std::to_string(length);
  PointwiseProgram program{kPointwiseInputs, {}};
  for (std::uint8_t i = 0; i < length; ++i) {
    const auto last = static_cast<std::uint8_t>(i == 0 ? 0 : kPointwiseInputs + i - 1);
    const std::uint8_t other = i < kPointwiseInputs - 1 ? static_cast<std::uint8_t>(i + 1) : last;
    if (i % 2 == 0 || i < kPointwiseInputs - 1)
      program.instructions.push_back({i % 2 == 0 ? PointwiseOpcode::sub : PointwiseOpcode::mul, {last, other, 0}});
    else
      program.instructions.push_back(
          {i % 4 == 1 ? PointwiseOpcode::tanh : PointwiseOpcode::add_scalar, {last, 0, 0}, 0.25f * i});
    if (program.instructions.back().operands[1] == last && i % 2 == 0) program.instructions.back().operands[1] = 0;
  }
  op_case.inputs.assign(kPointwiseInputs, {{DType::f32, shape}});
  op_case.build = [=](Graph&, Inputs x) { return std::vector<Value>{pointwise(program, {x.begin(), x.end()})}; };
  op_case.reference = [=](std::span<const Array> x) {
    Array result(shape);
    for (std::size_t i = 0; i < result.data.size(); ++i) {
      double values[kPointwiseInputs];
      for (std::size_t n = 0; n < kPointwiseInputs; ++n) values[n] = x[n].data[i];
      result.data[i] = evaluate(program, values);
    }
    return std::vector<Array>{result};
  };
  return op_case;
}

// `shape` without some of its leading axes, others of extent 1.
inline Shape random_operand(ShapeDraws& draws, const Shape& shape) {
  std::vector<std::int64_t> extents = shape.extents();
  for (std::int64_t& extent : extents)
    if (draws.coin()) extent = 1;
  while (!extents.empty() && extents.front() == 1 && draws.coin()) extents.erase(extents.begin());
  return Shape(extents);
}

inline void add_random_pointwise_cases(std::vector<OpCase>& cases) {
  ShapeDraws draws("pointwise");
  for (int i = 0; i < draws.rounds(6); ++i) {
    const Shape shape = draws.shape();
    const Shape left = draws.coin() ? shape : random_operand(draws, shape);
    const Shape right = random_operand(draws, shape);
    cases.push_back(broadcast_case(draws.name(to_string(left) + " and " + to_string(right)), left, right));
  }
  for (int i = 0; i < draws.rounds(3); ++i) {
    Shape shape = draws.shape();
    while (shape.elements() < 16) shape = draws.shape();  // the gradients of a few may all but cancel
    cases.push_back(program_case(static_cast<std::size_t>(draws.between(5, 16)), shape));
    cases.back().name = draws.name(cases.back().name + " over " + to_string(shape));
  }
}

inline std::vector<OpCase> pointwise_cases() {
  const auto f32 = [](Shape shape) { return TensorType{DType::f32, std::move(shape)}; };
  std::vector<OpCase> cases = {
      together("unary, a multiple of 4", {{f32({2, 4, 3, 6})}}, smooth_functions()),
      together("unary, odd", {{f32({3, 37})}}, smooth_functions()),
      together("unary of positive", {{f32({1, 8, 5, 5}), Fill::positive}}, positive_functions()),
      together("unary, one element", {{f32({}), Fill::positive}}, positive_functions()),
      together("binary", {{f32({2, 4, 5, 3}), Fill::positive}, {f32({2, 4, 5, 3}), Fill::positive}},
               binary_functions()),
      together("binary, odd, broadcast", {{f32({2, 3, 5, 7}), Fill::positive}, {f32({3, 1, 1}), Fill::positive}},
               binary_functions()),
      together("where", {{.type = f32({5, 8}), .differentiable = false}, {f32({8})}, {f32({5, 1})}},
               {{"where", [](Inputs x) { return where(greater(x[0], 0.f), x[1], x[2]); },
                 [](double a, double b, double c) { return a > 0 ? b : c; }}}),
      program_case(5, {2, 4, 3, 3}),
      program_case(8, {3, 7}),
      program_case(9, {2, 4, 3, 3}),
      program_case(16, {1, 8, 5, 5}),
      broadcast_case("scalar", {2, 4, 3, 3}, {}),
      broadcast_case("one element", {2, 3, 3, 3}, {1}),
      broadcast_case("channel, vec4", {2, 8, 3, 3}, {8, 1, 1}),
      broadcast_case("channel of one sample", {2, 3, 3, 3}, {1, 3, 1, 1}),
      broadcast_case("sample and channel", {3, 4, 2, 5}, {3, 4, 1, 1}),
      broadcast_case("pixel", {2, 8, 3, 5}, {2, 1, 3, 5}),
      broadcast_case("pixel, odd", {2, 5, 3, 3}, {2, 1, 3, 3}),
      broadcast_case("sample", {3, 4, 3, 3}, {3, 1, 1, 1}),
      broadcast_case("sample of one channel", {3, 1, 4, 4}, {3, 1, 1, 1}),
      broadcast_case("image", {3, 4, 3, 3}, {4, 3, 3}),
      broadcast_case("pixel of one image: expanded", {2, 4, 3, 5}, {3, 5}),
      broadcast_case("last axis: expanded", {2, 4, 3, 5}, {5}),
      broadcast_case("both stretched", {2, 1, 3, 1}, {1, 4, 1, 5}),
      broadcast_case("outer product", {7, 1}, {1, 9}),
      broadcast_case("rank 3", {2, 4, 9}, {4, 1}),
      broadcast_case("rank 5", {2, 4, 2, 3, 3}, {1, 4, 1, 1, 1}),
      broadcast_case("weights", {8, 4, 3, 3}, {8, 4, 3, 3}, Layout::weight),
      broadcast_case("more than one group", {1, 4, 40, 33}, {1, 1, 40, 33}),
  };
  add_random_pointwise_cases(cases);
  return cases;
}

}  // namespace tuff::test
