// Activations of smooth and kinked shape over several ranks, against formulas in double precision, and their values at
// special places.
#pragma once

#include <cmath>

#include "cases/pointwise_cases.h"
#include "ops/activation.h"
#include "support/known.h"

namespace tuff::test {

// clang-format off
// Activations and their gradients of PyTorch 2.13 in double precision, at {inf, -inf, 0, -1, 1, 200, -200, 3, -3, 6, 0.5, -0.5}.
inline std::vector<Known> known_activations() {
  return {
      {"prelu", {kInf, -kInf, 0, -0.25, 1, 200, -50, 3, -0.75, 6, 0.5, -0.125},
       {1, 0.25, 0.25, 0.25, 1, 1, 0.25, 1, 0.25, 1, 1, 0.25}},
      {"elu", {kInf, -0.7, 0, -0.442484391, 1, 200, -0.7, 3, -0.665149052, 6, 0.5, -0.275428538},
       {1, 0, 0.7, 0.257515609, 1, 1, 9.68727569e-88, 1, 0.0348509479, 1, 1, 0.424571462}},
      {"selu", {kInf, -1.75809934, 0, -1.11133074, 1.05070099, 210.140197, -1.75809934, 3.15210296, -1.67056873, 6.30420592, 0.525350494, -0.691758188},
       {1.05070099, 0, 1.75809934, 0.646768603, 1.05070099, 1.05070099, 2.43302757e-87, 1.05070099, 0.0875306121, 1.05070099, 1.05070099, 1.06634115}},
      {"celu", {kInf, -0.7, 0, -0.532244274, 1, 200, -0.7, 3, -0.690365349, 6, 0.5, -0.357320838},
       {1, 0, 1.00000002, 0.239651035, 1, 1, 8.23872881e-125, 1, 0.013763786, 1, 1, 0.489541662}},
      {"gelu", {kInf, kNaN, 0, -0.158655254, 0.841344746, 200, -0, 2.99595031, -0.00404969409, 5.99999999, 0.345731231, -0.154268769},
       {kNaN, kNaN, 0.5, -0.0833154706, 1.08331547, 1, 0, 1.01194565, -0.0119456472, 1.00000004, 0.867495125, 0.132504875}},
      {"gelu_tanh", {kInf, kNaN, 0, -0.158808009, 0.841191991, 200, -0, 2.99636261, -0.00363739208, 6, 0.34571401, -0.15428599},
       {kNaN, kNaN, 0.5, -0.0829640838, 1.08296408, 1, 0, 1.01158417, -0.0115841666, 1, 0.867369904, 0.132630096}},
      {"silu", {kInf, kNaN, 0, -0.268941421, 0.731058579, 200, -2.76779305e-85, 2.85772238, -0.14227762, 5.98516426, 0.311229666, -0.188770334},
       {kNaN, kNaN, 0.5, 0.0723294881, 0.927670512, 1, -2.75395409e-85, 1.08810411, -0.088104106, 1.01232643, 0.739961187, 0.260038813}},
      {"mish", {kInf, kNaN, 0, -0.303401461, 0.865098388, 200, -2.76779305e-85, 2.986535, -0.145647461, 5.99992663, 0.375245211, -0.220743775},
       {kNaN, kNaN, 0.6, 0.0592167559, 1.04903622, 1, -2.75395409e-85, 1.02110691, -0.0933931145, 1.00013414, 0.886424375, 0.289510678}},
      {"hardtanh", {1, -1, 0, -1, 1, 1, -1, 1, -1, 1, 0.5, -0.5},
       {0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 1, 1}},
      {"relu6", {6, 0, 0, 0, 1, 6, 0, 3, 0, 6, 0.5, 0},
       {0, 0, 0, 0, 1, 0, 0, 1, 0, 0, 1, 0}},
      {"hardsigmoid", {1, 0, 0.5, 0.333333333, 0.666666667, 1, 0, 1, 0, 1, 0.583333333, 0.416666667},
       {0, 0, 0.166666672, 0.166666672, 0.166666672, 0, 0, 0, 0, 0, 0.166666672, 0.166666672}},
      {"hardswish", {kInf, kNaN, 0, -0.333333333, 0.666666667, 200, -0, 3, -0, 6, 0.291666667, -0.208333333},
       {1, 0, 0.5, 0.166666667, 0.833333333, 1, 0, 1, 0, 1, 0.666666667, 0.333333333}},
      {"softplus", {kInf, 0, 0.693147181, 0.313261688, 1.31326169, 200, 1.38389653e-87, 3.04858735, 0.0485873516, 6.00247569, 0.974076984, 0.474076984},
       {1, 0, 0.5, 0.268941421, 0.731058579, 1, 1.38389653e-87, 0.952574127, 0.0474258732, 0.997527377, 0.622459331, 0.377540669}},
      {"softplus_sharp", {kInf, 0, 0.34657359, 0.0634640055, 1, 200, 9.57584798e-175, 3, 0.00123784257, 6, 0.656630844, 0.156630844},
       {1, 0, 0.5, 0.119202922, 1, 1, 1.9151696e-174, 1, 0.00247262316, 1, 0.731058579, 0.268941421}},
      {"logsigmoid", {0, -kInf, -0.693147181, -1.31326169, -0.313261688, -1.38389653e-87, -200, -0.0485873516, -3.04858735, -0.00247568514, -0.474076984, -0.974076984},
       {0, 1, 0.5, 0.731058579, 0.268941421, 1.38389653e-87, 1, 0.0474258732, 0.952574127, 0.00247262316, 0.377540669, 0.622459331}},
      {"softsign", {kNaN, kNaN, 0, -0.5, 0.5, 0.995024876, -0.995024876, 0.75, -0.75, 0.857142857, 0.333333333, -0.333333333},
       {kNaN, kNaN, 1, 0.25, 0.25, 2.47518626e-05, 2.47518626e-05, 0.0625, 0.0625, 0.0204081633, 0.444444444, 0.444444444}},
      {"tanhshrink", {kInf, -kInf, 0, -0.238405844, 0.238405844, 199, -199, 2.00494525, -2.00494525, 5.00001229, 0.0378828427, -0.0378828427},
       {1, 1, 0, 0.580025658, 0.580025658, 1, 1, 0.990133963, 0.990133963, 0.999975423, 0.213552267, 0.213552267}},
      {"softshrink", {kInf, -kInf, 0, -0.5, 0.5, 199.5, -199.5, 2.5, -2.5, 5.5, 0, -0},
       {1, 1, 0, 1, 1, 1, 1, 1, 1, 1, 0, 0}},
      {"hardshrink", {kInf, -kInf, 0, -1, 1, 200, -200, 3, -3, 6, 0, 0},
       {1, 1, 0, 1, 1, 1, 1, 1, 1, 1, 0, 0}},
      {"threshold", {kInf, -7, -7, -7, 1, 200, -7, 3, -7, 6, -7, -7},
       {1, 0, 0, 0, 1, 1, 0, 1, 0, 1, 0, 0}},
  };
}

// clang-format on

inline double softplus_of(double a) {
  return std::fmax(a, 0) + std::log1p(std::exp(-std::fabs(a)));
}

inline std::vector<Named> activations() {
  const auto below = [](double a, double alpha, double scale) { return a > 0 ? a : alpha * std::expm1(a / scale); };
  return {
      {"elu", [](Inputs x) { return elu(x[0], 0.7f); }, [=](double a, double, double) { return below(a, 0.7f, 1); }},
      {"selu", [](Inputs x) { return selu(x[0]); },
       [=](double a, double, double) { return 1.0507009873554805 * below(a, 1.6732632423543772, 1); }},
      {"celu", [](Inputs x) { return celu(x[0], 1.5f); }, [=](double a, double, double) { return below(a, 1.5, 1.5); }},
      {"gelu", [](Inputs x) { return gelu(x[0]); },
       [](double a, double, double) { return 0.5 * a * (1 + std::erf(a / std::sqrt(2.0))); }},
      {"gelu tanh", [](Inputs x) { return gelu(x[0], GeluApproximation::tanh); },
       [](double a, double, double) {
         return 0.5 * a * (1 + std::tanh(std::sqrt(2 / std::acos(-1.0)) * (a + 0.044715 * a * a * a)));
       }},
      {"silu", [](Inputs x) { return silu(x[0]); }, [](double a, double, double) { return a / (1 + std::exp(-a)); }},
      {"mish", [](Inputs x) { return mish(x[0]); },
       [](double a, double, double) { return a * std::tanh(softplus_of(a)); }},
      {"hardtanh", [](Inputs x) { return hardtanh(x[0], -0.3f, 0.6f); },
       [](double a, double, double) { return std::fmin(std::fmax(a, -0.3f), 0.6f); }},
      {"relu6", [](Inputs x) { return relu6(mul_scalar(x[0], 10)); },
       [](double a, double, double) { return std::fmin(std::fmax(10 * a, 0), 6); }},
      {"hardsigmoid", [](Inputs x) { return hardsigmoid(mul_scalar(x[0], 5)); },
       [](double a, double, double) { return std::fmin(std::fmax(5 * a + 3, 0), 6) / 6; }},
      {"hardswish", [](Inputs x) { return hardswish(mul_scalar(x[0], 5)); },
       [](double a, double, double) { return 5 * a * std::fmin(std::fmax(5 * a + 3, 0), 6) / 6; }},
      {"softplus", [](Inputs x) { return softplus(x[0], 3, 2); },
       [](double a, double, double) { return 3 * a > 2 ? a : softplus_of(3 * a) / 3; }},
      {"logsigmoid", [](Inputs x) { return logsigmoid(x[0]); },
       [](double a, double, double) { return -softplus_of(-a); }},
      {"softsign", [](Inputs x) { return softsign(x[0]); },
       [](double a, double, double) { return a / (1 + std::fabs(a)); }},
      {"tanhshrink", [](Inputs x) { return tanhshrink(x[0]); },
       [](double a, double, double) { return a - std::tanh(a); }},
      {"softshrink", [](Inputs x) { return softshrink(x[0], 0.25f); },
       [](double a, double, double) { return a > 0.25    ? a - 0.25
                                             : a < -0.25 ? a + 0.25
                                                         : 0; }},
      {"hardshrink", [](Inputs x) { return hardshrink(x[0], 0.25f); },
       [](double a, double, double) { return std::fabs(a) > 0.25 ? a : 0; }},
      {"shrink", [](Inputs x) { return shrink(x[0], 0.5f, 0.25f); },
       [](double a, double, double) { return a > 0.5    ? a - 0.25
                                             : a < -0.5 ? a + 0.25
                                                        : 0; }},
      {"threshold", [](Inputs x) { return threshold(x[0], 0.1f, -2); },
       [](double a, double, double) { return a > 0.1f ? a : -2; }},
      {"thresholded_relu", [](Inputs x) { return thresholded_relu(x[0], 0.2f); },
       [](double a, double, double) { return a > 0.2f ? a : 0; }},
  };
}

inline std::vector<OpCase> activation_cases() {
  const auto f32 = [](Shape shape) { return TensorType{DType::f32, std::move(shape)}; };
  const Named parametric{"prelu", [](Inputs x) { return prelu(x[0], x[1]); },
                         [](double a, double w, double) { return a > 0 ? a : w * a; }};
  OpCase by_channel = together("prelu by channel", {{f32({2, 3, 5, 7})}, {f32({3, 1, 1})}}, {parametric});
  by_channel.inputs[1].type.shape = {3};
  by_channel.reference = [parametric](std::span<const Array> x) {
    Array weight = x[1];
    weight.shape = {3, 1, 1};
    const Array operands[] = {x[0], weight};
    return std::vector<Array>{elementwise(operands, parametric.reference)};
  };
  std::vector<OpCase> cases = {
      by_channel,
      together("prelu, one slope", {{f32({2, 4, 9})}, {f32({1})}}, {parametric}),
      together("prelu, a slope each", {{f32({2, 4, 3, 3, 1})}, {f32({2, 4, 3, 3, 1})}}, {parametric}),
  };
  // Each by itself: drivers compile a kernel for every order of those in one graph.
  ShapeDraws draws("activation");
  const std::vector<Named> functions = activations();
  for (int i = 0; i < draws.rounds(static_cast<int>(functions.size())); ++i) {
    const Named& function = functions[static_cast<std::size_t>(i) % functions.size()];
    const Shape shape = draws.coin() ? Shape{1, 8, 3, 5} : draws.shape();
    cases.push_back(together(draws.name(function.name + (" of " + to_string(shape))), {{f32(shape)}}, {function}));
    cases.back().jumps = function.name == std::string("softplus");  // at its threshold, after a product
  }
  return cases;
}

}  // namespace tuff::test
