#pragma once

#include "cases/pool_cases.h"
#include "ops/unpool.h"

namespace tuff::test {

inline OpCase max_unpool_case(std::string name, const Shape& shape, const PoolAttributes& attributes) {
  OpCase result{.name = std::move(name), .inputs = {{.type = {DType::f32, shape}, .fill = Fill::distinct}}};
  result.build = [=](Graph&, std::span<const Value> x) {
    const MaxPool pooled = max_pool(x[0], attributes);
    return std::vector<Value>{max_unpool(pooled.output, pooled.indices, attributes, shape)};
  };
  result.reference = [=](std::span<const Array> x) {
    const std::vector<Array> pooled = max_pool_reference(x[0], attributes);
    Array output(shape);
    const std::int64_t plane = shape.spatial();
    const std::int64_t windows = pooled[0].shape.spatial();
    for (std::int64_t i = 0; i < pooled[0].shape.elements(); ++i) {
      const auto from = static_cast<std::size_t>(i);
      output.data[static_cast<std::size_t>(i / windows * plane) + static_cast<std::size_t>(pooled[1].data[from])] = pooled[0].data[from];
    }
    return std::vector<Array>{output};
  };
  return result;
}

inline std::vector<OpCase> max_unpool_cases() {
  return {
      max_unpool_case("2x2", {2, 8, 6, 10}, {.kernel = {2}}),
      max_unpool_case("2x2 of odd sizes", {2, 3, 7, 9}, {.kernel = {2}}),
      max_unpool_case("line", {2, 4, 67}, {.kernel = {3}}),
      max_unpool_case("volume", {1, 4, 4, 5, 6}, {.kernel = {2}}),
  };
}

}  // namespace tuff::test
