// Examples that can be worked out by hand, as textbooks print them: small integers in, exact results out.
#include <doctest/doctest.h>

#include "base/error.h"
#include "base/philox.h"
#include "ops/conv.h"
#include "ops/conv_transpose.h"
#include "ops/pool.h"
#include "ops/resize.h"
#include "ops/unpool.h"
#include "runtime/compile.h"
#include "support/test_device.h"

namespace tuff::test {
namespace {

using Numbers = std::vector<float>;

// Builds a graph of one constant input of this shape and returns the result's elements, row by row.
template <class Build>
Numbers compute(const Shape& shape, const Numbers& values, const Build& build) {
  Graph graph;
  const Value x = graph.constant(HostTensor::from_floats(shape, values));
  graph.output("y", build(graph, x));
  const auto executable = compile(graph, test_device(), nullptr);
  executable->run();
  const HostTensor result = executable->read("y");
  return {result.floats().begin(), result.floats().end()};
}

Value weight(Graph& graph, const Shape& shape, const Numbers& values, Layout layout = Layout::weight) {
  return graph.constant(HostTensor::from_floats(shape, values), layout);
}

const Numbers kImage = {3, 3, 2, 1, 0, 0, 0, 1, 3, 1, 3, 1, 2, 2, 3, 2, 0, 0, 2, 2, 2, 0, 0, 0, 1};
const Numbers kKernel = {0, 1, 2, 2, 2, 0, 0, 1, 2};
const Numbers kPooled = {8, 2, 1, 9, 6, 1, 3, 5, 10, 10, 2, 0, 10, 5, 8, 1};

// The matrix that a kernel of a 1-D convolution without padding is: rows are outputs, columns inputs.
std::vector<Numbers> convolution_matrix(const Numbers& kernel, std::size_t inputs, std::size_t stride) {
  std::vector<Numbers> matrix;
  for (std::size_t first = 0; first + kernel.size() <= inputs; first += stride) {
    matrix.emplace_back(inputs, 0.0f);
    for (std::size_t k = 0; k < kernel.size(); ++k) matrix.back()[first + k] = kernel[k];
  }
  return matrix;
}

}  // namespace

TEST_CASE("worked example: a 3x3 kernel over a 5x5 image") {
  const Numbers result = compute({1, 1, 5, 5}, kImage, [](Graph& graph, Value x) {
    return conv(x, weight(graph, {1, 1, 3, 3}, kKernel), {});
  });
  CHECK(result == Numbers{12, 12, 17, 10, 17, 19, 9, 6, 14});
}

TEST_CASE("worked example: max pooling 2x2 at strides 1 and 2") {
  const auto pool = [](std::int64_t stride) {
    return compute({1, 1, 4, 4}, kPooled,
                   [=](Graph&, Value x) { return max_pool(x, {.kernel = {2}, .stride = {stride}}).output; });
  };
  CHECK(pool(1) == Numbers{8, 3, 9, 10, 10, 5, 10, 10, 8});
  CHECK(pool(2) == Numbers{8, 9, 10, 8});
}

TEST_CASE("worked example: bilinear upsampling with aligned corners, and as a transposed convolution with a tent") {
  const Numbers corners = {10, 5, 10, 8}, expected = {10, 7.5f, 5, 10, 8.25f, 6.5f, 10, 9, 8};
  CHECK(compute({1, 1, 2, 2}, corners, [](Graph&, Value x) {
          return resize(x, {.size = {3, 3}, .mode = ResizeMode::bilinear, .align_corners = true});
        }) == expected);
  const Numbers tent = {0.25f, 0.5f, 0.25f, 0.5f, 1, 0.5f, 0.25f, 0.5f, 0.25f};
  CHECK(compute({1, 1, 2, 2}, corners, [&](Graph& graph, Value x) {
          return conv_transpose(x, weight(graph, {1, 1, 3, 3}, tent, Layout::transposed_weight), {},
                                {.stride = {2}, .padding = {1}});
        }) == expected);
}

TEST_CASE("worked example: nearest, bed-of-nails and max unpooling of 2x2") {
  const Numbers small = {1, 2, 3, 4};
  CHECK(compute({1, 1, 2, 2}, small, [](Graph&, Value x) {
          return resize(x, {.scale = {2}, .mode = ResizeMode::nearest});
        }) == Numbers{1, 1, 2, 2, 1, 1, 2, 2, 3, 3, 4, 4, 3, 3, 4, 4});
  CHECK(compute({1, 1, 2, 2}, small, [](Graph& graph, Value x) {  // each value in its block's first corner
          return conv_transpose(x, weight(graph, {1, 1, 1, 1}, {1}, Layout::transposed_weight), {},
                                {.stride = {2}, .output_padding = {1}});
        }) == Numbers{1, 0, 2, 0, 0, 0, 0, 0, 3, 0, 4, 0, 0, 0, 0, 0});
  // Each value where its block's maximum stood. Of equal maxima the first one counts.
  CHECK(compute({1, 1, 4, 4}, kPooled, [](Graph& graph, Value x) {
          const MaxPool pooled = max_pool(x, {.kernel = {2}});
          const Value values = graph.constant(HostTensor::from_floats({1, 1, 2, 2}, Numbers{1, 2, 3, 4}));
          return max_unpool(values, pooled.indices, {.kernel = {2}}, x.shape());
        }) == Numbers{1, 0, 0, 2, 0, 0, 0, 0, 3, 0, 0, 0, 0, 0, 4, 0});
}

TEST_CASE("worked example: a 1-D convolution is a matrix, the transposed one its transpose") {
  const Numbers kernel = {1, -2, 3}, line = {2, 0, 1, 5, -1, 4, 3};
  for (const std::int64_t stride : {1, 2}) {
    CAPTURE(stride);
    const std::vector<Numbers> matrix = convolution_matrix(kernel, line.size(), static_cast<std::size_t>(stride));
    Numbers forward(matrix.size(), 0.0f), upstream, back(line.size(), 0.0f);
    for (std::size_t row = 0; row < matrix.size(); ++row) {
      upstream.push_back(static_cast<float>(row * row) - 3);
      for (std::size_t column = 0; column < line.size(); ++column) {
        forward[row] += matrix[row][column] * line[column];
        back[column] += matrix[row][column] * upstream[row];
      }
    }
    CHECK(compute({1, 1, 7}, line, [&](Graph& graph, Value x) {
            return conv(x, weight(graph, {1, 1, 3}, kernel), {}, {.stride = {stride}});
          }) == forward);
    CHECK(compute({1, 1, static_cast<std::int64_t>(upstream.size())}, upstream, [&](Graph& graph, Value x) {
            return conv_transpose(x, weight(graph, {1, 1, 3}, kernel, Layout::transposed_weight), {},
                                  {.stride = {stride}});
          }) == back);
  }
}

TEST_CASE("worked example: at stride 1 the transposed convolution is one with the flipped kernel") {
  const Numbers flipped(kKernel.rbegin(), kKernel.rend());
  for (const std::int64_t padding : {0, 1, 2}) {
    CAPTURE(padding);
    const Numbers transposed = compute({1, 1, 5, 5}, kImage, [&](Graph& graph, Value x) {
      return conv_transpose(x, weight(graph, {1, 1, 3, 3}, kKernel, Layout::transposed_weight), {},
                            {.padding = {padding}});
    });
    CHECK(transposed == compute({1, 1, 5, 5}, kImage, [&](Graph& graph, Value x) {
            return conv(x, weight(graph, {1, 1, 3, 3}, flipped), {}, {.padding = {2 - padding}});
          }));
  }
}

TEST_CASE("worked example: output sizes of 1,000 random geometries are the number of places where the kernel fits") {
  PhiloxStream draws(11);
  const auto draw = [&](std::uint32_t least, std::uint32_t most) {
    return static_cast<std::int64_t>(least + draws.below(most - least + 1));
  };
  int refused = 0;
  for (int i = 0; i < 1000; ++i) {
    const std::int64_t size = draw(1, 40), kernel = draw(1, 7), stride = draw(1, 4), padding = draw(0, 5),
                       dilation = draw(1, 3);
    std::int64_t places = 0;
    for (std::int64_t first = -padding; first + dilation * (kernel - 1) < size + padding; first += stride) ++places;
    Graph graph;
    const Value x = graph.input("x", {1, 1, size}), w = graph.input("w", {1, 1, kernel}, DType::f32, Layout::weight);
    const ConvAttributes attributes{.stride = {stride}, .padding = {padding}, .dilation = {dilation}};
    if (places == 0) {
      CHECK_THROWS_AS(conv(x, w, {}, attributes), Error);
      ++refused;
      continue;
    }
    CHECK(conv(x, w, {}, attributes).shape()[2] == places);
  }
  CHECK(refused > 0);
  CHECK(refused < 500);
}

}  // namespace tuff::test
