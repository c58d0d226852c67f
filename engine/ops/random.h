// Random numbers made on the device by Philox4x32-10 (base/philox.h), a pure function of (seed, step, the op's number,
// the element's logical index in (N, C, spatial...) order): layout, rank, device and what else the graph holds change
// nothing. Seed and step come from an i32 input, the random state, that the host writes before each run.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <vector>

#include "graph/graph.h"
#include "plan/kernel.h"

namespace tuff {

// Elements of the random state: low word of the seed, high word, step.
inline constexpr int kRandomStateElements = 3;

// What the host writes; step is 0 to 2^32 - 1, else Error.
std::array<std::int32_t, kRandomStateElements> random_state(std::uint64_t seed, std::int64_t step);

// Uniform in [0, 1), multiples of 2^-24: element i is the i-th uniform() of PhiloxStream(seed, step, number,
// RandomUse::op). `state` is an i32 tensor of kRandomStateElements; the result is f32 of the type's shape and layout.
// Ops of equal number and type give equal values; where none is given, it is one above the highest in the graph.
// No gradient.
Value random_uniform(Value state, TensorType type, std::optional<std::uint32_t> number = {});

// Mean 0, deviation 1, by Box and Muller (1958) from the stream's bits: of each pair a, b of words, with
// r = sqrt(-2 ln((a + 1/2) / 2^32)) and t = 2 pi b / 2^32, elements 2 i and 2 i + 1 are r cos t and r sin t. To a few
// units in the last place on every driver.
Value random_normal(Value state, TensorType type, std::optional<std::uint32_t> number = {});

// torch.bernoulli: 1 with probability p (f32, any shape; at most 0 gives 0, at least 1 gives 1), else 0. No gradient.
Value bernoulli(Value p, Value state, std::optional<std::uint32_t> number = {});

class Random : public Op {
 public:
  enum class Distribution : std::uint8_t { uniform, normal };
  Random(Distribution distribution, TensorType type, std::uint32_t number)
      : distribution_(distribution), type_(std::move(type)), number_(number) {}
  Distribution distribution() const { return distribution_; }
  std::uint32_t number() const { return number_; }

  std::string_view name() const override { return "random"; }
  std::string attributes() const override;
  std::vector<TensorType> infer(std::span<const TensorType> inputs) const override;
  std::vector<Value> gradient(const GradientContext&) const override { return {Value{}}; }

 private:
  Distribution distribution_;
  TensorType type_;
  std::uint32_t number_;
};

std::vector<Kernel> random_kernels();

}  // namespace tuff
