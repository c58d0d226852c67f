// Elementary functions, those of the table's last rows and those composed, over several ranks and at special places.
#pragma once

#include <cmath>
#include <string>

#include "cases/pointwise_cases.h"
#include "ops/elementary.h"
#include "support/known.h"

namespace tuff::test {

// clang-format off
// Elementary functions and their gradients of PyTorch 2.13 in double precision, at {inf, -inf, 0, -1, 1, 200, -200, 3, -3, 6, 0.5, -0.5}.
inline std::vector<Known> known_elementary() {
  return {
      {"ceil", {kInf, -kInf, 0, -1, 1, 200, -200, 3, -3, 6, 1, -0},
       {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0}},
      {"floor", {kInf, -kInf, 0, -1, 1, 200, -200, 3, -3, 6, 0, -1},
       {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0}},
      {"round", {kInf, -kInf, 0, -1, 1, 200, -200, 3, -3, 6, 0, -0},
       {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0}},
      {"trunc", {kInf, -kInf, 0, -1, 1, 200, -200, 3, -3, 6, 0, -0},
       {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0}},
      {"sin", {kNaN, kNaN, 0, -0.841470985, 0.841470985, -0.873297297, 0.873297297, 0.141120008, -0.141120008, -0.279415498, 0.479425539, -0.479425539},
       {kNaN, kNaN, 1, 0.540302306, 0.540302306, 0.487187675, 0.487187675, -0.989992497, -0.989992497, 0.960170287, 0.877582562, 0.877582562}},
      {"cos", {kNaN, kNaN, 1, 0.540302306, 0.540302306, 0.487187675, 0.487187675, -0.989992497, -0.989992497, 0.960170287, 0.877582562, 0.877582562},
       {kNaN, kNaN, -0, 0.841470985, -0.841470985, 0.873297297, -0.873297297, -0.141120008, 0.141120008, 0.279415498, -0.479425539, 0.479425539}},
      {"tan", {kNaN, kNaN, 0, -1.55740772, 1.55740772, -1.79252748, 1.79252748, -0.142546543, 0.142546543, -0.291006191, 0.54630249, -0.54630249},
       {kNaN, kNaN, 1, 3.42551882, 3.42551882, 4.21315478, 4.21315478, 1.02031952, 1.02031952, 1.0846846, 1.29844641, 1.29844641}},
      {"asin", {kNaN, kNaN, 0, -1.57079633, 1.57079633, kNaN, kNaN, kNaN, kNaN, kNaN, 0.523598776, -0.523598776},
       {kNaN, kNaN, 1, kInf, kInf, kNaN, kNaN, kNaN, kNaN, kNaN, 1.15470054, 1.15470054}},
      {"acos", {kNaN, kNaN, 1.57079633, 3.14159265, 0, kNaN, kNaN, kNaN, kNaN, kNaN, 1.04719755, 2.0943951},
       {kNaN, kNaN, -1, -kInf, -kInf, kNaN, kNaN, kNaN, kNaN, kNaN, -1.15470054, -1.15470054}},
      {"atan", {1.57079633, -1.57079633, 0, -0.785398163, 0.785398163, 1.56579637, -1.56579637, 1.24904577, -1.24904577, 1.40564765, 0.463647609, -0.463647609},
       {0, 0, 1, 0.5, 0.5, 2.4999375e-05, 2.4999375e-05, 0.1, 0.1, 0.027027027, 0.8, 0.8}},
      {"sinh", {kInf, -kInf, 0, -1.17520119, 1.17520119, 3.61298688e+86, -3.61298688e+86, 10.0178749, -10.0178749, 201.713157, 0.521095305, -0.521095305},
       {kInf, kInf, 1, 1.54308063, 1.54308063, 3.61298688e+86, 3.61298688e+86, 10.067662, 10.067662, 201.715636, 1.12762597, 1.12762597}},
      {"cosh", {kInf, kInf, 1, 1.54308063, 1.54308063, 3.61298688e+86, 3.61298688e+86, 10.067662, 10.067662, 201.715636, 1.12762597, 1.12762597},
       {kInf, -kInf, 0, -1.17520119, 1.17520119, 3.61298688e+86, -3.61298688e+86, 10.0178749, -10.0178749, 201.713157, 0.521095305, -0.521095305}},
      {"asinh", {kInf, -kInf, 0, -0.881373587, 0.881373587, 5.9914708, -5.9914708, 1.81844646, -1.81844646, 2.49177985, 0.481211825, -0.481211825},
       {0, 0, 1, 0.707106781, 0.707106781, 0.0049999375, 0.0049999375, 0.316227766, 0.316227766, 0.164398987, 0.894427191, 0.894427191}},
      {"acosh", {kInf, kNaN, kNaN, kNaN, 0, 5.9914583, kNaN, 1.76274717, kNaN, 2.47788873, kNaN, kNaN},
       {0, 0, kNaN, kInf, kInf, 0.0050000625, 0.0050000625, 0.353553391, 0.353553391, 0.169030851, kNaN, kNaN}},
      {"atanh", {kNaN, kNaN, 0, -kInf, kInf, kNaN, kNaN, kNaN, kNaN, kNaN, 0.549306144, -0.549306144},
       {-0, -0, 1, kInf, kInf, -2.5000625e-05, -2.5000625e-05, -0.125, -0.125, -0.0285714286, 1.33333333, 1.33333333}},
      {"erf", {1, -1, 0, -0.842700793, 0.842700793, 1, -1, 0.99997791, -0.99997791, 1, 0.520499878, -0.520499878},
       {0, 0, 1.12837917, 0.415107497, 0.415107497, 0, 0, 0.000139253052, 0.000139253052, 2.61730124e-16, 0.878782579, 0.878782579}},
      {"expm1", {kInf, -1, 0, -0.632120559, 1.71828183, 7.22597377e+86, -1, 19.0855369, -0.950212932, 402.428793, 0.648721271, -0.39346934},
       {kInf, 0, 1, 0.367879441, 2.71828183, 7.22597377e+86, 0, 20.0855369, 0.0497870684, 403.428793, 1.64872127, 0.60653066}},
      {"log1p", {kInf, kNaN, 0, -kInf, 0.693147181, 5.30330491, kNaN, 1.38629436, kNaN, 1.94591015, 0.405465108, -0.693147181},
       {0, -0, 1, kInf, 0.5, 0.00497512438, -0.00502512563, 0.25, -0.5, 0.142857143, 0.666666667, 2}},
      {"log2", {kInf, kNaN, -kInf, kNaN, 0, 7.64385619, kNaN, 1.5849625, kNaN, 2.5849625, -1, kNaN},
       {0, -0, kInf, -1.44269504, 1.44269504, 0.0072134752, -0.0072134752, 0.480898347, -0.480898347, 0.240449173, 2.88539008, -2.88539008}},
      {"sqrt", {kInf, kNaN, 0, kNaN, 1, 14.1421356, kNaN, 1.73205081, kNaN, 2.44948974, 0.707106781, kNaN},
       {0, kNaN, kInf, kNaN, 0.5, 0.0353553391, kNaN, 0.288675135, kNaN, 0.204124145, 0.707106781, kNaN}},
      {"fmod", {kNaN, kNaN, 0, -0.25, 0.25, 0.5, -0.5, 0, -0, 0, 0.5, -0.5},
       {1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1}},
      {"remainder", {kNaN, kNaN, 0, -0.25, -0.5, -0.25, -0.5, 0, -0, 0, -0.25, -0.5},
       {1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1}},
      {"pow_0", {1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1},
       {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0}},
      {"pow_1", {kInf, -kInf, 0, -1, 1, 200, -200, 3, -3, 6, 0.5, -0.5},
       {1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1}},
      {"pow_2", {kInf, kInf, 0, 1, 1, 40000, 40000, 9, 9, 36, 0.25, 0.25},
       {kInf, -kInf, 0, -2, 2, 400, -400, 6, -6, 12, 1, -1}},
      {"pow_3", {kInf, -kInf, 0, -1, 1, 8000000, -8000000, 27, -27, 216, 0.125, -0.125},
       {kInf, kInf, 0, 3, 3, 120000, 120000, 27, 27, 108, 0.75, 0.75}},
      {"clamp", {3, -1, 0, -1, 1, 3, -1, 3, -1, 3, 0.5, -0.5},
       {0, 0, 1, 1, 1, 0, 0, 1, 0, 0, 1, 1}},
  };
}

// clang-format on

inline std::vector<Named> elementary_functions() {
  return {
      {"sin", [](Inputs x) { return sin(mul_scalar(x[0], 7)); },
       [](double a, double, double) { return std::sin(7 * a); }},
      {"cos", [](Inputs x) { return cos(mul_scalar(x[0], 7)); },
       [](double a, double, double) { return std::cos(7 * a); }},
      {"tan", [](Inputs x) { return tan(x[0]); }, [](double a, double, double) { return std::tan(a); }},
      {"asin", [](Inputs x) { return asin(mul_scalar(x[0], 0.9f)); },
       [](double a, double, double) { return std::asin(0.9f * a); }},
      {"acos", [](Inputs x) { return acos(mul_scalar(x[0], 0.9f)); },
       [](double a, double, double) { return std::acos(0.9f * a); }},
      {"atan", [](Inputs x) { return atan(mul_scalar(x[0], 4)); },
       [](double a, double, double) { return std::atan(4 * a); }},
      {"sinh", [](Inputs x) { return sinh(mul_scalar(x[0], 2)); },
       [](double a, double, double) { return std::sinh(2 * a); }},
      {"cosh", [](Inputs x) { return cosh(mul_scalar(x[0], 2)); },
       [](double a, double, double) { return std::cosh(2 * a); }},
      {"asinh", [](Inputs x) { return asinh(mul_scalar(x[0], 3)); },
       [](double a, double, double) { return std::asinh(3 * a); }},
      {"acosh", [](Inputs x) { return acosh(add_scalar(x[0], 2.5f)); },
       [](double a, double, double) { return std::acosh(a + 2.5); }},
      {"atanh", [](Inputs x) { return atanh(mul_scalar(x[0], 0.9f)); },
       [](double a, double, double) { return std::atanh(0.9f * a); }},
      {"erf", [](Inputs x) { return erf(mul_scalar(x[0], 2)); },
       [](double a, double, double) { return std::erf(2 * a); }},
      {"expm1", [](Inputs x) { return expm1(x[0]); }, [](double a, double, double) { return std::expm1(a); }},
      {"log1p", [](Inputs x) { return log1p(mul_scalar(x[0], 0.9f)); },
       [](double a, double, double) { return std::log1p(0.9f * a); }},
      {"log2", [](Inputs x) { return log2(add_scalar(x[0], 1.5f)); },
       [](double a, double, double) { return std::log2(a + 1.5); }},
      {"rounding",
       [](Inputs x) {
         const Value y = mul_scalar(x[0], 5);
         return add(add(round(y), mul_scalar(ceil(y), 16)), mul_scalar(trunc(y), 256));
       },
       [](double a, double, double) {
         return std::nearbyint(5 * a) + 16 * std::ceil(5 * a) + 256 * std::trunc(5 * a);
       }},
      {"lerp", [](Inputs x) { return add(lerp(x[0], square(x[0]), 0.3f), lerp(x[0], square(x[0]), 0.8f)); },
       [](double a, double, double) { return a + 0.3f * (a * a - a) + a + 0.8f * (a * a - a); }},
  };
}

inline double remainder_of(double a, double b) {
  return a - b * std::floor(a / b);
}

inline std::vector<OpCase> elementary_cases() {
  const auto f32 = [](Shape shape) { return TensorType{DType::f32, std::move(shape)}; };
  const auto middle = [](double a, double b, double c) { return std::fmin(std::fmax(a, b), c); };
  std::vector<OpCase> cases = {
      together("fmod and remainder", {{f32({2, 4, 9})}, {f32({4, 1}), Fill::positive}},
               {{"fmod", [](Inputs x) { return fmod(mul_scalar(x[0], 9), x[1]); },
                 [](double a, double b, double) { return std::fmod(9 * a, b); }},
                {"remainder", [](Inputs x) { return remainder(mul_scalar(x[0], 9), x[1]); },
                 [](double a, double b, double) { return remainder_of(9 * a, b); }},
                {"negative", [](Inputs x) { return remainder(mul_scalar(x[0], 9), neg(x[1])); },
                 [](double a, double b, double) { return remainder_of(9 * a, -b); }}}),
      together("clamp by tensors", {{f32({3, 5, 7})}, {f32({5, 1})}, {f32({1, 7})}},
               {{"both", [](Inputs x) { return clamp(x[0], x[1], x[2]); }, middle},
                {"low", [](Inputs x) { return clamp(x[0], add(x[1], mul_scalar(x[2], 0)), {}); },
                 [](double a, double b, double) { return std::fmax(a, b); }}}),
      together("lerp by tensor", {{f32({3, 8})}, {f32({3, 8})}, {f32({8}), Fill::uniform}},
               {{"lerp", [](Inputs x) { return lerp(x[0], x[1], x[2]); },
                 [](double a, double b, double w) { return a + w * (b - a); }}}),
  };
  cases.front().jumps = true;
  // Each by itself: drivers compile a kernel for every order of those in one graph.
  ShapeDraws draws("elementary");
  const std::vector<Named> functions = elementary_functions();
  for (int i = 0; i < draws.rounds(static_cast<int>(functions.size())); ++i) {
    const Named& function = functions[static_cast<std::size_t>(i) % functions.size()];
    const Shape shape = draws.coin() ? Shape{1, 8, 3, 5} : draws.shape();
    cases.push_back(together(draws.name(function.name + (" of " + to_string(shape))), {{f32(shape)}}, {function}));
    cases.back().jumps = function.name == std::string("rounding");
  }
  return cases;
}

}  // namespace tuff::test
