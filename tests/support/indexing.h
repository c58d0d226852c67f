// Walks the indices of a shape in row-major order, for references over any rank.
#pragma once

#include <cstdint>
#include <functional>
#include <vector>

#include "support/array.h"

namespace tuff::test {

using Index = std::vector<std::int64_t>;

inline std::size_t offset_of(const Shape& shape, const Index& index) {
  std::int64_t offset = 0;
  for (std::size_t axis = 0; axis < index.size(); ++axis) offset = offset * shape.extents()[axis] + index[axis];
  return static_cast<std::size_t>(offset);
}

inline bool inside(const Shape& shape, const Index& index) {
  for (std::size_t axis = 0; axis < index.size(); ++axis)
    if (index[axis] < 0 || index[axis] >= shape.extents()[axis]) return false;
  return true;
}

inline void for_each_index(const Shape& shape, const std::function<void(const Index&)>& visit) {
  Index index(shape.extents().size(), 0);
  for (std::int64_t i = 0; i < shape.elements(); ++i) {
    visit(index);
    for (std::size_t axis = index.size(); axis-- > 0;) {
      if (++index[axis] < shape.extents()[axis]) break;
      index[axis] = 0;
    }
  }
}

// An array of `shape` whose element at each index is value(index).
inline Array generate(const Shape& shape, const std::function<double(const Index&)>& value) {
  Array result(shape);
  for_each_index(shape, [&](const Index& index) { result.data[offset_of(shape, index)] = value(index); });
  return result;
}

}  // namespace tuff::test
