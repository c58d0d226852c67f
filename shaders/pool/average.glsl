// What one axis of an averaging window contributes to the divisor: its elements in the input, or with
// count_include_pad those in the padding too, but never what lies beyond it.
#define DIVISOR(o, axis, extent, outputs)                                                                 \
  axis_divisor(WINDOW(o, axis, extent, outputs), o * stride[axis] - padding[axis], kernel[axis],          \
               stride[axis] != 0 && count_include_pad != 0, extent + padding_end[axis])

int axis_divisor(Window inside, int start, int kernel, bool with_padding, int padded_end) {
  if (!with_padding) return max(quotient(inside.end - inside.first + inside.step - 1, inside.step), 0);
  return clamp(quotient(max(padded_end - start, 0) + inside.step - 1, inside.step), 1, kernel);
}
