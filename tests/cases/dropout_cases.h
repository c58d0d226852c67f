// Dropout: elements and channels, ranks 1 to 5, odd extents, probabilities to both ends. The reference keeps what the
// host's Philox keeps.
#pragma once

#include "cases/random_cases.h"
#include "ops/dropout.h"

namespace tuff::test {

// What x is multiplied by.
inline Array dropout_reference(const Shape& shape, const DropoutAttributes& attributes, const RandomKey& key) {
  Array factors(shape, 1);
  if (!attributes.training || attributes.p == 0) return factors;
  std::vector<std::int64_t> extents = shape.extents();
  if (attributes.channels) std::fill(extents.begin() + 2, extents.end(), 1);
  const Array draws = uniform_reference(Shape(extents), key);
  const std::size_t each = factors.data.size() / draws.data.size();
  const auto p = static_cast<double>(attributes.p);
  for (std::size_t i = 0; i < factors.data.size(); ++i) factors.data[i] = draws.data[i / each] >= p ? 1 / (1 - p) : 0;
  return factors;
}

inline OpCase dropout_case(const Shape& shape, const DropoutAttributes& attributes, const RandomKey& key = {}) {
  OpCase op_case;
  op_case.name = "dropout " + to_string(shape);
  op_case.inputs = {{{DType::f32, shape}}, random_state_input(key)};
  op_case.build = [=](Graph&, std::span<const Value> x) { return std::vector<Value>{dropout(x[0], x[1], attributes)}; };
  op_case.reference = [=](std::span<const Array> x) {
    Array result = dropout_reference(shape, attributes, key);
    for (std::size_t i = 0; i < result.data.size(); ++i) result.data[i] *= x[0].data[i];
    return std::vector<Array>{result};
  };
  return op_case;
}

inline std::vector<OpCase> dropout_cases() {
  std::vector<OpCase> cases = {
      dropout_case({}, {}),
      dropout_case({7}, {}),
      dropout_case({5, 3}, {.p = 0.3f}),
      dropout_case({3, 4}, {.channels = true}),
      dropout_case({2, 3, 9}, {.p = 0.2f}),
      dropout_case({2, 3, 9}, {.channels = true}),
      dropout_case({2, 8, 5, 7}, {.p = 0.9f}),
      dropout_case({3, 8, 5, 7}, {.p = 0.25f, .channels = true}),
      dropout_case({2, 5, 1, 6, 3}, {}),
      dropout_case({2, 5, 3, 1, 2}, {.channels = true}),
      dropout_case({2, 3, 4, 4}, {.p = 1}),
      dropout_case({2, 3, 4, 4}, {.p = 0}),
      dropout_case({2, 3, 4, 4}, {.training = false}),
  };
  ShapeDraws draws("dropout");
  for (int i = 0; i < draws.rounds(6); ++i) {
    const DropoutAttributes attributes{.p = static_cast<float>(draws.between(1, 9)) / 10, .channels = draws.coin()};
    const RandomKey key{.seed = static_cast<std::uint64_t>(draws.between(0, 1 << 30)),
                        .step = static_cast<std::uint32_t>(draws.between(0, 1000))};
    cases.push_back(dropout_case(draws.image(), attributes, key));
    cases.back().name = draws.name(cases.back().name);
  }
  return cases;
}

}  // namespace tuff::test
