#include "train/schedule.h"

#include <doctest/doctest.h>

#include "base/error.h"

using namespace tuff;

TEST_CASE("schedule: warm-up rises linearly and reaches the learning rate in its last step") {
  const Schedule schedule{Schedule::Kind::constant, 0.4, 4, 100};
  CHECK(schedule.at(0) == doctest::Approx(0.1));
  CHECK(schedule.at(3) == doctest::Approx(0.4));
  CHECK(schedule.at(4) == 0.4);
  CHECK(schedule.at(99) == 0.4);
}

TEST_CASE("schedule: cosine starts at the learning rate, halves in the middle and nears zero") {
  const Schedule schedule{Schedule::Kind::cosine, 1, 0, 100};
  CHECK(schedule.at(0) == doctest::Approx(1));
  CHECK(schedule.at(50) == doctest::Approx(0.5));
  CHECK(schedule.at(99) < 0.001);
  CHECK(schedule.at(99) > 0);
  CHECK(schedule.at(100) == doctest::Approx(0));
  CHECK(schedule.at(200) == doctest::Approx(0));
}

TEST_CASE("schedule: steps fall to a tenth after each third") {
  const Schedule schedule{Schedule::Kind::step, 1, 0, 90};
  CHECK(schedule.at(29) == 1);
  CHECK(schedule.at(30) == doctest::Approx(0.1));
  CHECK(schedule.at(60) == doctest::Approx(0.01));
}

TEST_CASE("schedule: names") {
  CHECK(Schedule::kind_named("cosine") == Schedule::Kind::cosine);
  CHECK_THROWS_AS(Schedule::kind_named("cosin"), Error);
}
