// The elements of an averaging window along one axis, and what the axis contributes to the divisor.
struct Window {
  int first;
  int end;
  int divisor;
};

Window window(int o, int stride, int padding, int kernel, int extent, uint count_include_pad) {
  int start = o * stride - padding;
  int end = min(start + kernel, extent + padding);
  int first = max(start, 0);
  int last = min(end, extent);
  return Window(first, last, count_include_pad != 0 ? end - start : last - first);
}
