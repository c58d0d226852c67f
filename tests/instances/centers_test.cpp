#include "instances/centers.h"

#include <doctest/doctest.h>

namespace tuff::test {

TEST_CASE("centers: what is near to an object's centroid, around it, and elsewhere") {
  Labels labels(1, 5, 9);
  for (std::int64_t y = 1; y < 4; ++y)
    for (std::int64_t x = 0; x < 5; ++x) labels.ids[static_cast<std::size_t>(y * 9 + x)] = 7;
  labels.ids[8] = 2;
  const std::vector<std::int32_t> expected = {0,  0,  -1, 0,  0,  0, -1, 1,  1,   //
                                              0,  -1, 1,  -1, 0,  0, 0,  -1, 1,   //
                                              -1, 1,  1,  1,  -1, 0, 0,  0,  -1,  //
                                              0,  -1, 1,  -1, 0,  0, 0,  0,  0,   //
                                              0,  0,  -1, 0,  0,  0, 0,  0,  0};
  CHECK(center_classes(labels, 1, -1) == expected);
}

TEST_CASE("centers: of volumes") {
  Labels labels(3, 3, 3);
  labels.ids.assign(27, 4);
  const std::vector<std::int32_t> classes = center_classes(labels, 1, -1);
  std::int64_t near = 0;
  for (const std::int32_t value : classes) near += value == 1;
  CHECK(near == 7);
  CHECK(classes[13] == 1);
  CHECK(classes[1] == -1);  // the middle of an edge
}

}  // namespace tuff::test
