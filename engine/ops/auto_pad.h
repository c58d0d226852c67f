// Padding that follows from the shapes, of convolution and pooling.
#pragma once

#include <algorithm>
#include <cstdint>
#include <string_view>
#include <utility>

namespace tuff {

// With it, `padding` and `padding_end` are empty.
//   same_upper  ceil(in / stride) outputs of conv and pooling, in * stride of conv_transpose; an odd padding has its
//               larger half at the far side: PyTorch's padding='same', ONNX's SAME_UPPER
//   same_lower  the larger half at the near side: ONNX's SAME_LOWER
//   full        dilation (kernel - 1) on both sides: every output that the kernel touches. Convolutions only
enum class AutoPad : std::uint8_t { none, same_upper, same_lower, full };

inline std::string_view to_string(AutoPad mode) {
  switch (mode) {
    case AutoPad::none: return "none";
    case AutoPad::same_upper: return "same_upper";
    case AutoPad::same_lower: return "same_lower";
    case AutoPad::full: return "full";
  }
  return "?";
}

inline bool is_same(AutoPad mode) {
  return mode == AutoPad::same_upper || mode == AutoPad::same_lower;
}

// What "same" needs in all so that windows of `reach` pixels give ceil(in / stride) outputs; may be negative.
inline std::int64_t same_padding(std::int64_t in, std::int64_t stride, std::int64_t reach) {
  return ((in + stride - 1) / stride - 1) * stride + reach - in;
}

// `total` as padding before and after; nothing where it is negative.
inline std::pair<std::int64_t, std::int64_t> split_padding(AutoPad mode, std::int64_t total) {
  const std::int64_t less = std::max<std::int64_t>(total, 0) / 2, more = std::max<std::int64_t>(total, 0) - less;
  return mode == AutoPad::same_upper ? std::pair(less, more) : std::pair(more, less);
}

}  // namespace tuff
