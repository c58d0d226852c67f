// Golden cases of pooling, unpooling, resize, grid_sample and pixel shuffles.
#include "golden/op_builders.h"
#include "tuff/ops.h"

namespace tuff::test {
namespace {

using Json = nlohmann::json;
using Extents = std::vector<std::int64_t>;

PoolAttributes pool_attributes(const Json& a) {
  return {.kernel = a["kernel"].get<Extents>(),
          .stride = a["stride"].get<Extents>(),
          .padding = a.value("padding", Extents{}),
          .dilation = a.value("dilation", Extents{}),
          .ceil_mode = a.value("ceil_mode", false),
          .count_include_pad = a.value("count_include_pad", true)};
}

std::vector<Value> both(const MaxPool& pooled) {
  return {pooled.output, pooled.indices};
}

ResizeAttributes resize_attributes(const Json& a) {
  const std::string mode = a["mode"];
  ResizeAttributes attributes{
      .size = a["size"].get<Extents>(), .align_corners = a["align_corners"], .antialias = a["antialias"]};
  if (mode == "nearest-exact") {
    attributes.coordinates = ResizeCoordinates::half_pixel;
    attributes.nearest_mode = NearestMode::round_prefer_ceil;
  }
  attributes.mode = mode == "linear"  ? ResizeMode::bilinear
                    : mode == "cubic" ? ResizeMode::cubic
                    : mode == "area"  ? ResizeMode::area
                                      : ResizeMode::nearest;
  return attributes;
}

GridSampleAttributes grid_sample_attributes(const Json& a) {
  const std::string mode = a["mode"], padding = a["padding_mode"];
  return {.mode = mode == "linear"  ? GridSampleMode::bilinear
                  : mode == "cubic" ? GridSampleMode::bicubic
                                    : GridSampleMode::nearest,
          .padding_mode = padding == "zeros"    ? GridPadding::zeros
                          : padding == "border" ? GridPadding::border
                                                : GridPadding::reflection,
          .align_corners = a["align_corners"]};
}

// (N, C, `spatial`), as x has N and C.
Shape resized(const Value& x, const Extents& spatial) {
  Extents extents = {x.shape()[0], x.shape()[1]};
  extents.insert(extents.end(), spatial.begin(), spatial.end());
  return Shape(extents);
}

}  // namespace

OpBuilders resampling_builders() {
  using In = GoldenInputs;
  using Out = std::vector<Value>;
  return {
      {"max_pool", [](const In& in, const Json& a) -> Out { return both(max_pool(in[0], pool_attributes(a))); }},
      {"avg_pool", [](const In& in, const Json& a) -> Out { return {avg_pool(in[0], pool_attributes(a))}; }},
      {"lp_pool",
       [](const In& in, const Json& a) -> Out {
         return {lp_pool(in[0], {.norm_type = a["norm_type"], .window = pool_attributes(a)})};
       }},
      {"max_unpool",
       [](const In& in, const Json& a) -> Out {
         return {max_unpool(in[0], in[1], pool_attributes(a), resized(in[0], a["size"].get<Extents>()))};
       }},
      {"adaptive_avg_pool",
       [](const In& in, const Json& a) -> Out { return {adaptive_avg_pool(in[0], a["size"].get<Extents>())}; }},
      {"adaptive_max_pool",
       [](const In& in, const Json& a) -> Out { return {adaptive_max_pool(in[0], a["size"].get<Extents>()).output}; }},
      {"resize", [](const In& in, const Json& a) -> Out { return {resize(in[0], resize_attributes(a))}; }},
      {"grid_sample",
       [](const In& in, const Json& a) -> Out { return {grid_sample(in[0], in[1], grid_sample_attributes(a))}; }},
      {"affine_grid",
       [](const In& in, const Json& a) -> Out {
         Extents size = {in[0].shape()[0], 1};
         for (const std::int64_t extent : a["size"]) size.push_back(extent);
         return {affine_grid(in[0], Shape(size), a["align_corners"])};
       }},
      {"pixel_shuffle", [](const In& in, const Json& a) -> Out { return {pixel_shuffle(in[0], a["upscale_factor"])}; }},
      {"pixel_unshuffle",
       [](const In& in, const Json& a) -> Out { return {pixel_unshuffle(in[0], a["downscale_factor"])}; }},
  };
}

}  // namespace tuff::test
