// Random numbers: one element, below, at and above a Philox block of four, several groups, every layout and rank, seeds
// and steps beyond 31 bits. The reference draws the same blocks on the host.
#pragma once

#include <cmath>
#include <numbers>

#include "base/philox.h"
#include "base/random_use.h"
#include "ops/random.h"
#include "support/op_case.h"
#include "support/random_shapes.h"

namespace tuff::test {

struct RandomKey {
  std::uint64_t seed = 7;
  std::uint32_t step = 0;
  std::uint32_t number = 0;
};

inline OpInput random_state_input(const RandomKey& key) {
  Array words(Shape{kRandomStateElements});
  const auto state = random_state(key.seed, key.step);
  for (std::size_t i = 0; i < state.size(); ++i) words.data[i] = state[i];
  OpInput input{.type = {DType::i32, {kRandomStateElements}}};
  input.values = words;
  return input;
}

inline Array uniform_reference(const Shape& shape, const RandomKey& key) {
  PhiloxStream stream(key.seed, key.step, key.number, static_cast<std::uint32_t>(RandomUse::op));
  Array result(shape);
  for (double& value : result.data) value = static_cast<double>(stream.uniform());
  return result;
}

inline Array normal_reference(const Shape& shape, const RandomKey& key) {
  PhiloxStream stream(key.seed, key.step, key.number, static_cast<std::uint32_t>(RandomUse::op));
  Array result(shape);
  for (std::size_t i = 0; i < result.data.size(); i += 2) {
    const double a = (stream.bits() + 0.5) * 0x1p-32, b = stream.bits() * 0x1p-32;
    const double radius = std::sqrt(-2 * std::log(a)), angle = 2 * std::numbers::pi * b;
    result.data[i] = radius * std::cos(angle);
    if (i + 1 < result.data.size()) result.data[i + 1] = radius * std::sin(angle);
  }
  return result;
}

// Both distributions of one type; the second op's number is one higher.
inline OpCase random_case(std::string name, const TensorType& type, RandomKey key) {
  OpCase op_case;
  op_case.name = std::move(name);
  op_case.inputs = {random_state_input(key)};
  op_case.build = [=](Graph&, std::span<const Value> x) {
    return std::vector<Value>{random_uniform(x[0], type, key.number), random_normal(x[0], type)};
  };
  op_case.reference = [=](std::span<const Array>) {
    RandomKey next = key;
    ++next.number;
    return std::vector<Array>{uniform_reference(type.shape, key), normal_reference(type.shape, next)};
  };
  op_case.tolerance = 1e-6;
  op_case.check_gradient = false;
  return op_case;
}

inline std::vector<OpCase> random_cases() {
  std::vector<OpCase> cases;
  for (const TensorType& type :
       {TensorType{}, TensorType{DType::f32, {3}}, TensorType{DType::f32, {4}}, TensorType{DType::f32, {5}},
        TensorType{DType::f32, {7, 9}}, TensorType{DType::f32, {2, 3, 11}}, TensorType{DType::f32, {2, 3, 11, 13}},
        TensorType{DType::f32, {3, 1, 5, 2}}, TensorType{DType::f32, {16, 8, 1, 1}},
        TensorType{DType::f32, {2, 3, 5, 4, 7}}, TensorType{DType::f32, {8, 4, 3, 3}, Layout::weight},
        TensorType{DType::f32, {5, 3, 3, 2}, Layout::transposed_weight}, TensorType{DType::f32, {4, 4, 64, 65}}})
    cases.push_back(random_case("random " + to_string(type), type, {}));
  const TensorType type{DType::f32, {2, 3, 5, 7}};
  cases.push_back(random_case("random, seed of 64 bits", type, {.seed = 0xfedcba9876543210u}));
  cases.push_back(random_case("random, a late step", type, {.step = 0xfffffff0u, .number = 3}));
  ShapeDraws draws("random");
  for (int i = 0; i < draws.rounds(6); ++i) {
    const TensorType drawn{DType::f32, draws.shape(), draws.layout()};
    const RandomKey key{.seed = static_cast<std::uint64_t>(draws.between(0, 1 << 30)),
                        .step = static_cast<std::uint32_t>(draws.between(0, 1 << 30)),
                        .number = static_cast<std::uint32_t>(draws.between(0, 100))};
    cases.push_back(random_case(draws.name(to_string(drawn)), drawn, key));
  }
  return cases;
}

}  // namespace tuff::test
