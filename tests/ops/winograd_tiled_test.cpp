// When Winograd's convolutions for GPUs are taken, and what they take of a device, without one.
#include "ops/winograd_tiled.h"

#include <doctest/doctest.h>
#include <fmt/format.h>

#include <string>
#include <vector>

#include "ops/conv.h"
#include "ops/conv_weight_gradient.h"
#include "ops/kernel_table.h"
#include "plan/plan.h"
#include "plan/select.h"

namespace tuff::test {

namespace {

// A convolution without bias, padded by 1 so that it keeps the extents, and its weight gradient.
struct Layer {
  Shape x, y, weight;
  ConvAttributes attributes;
  Conv conv;
  ConvWeightGradient weight_gradient;
  DType storage;
  DeviceCaps caps;
  std::vector<TensorType> images, inputs, outputs, gradient;

  Layer(std::int64_t in, std::int64_t out, std::int64_t extent, const char* profile, DType stored = DType::f32)
      : x{1, in, extent, extent},
        y{1, out, extent, extent},
        weight{out, in, 3, 3},
        attributes(resolve("conv", {.padding = {1}}, x, weight)),
        conv(attributes),
        weight_gradient(weight, attributes),
        storage(stored),
        caps(pretended_caps(profile)),
        images{{stored, x}, {stored, y}},
        inputs{{stored, x}, {DType::f32, weight, Layout::weight}},
        outputs{{stored, y}},
        gradient{{DType::f32, weight, Layout::weight}} {}

  KernelRequest forward() const { return {conv, inputs, outputs, caps}; }
  KernelRequest backward() const { return {weight_gradient, images, gradient, caps}; }
};

std::string chosen(const KernelRequest& request) {
  return select_kernel(request, kernel_table(), "").record.kernel;
}

}  // namespace

TEST_CASE("winograd tiled: taken on GPUs where its products save more than its transforms move") {
  struct Expected {
    std::int64_t in, out;
    bool discrete, integrated;
  };
  for (const Expected& expected :
       {Expected{32, 32, false, false}, Expected{32, 128, false, false}, Expected{64, 64, true, false},
        Expected{128, 128, true, true}, Expected{64, 256, true, false}, Expected{512, 512, true, true}}) {
    CAPTURE(expected.in);
    CAPTURE(expected.out);
    for (const char* profile : {"discrete", "integrated", "cpu"}) {
      CAPTURE(profile);
      const Layer layer(expected.in, expected.out, 256, profile);
      const bool wanted = profile == std::string_view("discrete")     ? expected.discrete
                          : profile == std::string_view("integrated") ? expected.integrated
                                                                      : false;
      CHECK((chosen(layer.forward()) == "winograd_tiled") == wanted);
      CHECK((chosen(layer.backward()) == "winograd_tiled") == wanted);
    }
  }
  // Images stored as f16 take cooperative matrices, or keep to what moves f16.
  Layer half(256, 256, 128, "discrete", DType::f16);
  CHECK(chosen(half.forward()) == "cooperative_gemm");
  half.caps.cooperative_matrix = {};
  CHECK(chosen(half.forward()) == "tiled_gemm");
  // Few tiles don't pay for the weight's transform.
  CHECK(chosen(Layer(256, 256, 8, "discrete").forward()) == "tiled_gemm");
  // Where a tile of 4x4 reaches far over the edge those of 2x2 cost less.
  ConvGeometry geometry = {.batch = 64, .in_channels = 512, .out_channels = 512};
  geometry.kernel = {1, 3, 3};
  geometry.in = geometry.out = {1, 6, 6};
  const DeviceCaps caps = pretended_caps("discrete");
  CHECK(winograd_tiled_cost(geometry, 2, caps) < winograd_tiled_cost(geometry, 4, caps));
  geometry.in = geometry.out = {1, 8, 8};
  CHECK(winograd_tiled_cost(geometry, 4, caps) < winograd_tiled_cost(geometry, 2, caps));
}

TEST_CASE("winograd tiled: chunks bound the workspace and take every tile once") {
  constexpr std::uint64_t kBound = 64 << 20;
  for (const std::int64_t channels : {4, 64, 512}) {
    CAPTURE(channels);
    const Layer layer(channels, channels, 1026, "discrete");
    for (const bool gradient : {false, true}) {
      const KernelRequest request = gradient ? layer.backward() : layer.forward();
      for (const std::uint32_t outputs : {2u, 4u}) {
        const ConvGeometry geometry = conv_geometry(layer.x, layer.y, layer.weight, layer.attributes);
        const KernelDispatches emitted = emit_winograd_tiled(
            request, geometry, gradient ? WinogradResult::weight_gradient : WinogradResult::forward, outputs);
        // What fills up a product's last tile comes on top.
        CHECK(emitted.workspace_bytes[1] + emitted.workspace_bytes[2] < kBound + kBound / 4);
        const std::uint32_t across = (1026 + outputs - 1) / outputs;
        std::uint32_t next = 0;
        for (const Dispatch& dispatch : emitted.dispatches) {
          std::uint64_t invocations = dispatch.specialization[0];
          for (const std::uint32_t groups : dispatch.groups) invocations *= groups;
          CHECK(invocations < 1u << 31);
          if (!dispatch.shader.starts_with("conv/winograd_tiled_input")) continue;
          CHECK(dispatch.constants[2] == next);
          next += dispatch.constants[3];
        }
        CHECK(next == across * across);
      }
    }
  }
}

TEST_CASE("winograd tiled: refuses other convolutions in words") {
  Layer layer(64, 64, 32, "discrete");
  ConvGeometry geometry = conv_geometry(layer.x, layer.y, layer.weight, layer.attributes);
  CHECK(!refuse_winograd_tiled(layer.forward(), geometry, 4));
  geometry.dilation[2] = 2;
  CHECK(refuse_winograd_tiled(layer.forward(), geometry, 4) == "is for 3x3 kernels without stride, dilation or groups");
  geometry.dilation[2] = 1;
  geometry.in_channels = 62;
  CHECK(refuse_winograd_tiled(layer.forward(), geometry, 4) == "takes channels by fours, not 62 and 64");
  geometry.in_channels = geometry.out_channels = 4096;
  CHECK(refuse_winograd_tiled(layer.forward(), geometry, 2) == "takes no weights as large as these");
  geometry.in_channels = 16384;
  geometry.out_channels = 4;
  CHECK(refuse_winograd_tiled(layer.forward(), geometry, 4) == "takes no channels as many as these");
  CHECK(refuse_winograd_tiled(Layer(64, 64, 256, "cpu").forward(), geometry, kBestWinogradTile) == "is for GPUs");
  CHECK(refuse_winograd_tiled(Layer(64, 64, 256, "discrete", DType::f16).forward(),
                              conv_geometry(layer.x, layer.y, layer.weight, layer.attributes), kBestWinogradTile) ==
        "leaves images stored as f16 to products in tiles, whose operands are half as large");
}

}  // namespace tuff::test
