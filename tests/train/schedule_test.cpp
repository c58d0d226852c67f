#include "train/schedule.h"

#include <doctest/doctest.h>

#include <cmath>
#include <vector>

#include "base/error.h"

using namespace tuff;

namespace {

void check_course(const Schedule& schedule, const std::vector<double>& rates) {
  for (std::size_t step = 0; step < rates.size(); ++step) {
    CAPTURE(step);
    CHECK(schedule.at(static_cast<std::int64_t>(step)) == doctest::Approx(rates[step]).epsilon(1e-9));
  }
}

}  // namespace

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

// What PyTorch's classes give, with lr or max_lr 0.4.
TEST_CASE("schedule: one cycle as PyTorch's OneCycleLR") {
  const Schedule schedule{Schedule::Kind::one_cycle, 0.4, 0, 20};
  check_course(schedule,
               {0.016,        0.05266873708, 0.1486687371,  0.2673312629,  0.3633312629,   0.4,       0.3949856025,
                0.3801938528, 0.356366471,   0.3246982616,  0.2867772007,  0.2445048088,   0.2000008, 0.1554967912,
                0.1132243993, 0.07530333842, 0.04363512897, 0.01980774719, 0.005015997506, 1.6e-06});
  CHECK(schedule.at(25) == doctest::Approx(1.6e-06));  // a run that was made longer reads a longer schedule
  check_course({Schedule::Kind::one_cycle, 0.4, 0, 7},
               {0.016, 0.3922226509, 0.3676177505, 0.2690735346, 0.1430955103, 0.03971871676, 1.6e-06});
  for (std::int64_t steps = 1; steps < 5; ++steps)
    for (std::int64_t step = 0; step < steps; ++step)
      CHECK(std::isfinite(Schedule{Schedule::Kind::one_cycle, 0.4, 0, steps}.at(step)));
}

TEST_CASE("schedule: cosine and steps as PyTorch's CosineAnnealingLR and MultiStepLR") {
  check_course({Schedule::Kind::cosine, 0.4, 0, 10}, {0.4, 0.3902113033, 0.3618033989, 0.3175570505, 0.2618033989, 0.2,
                                                      0.1381966011, 0.08244294954, 0.03819660113, 0.009788696741});
  check_course({.kind = Schedule::Kind::step, .learning_rate = 0.4, .steps = 12, .factor = 0.3},
               {0.4, 0.4, 0.4, 0.4, 0.12, 0.12, 0.12, 0.12, 0.036, 0.036, 0.036, 0.036});
}

TEST_CASE("schedule: plateau as PyTorch's ReduceLROnPlateau with threshold 0") {
  const std::vector<double> scores = {-3,   -2,   -2,   -2.5, -2.1, -1.9, -1.9, -1.9,
                                      -1.9, -1.9, -1.9, -1.5, -1.6, -1.6, -1.6, -1.6};
  const std::vector<double> rates = {0.4, 0.4, 0.4, 0.4, 0.2, 0.2, 0.2, 0.2, 0.1, 0.1, 0.1, 0.1, 0.1, 0.1, 0.05, 0.05};
  Schedule schedule{.kind = Schedule::Kind::plateau, .learning_rate = 0.4, .warmup = 4, .factor = 0.5};
  Plateau plateau;
  for (std::size_t epoch = 0; epoch < scores.size(); ++epoch) {
    CAPTURE(epoch);
    plateau.observe(scores[epoch], 2);
    schedule.reductions = plateau.reductions;
    CHECK(schedule.at(100) == doctest::Approx(rates[epoch]));
    CHECK(schedule.at(1) == doctest::Approx(rates[epoch] / 2));
  }
  Plateau broken;
  broken.observe(NAN, 0);
  CHECK((broken.reductions == 1 && !broken.best));
  broken.observe(1, 0);
  CHECK(broken.best == 1);
}

TEST_CASE("schedule: patience counts whole epochs since the best one") {
  constexpr std::int64_t kEpoch = 10;
  CHECK(!patience_spent(90, 10, kEpoch, 0));  // none is given
  CHECK(!patience_spent(0, 0, kEpoch, 3));    // nothing was validated yet
  CHECK(!patience_spent(10, 10, kEpoch, 1));  // just now
  CHECK(!patience_spent(19, 10, kEpoch, 1));
  CHECK(patience_spent(20, 10, kEpoch, 1));
  CHECK(!patience_spent(30, 10, kEpoch, 3));
  CHECK(!patience_spent(39, 10, kEpoch, 3));
  CHECK(patience_spent(40, 10, kEpoch, 3));
  CHECK(!patience_spent(40, 20, kEpoch, 3));
  CHECK(patience_spent(40, 15, kEpoch, 2));  // a run that ended in the middle of an epoch and was made longer
}

TEST_CASE("schedule: names") {
  CHECK(Schedule::kind_named("cosine") == Schedule::Kind::cosine);
  CHECK(Schedule::kind_named("one-cycle") == Schedule::Kind::one_cycle);
  CHECK_THROWS_AS(Schedule::kind_named("cosin"), Error);
}
