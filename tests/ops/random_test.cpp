#include "ops/random.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <cmath>
#include <functional>
#include <set>

#include "base/error.h"
#include "cases/random_cases.h"
#include "ops/pointwise.h"
#include "runtime/compile.h"
#include "support/op_check.h"
#include "support/test_device.h"

namespace tuff::test {
namespace {

constexpr std::int64_t kMany = 1 << 16;

std::vector<float> draw(const std::function<Value(Value state)>& build, std::uint64_t seed = 1, std::int64_t step = 0) {
  Graph graph;
  graph.output("y", build(graph.input("state", {kRandomStateElements}, DType::i32)));
  const auto executable = compile(graph, test_device(), nullptr);
  executable->write("state", HostTensor::from_ints({kRandomStateElements}, random_state(seed, step)));
  executable->run();
  const HostTensor y = executable->read("y");
  return {y.floats().begin(), y.floats().end()};
}

std::vector<float> draw_normals(std::uint64_t seed = 1, std::int64_t step = 0, std::uint32_t number = 0) {
  return draw([&](Value state) { return random_normal(state, {DType::f32, {kMany}}, number); }, seed, step);
}

double moment(const std::vector<float>& values, int power) {
  double sum = 0;
  for (const float value : values) sum += std::pow(static_cast<double>(value), power);
  return sum / static_cast<double>(values.size());
}

// Kolmogorov's statistic times the root of the count: above 1.95 once in a thousand times.
double kolmogorov(std::vector<float> values, const std::function<double(double)>& distribution) {
  std::sort(values.begin(), values.end());
  const auto count = static_cast<double>(values.size());
  double largest = 0;
  for (std::size_t i = 0; i < values.size(); ++i) {
    const double expected = distribution(static_cast<double>(values[i]));
    largest = std::max({largest, std::abs(expected - static_cast<double>(i) / count),
                        std::abs(expected - static_cast<double>(i + 1) / count)});
  }
  return largest * std::sqrt(count);
}

double correlation(const std::vector<float>& a, const std::vector<float>& b, std::size_t shift = 0) {
  double sum = 0;
  for (std::size_t i = 0; i + shift < a.size(); ++i)
    sum += static_cast<double>(a[i]) * static_cast<double>(b[i + shift]);
  return sum / std::sqrt(static_cast<double>(a.size()));  // deviation 1 where independent
}

}  // namespace

TEST_CASE("random: the host's Philox gives the same numbers in every layout and rank") {
  for (const OpCase& op_case : random_cases()) check(op_case);
}

TEST_CASE("random: uniform numbers are the host's to the bit") {
  const std::vector<float> values = draw(
      [](Value state) {
        return random_uniform(state, {DType::f32, {3, 5, 7, 9}}, 4);
      },
      0x123456789abcu, 77);
  PhiloxStream stream(0x123456789abcu, 77, 4, static_cast<std::uint32_t>(RandomUse::op));
  for (const float value : values) REQUIRE(value == stream.uniform());
}

TEST_CASE("random: moments and distributions") {
  const std::vector<float> uniform = draw([](Value state) { return random_uniform(state, {DType::f32, {kMany}}); });
  CHECK(moment(uniform, 1) == doctest::Approx(0.5).epsilon(0.01));
  CHECK(moment(uniform, 2) == doctest::Approx(1.0 / 3).epsilon(0.01));
  CHECK(*std::ranges::min_element(uniform) >= 0);
  CHECK(*std::ranges::max_element(uniform) < 1);
  CHECK(kolmogorov(uniform, [](double x) { return x; }) < 1.95);

  const std::vector<float> normal = draw_normals();
  const double deviation = 1 / std::sqrt(static_cast<double>(kMany));
  CHECK(std::abs(moment(normal, 1)) < 4 * deviation);
  CHECK(std::abs(moment(normal, 2) - 1) < 4 * std::sqrt(2.0) * deviation);
  CHECK(std::abs(moment(normal, 3)) < 4 * std::sqrt(15.0) * deviation);
  CHECK(std::abs(moment(normal, 4) - 3) < 4 * std::sqrt(96.0) * deviation);
  CHECK(kolmogorov(normal, [](double x) { return 0.5 * std::erfc(-x / std::sqrt(2.0)); }) < 1.95);
  for (const std::size_t shift : {1u, 2u, 3u, 4u, 64u}) CHECK(std::abs(correlation(normal, normal, shift)) < 4);
}

TEST_CASE("random: seeds, steps and ops draw their own numbers, and the same ones again") {
  const std::vector<float> first = draw_normals(1, 0, 0);
  CHECK(first == draw_normals(1, 0, 0));
  const std::vector<std::vector<float>> others = {draw_normals(2, 0, 0), draw_normals(std::uint64_t{1} << 32 | 1, 0, 0),
                                                  draw_normals(1, 1, 0), draw_normals(1, 0, 1)};
  for (std::size_t i = 0; i < others.size(); ++i) {
    CHECK(first != others[i]);
    CHECK(std::abs(correlation(first, others[i])) < 4);
    for (std::size_t j = 0; j < i; ++j) CHECK(std::abs(correlation(others[j], others[i])) < 4);
  }
}

TEST_CASE("random: each run draws by the state that was written for it") {
  Graph graph;
  graph.output("y", random_uniform(graph.input("state", {kRandomStateElements}, DType::i32), {DType::f32, {16}}));
  const auto executable = compile(graph, test_device(), nullptr);
  std::set<float> seen;
  for (std::int64_t step = 0; step < 5; ++step) {
    executable->write("state", HostTensor::from_ints({kRandomStateElements}, random_state(3, step)));
    executable->run();
    const HostTensor y = executable->read("y");
    seen.insert(y.floats().begin(), y.floats().end());
  }
  CHECK(seen.size() == 80);
}

TEST_CASE("random: fused into a chain the numbers stay the same; ops of one graph differ") {
  const std::vector<float> plain = draw([](Value state) { return random_uniform(state, {DType::f32, {2, 4, 6, 6}}); });
  const std::vector<float> fused = draw([](Value state) {
    const TensorType type{DType::f32, {2, 4, 6, 6}};
    const Value a = random_uniform(state, type), b = random_uniform(state, type);
    return add(mul_scalar(a, 2.0f), mul_scalar(sub(b, b), 1.0f));
  });
  for (std::size_t i = 0; i < plain.size(); ++i) REQUIRE(fused[i] == 2 * plain[i]);
  const std::vector<float> difference = draw([](Value state) {
    return sub(random_uniform(state, {DType::f32, {64}}), random_uniform(state, {DType::f32, {64}}));
  });
  CHECK(std::ranges::count(difference, 0.0f) < 2);
  const std::vector<float> same = draw([](Value state) {
    return sub(random_uniform(state, {DType::f32, {64}}, 5), random_uniform(state, {DType::f32, {64}}, 5));
  });
  CHECK(std::ranges::count(same, 0.0f) == 64);
}

TEST_CASE("random: bernoulli") {
  const auto draw_bernoulli = [](float p) {
    return draw([&](Value state) {
      return bernoulli(add_scalar(mul_scalar(random_uniform(state, {DType::f32, {4, 4, 32, 33}}), 0), p), state);
    });
  };
  for (const float p : {0.0f, 0.1f, 0.7f, 1.0f}) {
    const std::vector<float> values = draw_bernoulli(p);
    for (const float value : values) REQUIRE((value == 0 || value == 1));
    const auto count = static_cast<double>(values.size());
    const double probability = static_cast<double>(p);
    CHECK(std::abs(moment(values, 1) - probability) <= 4 * std::sqrt(probability * (1 - probability) / count));
  }
}

TEST_CASE("random: a state of the wrong type and steps out of range are refused") {
  Graph graph;
  const TensorType type{DType::f32, {4}};
  const Value state = graph.input("state", {kRandomStateElements}, DType::i32);
  CHECK_THROWS_WITH_AS(random_uniform(graph.input("f", {kRandomStateElements}), type), doctest::Contains("i32 of 3"),
                       Error);
  CHECK_THROWS_WITH_AS(random_normal(graph.input("four", {4}, DType::i32), type), doctest::Contains("not i32 4"),
                       Error);
  CHECK_THROWS_WITH_AS(random_uniform(state, {DType::i32, {4}}), doctest::Contains("isn't f32"), Error);
  CHECK_THROWS_WITH_AS(random_state(1, -1), doctest::Contains("step -1"), Error);
  CHECK_THROWS_AS(random_state(1, std::int64_t{1} << 32), Error);
}

}  // namespace tuff::test
