#include <doctest/doctest.h>

#include <numbers>

#include "base/error.h"
#include "cases/elementary_cases.h"
#include "support/known_values.h"
#include "support/op_check.h"

namespace tuff::test {

TEST_CASE("elementary") {
  for (const OpCase& op_case : elementary_cases()) check(op_case);
}

TEST_CASE("elementary: infinities, NaN, bounds of domains and gradients there are PyTorch's") {
  const auto constant = [](Value x, float value) { return x.graph().scalar(value); };
  const std::map<std::string, Unary> functions = {
      {"ceil", ceil},
      {"floor", floor},
      {"round", round},
      {"trunc", trunc},
      {"sin", sin},
      {"cos", cos},
      {"tan", tan},
      {"asin", asin},
      {"acos", acos},
      {"atan", atan},
      {"sinh", sinh},
      {"cosh", cosh},
      {"asinh", asinh},
      {"acosh", acosh},
      {"atanh", atanh},
      {"erf", erf},
      {"expm1", expm1},
      {"log1p", log1p},
      {"log2", log2},
      {"sqrt", sqrt},
      {"fmod", [&](Value x) { return fmod(x, constant(x, 0.75f)); }},
      {"remainder", [&](Value x) { return remainder(x, constant(x, -0.75f)); }},
      {"pow_0", [](Value x) { return pow(x, 0.0f); }},
      {"pow_1", [](Value x) { return pow(x, 1.0f); }},
      {"pow_2", [](Value x) { return pow(x, 2.0f); }},
      {"pow_3", [](Value x) { return pow(x, 3.0f); }},
      {"clamp", [&](Value x) { return clamp(x, constant(x, -1), constant(x, 3)); }},
  };
  check_known(known_elementary(), functions, {kInf, -kInf, 0, -1, 1, 200, -200, 3, -3, 6, 0.5, -0.5});
}

TEST_CASE("elementary: accurate to 1e-6 of each element") {
  struct Range {
    const char* name;
    Unary function;
    double (*reference)(double);
    double low, high;
  };
  const Range ranges[] = {
      {"sin", sin, std::sin, -3, 3},
      {"cos", cos, std::cos, -1.5, 1.5},
      {"tan", tan, std::tan, -1.5, 1.5},
      {"asin", asin, std::asin, -1, 1},
      {"acos", acos, std::acos, -1, 0.999},
      {"atan", atan, std::atan, -30, 30},
      {"atan of large", atan, std::atan, 1e3, 1e9},
      {"sinh", sinh, std::sinh, -2, 2},
      {"sinh of large", sinh, std::sinh, 2, 89},
      {"cosh", cosh, std::cosh, -89, 89},
      {"asinh", asinh, std::asinh, -5, 5},
      {"asinh of large", asinh, std::asinh, 1e9, 1e30},
      {"acosh", acosh, std::acosh, 1, 3},
      {"acosh of large", acosh, std::acosh, 3, 1e30},
      {"atanh", atanh, std::atanh, -0.99, 0.99},
      {"erf", erf, std::erf, -4.5, 4.5},
      {"expm1", expm1, std::expm1, -20, 20},
      {"expm1 near 0", expm1, std::expm1, -1e-3, 1e-3},
      {"log1p", log1p, std::log1p, -0.99, 20},
      {"log1p near 0", log1p, std::log1p, -1e-3, 1e-3},
      {"log2", log2, std::log2, 1.1, 1e6},
  };
  for (const Range& range : ranges) {
    INFO(std::string(range.name));
    CHECK(element_error(range.function, range.reference, range.low, range.high) < 1e-6);
  }
}

TEST_CASE("elementary: sin and cos keep their digits at large angles") {
  std::vector<double> at;
  for (int i = -2000; i <= 2000; ++i) at.push_back(static_cast<float>(49.37 * i));  // to 98740
  const std::vector<double> sines = value_and_gradient(sin, at).values, cosines = value_and_gradient(cos, at).values;
  double worst = 0;
  for (std::size_t i = 0; i < at.size(); ++i)
    worst = std::max({worst, std::fabs(sines[i] - std::sin(at[i])), std::fabs(cosines[i] - std::cos(at[i]))});
  CHECK(worst < 2e-7);
}

TEST_CASE("elementary: fmod is exact, whatever the quotient") {
  const std::vector<double> at = {1e30, -1e30, 16777216, 3.4e38, 1e-3, -7.5, 0.3f, 5e9f};
  for (const float divisor : {0.3f, -1.7f, 3.0f, 1e-5f}) {
    std::vector<double> expected;
    for (const double a : at)
      expected.push_back(std::fmod(static_cast<double>(static_cast<float>(a)), static_cast<double>(divisor)));
    const auto got = value_and_gradient([&](Value x) { return fmod(x, x.graph().scalar(divisor)); }, at).values;
    for (std::size_t i = 0; i < at.size(); ++i) CHECK(got[i] == expected[i]);
  }
  const auto of_zero = value_and_gradient([](Value x) { return fmod(x, x.graph().scalar(0)); }, at).values;
  for (const double value : of_zero) CHECK(std::isnan(value));
}

TEST_CASE("elementary: round takes halves to even") {
  const auto got = value_and_gradient(round, {0.5, 1.5, 2.5, -0.5, -1.5, 8388609, 0.49999997});
  CHECK(got.values == std::vector<double>{0, 2, 2, 0, -2, 8388609, 0});
}

TEST_CASE("elementary: powers and their gradients where PyTorch has special cases") {
  struct Power {
    double a, b, y, da, db;
  };
  const Power powers[] = {
      {0, 0, 1, 0, 0},
      {0, 1, 0, 1, 0},
      {0, -1, kInf, -kInf, -kInf},
      {0, 3, 0, 0, 0},
      {1, kNaN, 1, kNaN, 0},
      {kNaN, 0, 1, 0, kNaN},
      {-1, 3, -1, 3, kNaN},
      {-2, 2, 4, -4, kNaN},
      {-2, 0.5, kNaN, kNaN, kNaN},
      {1, kInf, 1, kInf, 0},
      {-1, kInf, 1, kInf, kNaN},
      {kInf, 2, kInf, kInf, kInf},
      {-kInf, 3, -kInf, kInf, kNaN},
      {kInf, -1, 0, 0, kNaN},
      {2, 3, 8, 12, 5.545177444},
  };
  for (const Power& power : powers) {
    INFO(power.a, " to the ", power.b);
    const float a = static_cast<float>(power.a), b = static_cast<float>(power.b);
    const auto of_base = value_and_gradient([&](Value x) { return pow(x, x.graph().scalar(b)); }, {power.a});
    const auto of_exponent = value_and_gradient([&](Value x) { return pow(x.graph().scalar(a), x); }, {power.b});
    CHECK(agrees(of_base.values[0], power.y, 1e-6));
    CHECK(agrees(of_base.gradients[0], power.da, 1e-6));
    CHECK(agrees(of_exponent.gradients[0], power.db, 1e-6));
  }
}

TEST_CASE("elementary: what is infinite, finite, no number; logic of nonzero values") {
  const std::vector<double> at = {kNaN, kInf, -kInf, 3e38, 0, -2};
  const auto of = [&](const Unary& function) { return value_and_gradient(function, at).values; };
  using Doubles = std::vector<double>;
  CHECK(of(isnan) == Doubles{1, 0, 0, 0, 0, 0});
  CHECK(of([](Value x) { return isinf(x); }) == Doubles{0, 1, 1, 0, 0, 0});
  CHECK(of([](Value x) { return isinf(x, true, false); }) == Doubles{0, 1, 0, 0, 0, 0});
  CHECK(of([](Value x) { return isinf(x, false, true); }) == Doubles{0, 0, 1, 0, 0, 0});
  CHECK(of([](Value x) { return isinf(x, false, false); }) == Doubles{0, 0, 0, 0, 0, 0});
  CHECK(of(isfinite) == Doubles{0, 0, 0, 1, 1, 1});
  CHECK(of(logical_not) == Doubles{0, 0, 0, 0, 1, 0});
  const auto with = [&](Value (*op)(Value, Value), float other) {
    return of([&](Value x) { return op(x, x.graph().scalar(other)); });
  };
  CHECK(with(logical_and, 1) == Doubles{1, 1, 1, 1, 0, 1});
  CHECK(with(logical_and, 0) == Doubles{0, 0, 0, 0, 0, 0});
  CHECK(with(logical_or, 0) == Doubles{1, 1, 1, 1, 0, 1});
  CHECK(with(logical_or, -1) == Doubles{1, 1, 1, 1, 1, 1});
  CHECK(with(logical_xor, 1) == Doubles{0, 0, 0, 0, 1, 0});
  CHECK(with(logical_xor, 0) == Doubles{1, 1, 1, 1, 0, 1});
}

TEST_CASE("elementary: a bound that is no number makes clamp NaN; a low above the high gives the high") {
  const auto clamped = [](float low, float high) {
    return value_and_gradient([=](Value x) { return clamp(x, x.graph().scalar(low), x.graph().scalar(high)); },
                              {-1, 0, 1})
        .values;
  };
  for (const double value : clamped(NAN, 1)) CHECK(std::isnan(value));
  for (const double value : clamped(0, NAN)) CHECK(std::isnan(value));
  CHECK(clamped(0.5f, -0.5f) == std::vector<double>{-0.5, -0.5, -0.5});
}

}  // namespace tuff::test
