#include "tasks/confusion.h"

#include <doctest/doctest.h>

using tuff::Confusion;

TEST_CASE("confusion: scores by hand") {
  Confusion confusion(4);
  const auto add = [&](int truth, int predicted, int times) {
    for (int i = 0; i < times; ++i) confusion.add(truth, predicted);
  };
  add(0, 0, 6), add(0, 1, 2), add(1, 1, 1), add(1, 2, 1), add(2, 2, 2);  // none is of class 3
  CHECK(confusion.all() == 12);
  CHECK(confusion.count(0, 1) == 2);
  CHECK(confusion.of_class(0) == 8);
  CHECK(confusion.taken_for(1) == 3);
  CHECK(confusion.accuracy() == doctest::Approx(9.0 / 12));
  CHECK(confusion.recall(0) == doctest::Approx(0.75));
  CHECK(confusion.precision(1) == doctest::Approx(1.0 / 3));
  CHECK(confusion.f1(1) == doctest::Approx(2 * 1.0 / (2 + 3)));
  CHECK(confusion.balanced_accuracy() == doctest::Approx((0.75 + 0.5 + 1) / 3));
  CHECK(confusion.recall(3) == 0);
  CHECK(confusion.precision(3) == 0);
  CHECK(Confusion(2).accuracy() == 0);
}
