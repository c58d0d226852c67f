// Shapes and attributes of random op cases, the same on every machine: drawn from the op's name. Extents lie where
// kernels go wrong: 1, odd ones, and one below, at and above the sizes of their tiles.
#pragma once

#include <cstdint>
#include <initializer_list>
#include <string>
#include <string_view>
#include <vector>

#include "base/philox.h"
#include "graph/shape.h"

namespace tuff::test {

// Many random cases instead of the few that are the same each time: only these run then, and without the runs in
// poisoned memory and other orders. TUFF_SWEEP=CASES and TUFF_SWEEP_SEED=NUMBER set it in the tests.
struct Sweep {
  int cases = 0;  // of an op, at most; 0: no sweep
  std::uint64_t seed = 0;
};
Sweep& sweep();

class ShapeDraws {
 public:
  // References in double precision and their finite differences take time with each element.
  static constexpr std::int64_t kMostElements = 4000;

  explicit ShapeDraws(std::string_view op);

  // How many random cases to make: `usual`, in a sweep as many as that has, but at most `most` where each compiles
  // kernels of its own.
  int rounds(int usual, int most = 1000000) const;

  std::int64_t between(std::int64_t least, std::int64_t most);  // both included
  bool coin() { return between(0, 1) == 1; }
  template <typename T>
  T pick(std::initializer_list<T> choices) {
    return choices.begin()[between(0, static_cast<std::int64_t>(choices.size()) - 1)];
  }

  std::int64_t extent(std::int64_t most = 66);  // half of them at most 5
  // Half of them multiples of 4, which kernels read as vectors.
  std::int64_t channels(std::int64_t most = 33) {
    return coin() && most >= 4 ? 4 * between(1, most / 4) : extent(most);
  }
  int spatial_axes() { return pick({1, 2, 2, 2, 3}); }
  // The second axis has channels.
  Shape shape(int rank, std::int64_t most_elements = kMostElements);
  Shape shape() { return shape(static_cast<int>(between(1, 5))); }
  Shape image(int axes, std::int64_t most_elements = kMostElements) { return shape(axes + 2, most_elements); }
  Shape image() { return image(spatial_axes()); }
  Layout layout() { return pick({Layout::channels_last, Layout::channels_last, Layout::weight}); }

  // An attribute with a value for each axis.
  std::vector<std::int64_t> per_axis(int axes, std::int64_t least, std::int64_t most);
  // Some axes of `rank`, in increasing order: none, all or any between.
  std::vector<int> some_axes(int rank);

  // "random 3: TEXT", counted from 1, so that names differ even where shapes are drawn twice.
  std::string name(std::string_view text);
  std::string name(const Shape& shape) { return name(to_string(shape)); }

 private:
  PhiloxStream draws_;
  int named_ = 0;
};

}  // namespace tuff::test
