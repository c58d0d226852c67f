// Golden cases of conv and conv_transpose.
#include "golden/op_builders.h"
#include "tuff/ops.h"

namespace tuff::test {
namespace {

using Json = nlohmann::json;
using Extents = std::vector<std::int64_t>;

PaddingMode padding_mode(const std::string& name) {
  for (const PaddingMode mode : {PaddingMode::reflect, PaddingMode::replicate, PaddingMode::circular})
    if (to_string(mode) == name) return mode;
  return PaddingMode::zeros;
}

}  // namespace

OpBuilders convolution_builders() {
  return {
      {"conv",
       [](const GoldenInputs& in, const Json& a) -> std::vector<Value> {
         return {conv(in[0], in[1], in.named("bias"),
                      {.stride = a["stride"].get<Extents>(),
                       .padding = a["padding_before"].get<Extents>(),
                       .padding_end = a["padding_after"].get<Extents>(),
                       .dilation = a["dilation"].get<Extents>(),
                       .groups = a["groups"],
                       .padding_mode = padding_mode(a["padding_mode"]),
                       .flip_kernel = a["flip"]})};
       }},
      {"conv_transpose",
       [](const GoldenInputs& in, const Json& a) -> std::vector<Value> {
         return {conv_transpose(in[0], in[1], in.named("bias"),
                                {.stride = a["stride"].get<Extents>(),
                                 .padding = a["padding"].get<Extents>(),
                                 .dilation = a["dilation"].get<Extents>(),
                                 .output_padding = a["output_padding"].get<Extents>(),
                                 .groups = a["groups"]})};
       }},
  };
}

}  // namespace tuff::test
