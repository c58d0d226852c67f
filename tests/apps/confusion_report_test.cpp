#include "apps/confusion_report.h"

#include <doctest/doctest.h>

#include <string>
#include <vector>

using tuff::Confusion, tuff::confusion_picture;

TEST_CASE("confusion report: counts that no cell has room for are drawn as shares") {
  const std::vector<std::string> names = {"cell", "ground"};
  // Three of four cells are right, and all of the ground.
  const auto pixels = [&](int quarter) {
    Confusion confusion(2);
    for (int i = 0; i < 4 * quarter; ++i) confusion.add(0, i < quarter ? 1 : 0);
    for (int i = 0; i < 4 * quarter; ++i) confusion.add(1, 1);
    return confusion_picture(confusion, names).image().values;
  };
  CHECK(pixels(1) != pixels(2));
  CHECK(pixels(1'250'000) == pixels(2'000'000));
  CHECK(pixels(1'249'999) != pixels(1'250'000));
}
