#include "graph/graph.h"

#include <doctest/doctest.h>

#include "base/error.h"
#include "graph/verify.h"

using namespace tuff;

TEST_CASE("shape: rank, channels, spatial extent, refusal of nonsense") {
  const Shape shape{2, 3, 5, 7};
  CHECK(shape.elements() == 210);
  CHECK(shape.batch() == 2);
  CHECK(shape.channels() == 3);
  CHECK(shape.spatial() == 35);
  CHECK(Shape{}.elements() == 1);
  CHECK(Shape{4}.channels() == 4);
  CHECK_THROWS_AS((Shape{2, 0}), Error);
  CHECK_THROWS_AS((Shape{1ll << 40, 1ll << 40}), Error);
}

TEST_CASE("shape: device strides of both layouts") {
  CHECK(strides({DType::f32, {2, 3, 5, 7}}) == std::vector<std::int64_t>{105, 1, 21, 3});
  CHECK(strides({DType::f32, {8, 4, 3, 3}, Layout::weight}) == std::vector<std::int64_t>{1, 8, 96, 32});
  CHECK(strides({DType::f32, {6, 4}, Layout::weight}) == std::vector<std::int64_t>{4, 1});
}

TEST_CASE("tensor: to the device's layout and back is the identity") {
  for (const Layout layout : {Layout::channels_last, Layout::weight}) {
    const TensorType type{DType::f32, {2, 3, 4, 5}, layout};
    HostTensor tensor(type.shape);
    for (std::size_t i = 0; i < tensor.floats().size(); ++i) tensor.floats()[i] = static_cast<float>(i);
    HostTensor device(type.shape), back(type.shape);
    to_device_layout(type, tensor.data, device.data);
    from_device_layout(type, device.data, back.data);
    CHECK(back.data == tensor.data);
    const std::vector<std::int64_t> stride = strides(type);
    CHECK(device.floats()[static_cast<std::size_t>(stride[0] + 2 * stride[1] + 3 * stride[2] + 4 * stride[3])] ==
          1 * 60 + 2 * 20 + 3 * 5 + 4);
  }
}

TEST_CASE("graph: variables share an arena at aligned offsets, shared names share memory") {
  Graph graph;
  const Value a = graph.parameter("a", {3, 3}, Initializer::constant(0));
  const Value b = graph.parameter("b", {65}, Initializer::constant(0));
  CHECK(graph.parameter("a", {3, 3}, Initializer::constant(0)) == a);
  CHECK_THROWS_AS(graph.parameter("a", {3, 4}, Initializer::constant(0)), Error);
  CHECK(graph.info(a).source.offset == 0);
  CHECK(graph.info(b).source.offset == 64);
  CHECK(graph.arena_elements("parameters") == 192);
  CHECK(graph.arena("parameters").shape() == Shape{192});
  CHECK_THROWS_AS(graph.parameter("late", {1}, Initializer::constant(0)), Error);
  CHECK(verify(graph).empty());
}

TEST_CASE("graph: names of inputs and outputs are unique") {
  Graph graph;
  const Value x = graph.input("x", {1, 1, 4, 4});
  CHECK_THROWS_AS(graph.input("x", {1}), Error);
  graph.output("y", x);
  CHECK_THROWS_AS(graph.output("y", x), Error);
}
