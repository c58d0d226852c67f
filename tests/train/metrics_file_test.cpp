#include "train/metrics_file.h"

#include <doctest/doctest.h>

#include <cmath>
#include <filesystem>
#include <limits>

#include "base/error.h"
#include "base/os.h"

using namespace tuff;

namespace {

std::filesystem::path scratch(const char* name) {
  const std::filesystem::path folder = std::filesystem::path(TUFF_BINARY_DIR) / "scratch" / "metrics_file_test";
  std::filesystem::create_directories(folder);
  std::filesystem::remove(folder / name);
  return folder / name;
}

const std::vector<Metric> kMetrics = {{"val_dice", "Dice"}, {"val_iou", "IoU"}};

}  // namespace

TEST_CASE("metrics file: rows come back as they were written") {
  const auto file = scratch("metrics.csv");
  CHECK(read_metrics(file, kMetrics, 1000).empty());
  write_metrics(file, kMetrics, {{1, 100, 0.1, {0.5, 1.0 / 3}, 1e-3, 12.5}, {2, 200, 0.05, {}, 5e-4, 25}});
  const auto rows = read_metrics(file, kMetrics, 1000);
  REQUIRE(rows.size() == 2);
  CHECK(rows[0].scores == std::vector<double>{0.5, 1.0 / 3});
  CHECK(rows[0].loss == 0.1);
  CHECK(rows[1].scores.empty());
  CHECK(rows[1].learning_rate == 5e-4);
}

TEST_CASE("metrics file: rows after the checkpoint are dropped on resuming") {
  const auto file = scratch("later.csv");
  write_metrics(file, kMetrics, {{1, 100, 1, {}, 1, 1}, {2, 200, 1, {}, 1, 1}});
  CHECK(read_metrics(file, kMetrics, 199).size() == 1);
  CHECK(read_metrics(file, kMetrics, 200).size() == 2);
}

TEST_CASE("losses file: one row a step, and those after the checkpoint are dropped") {
  const auto file = scratch("losses.csv");
  CHECK(read_losses(file, {}, 1000).empty());
  write_losses(file, {}, {{1, 0.7, 2}, {2, 1.0 / 3, 0.1}, {3, 0.25, 0}});
  CHECK(read_losses(file, {}, 1000) == std::vector<StepLoss>{{1, 0.7, 2}, {2, 1.0 / 3, 0.1}, {3, 0.25, 0}});
  CHECK(read_losses(file, {}, 2) == std::vector<StepLoss>{{1, 0.7, 2}, {2, 1.0 / 3, 0.1}});
}

TEST_CASE("losses file: a column for each part of the loss") {
  const auto file = scratch("parts.csv");
  const LossColumns columns{.parts = {"judge_loss", "content_loss"}};
  const std::vector<StepLoss> rows = {{1, 0.75, 3, 0, {0.5, 0.25}}, {2, 1.0 / 3, 1, 0, {2, 1}}};
  write_losses(file, columns, rows);
  CHECK(read_losses(file, columns, 1000) == rows);
  CHECK_THROWS_AS(read_losses(file, {}, 1000), Error);
}

TEST_CASE("losses file: with loss scaling a fourth column, and losses that are no numbers") {
  const auto file = scratch("scaled.csv");
  const double nan = std::numeric_limits<double>::quiet_NaN();
  write_losses(file, {.scaled = true}, {{1, 0.7, 3, 65536}, {2, nan, nan, 32768}, {3, -nan, 1, 0x1p-14}});
  const std::vector<StepLoss> rows = read_losses(file, {.scaled = true}, 1000);
  REQUIRE(rows.size() == 3);
  CHECK(rows[0] == StepLoss{1, 0.7, 3, 65536});
  CHECK(std::isnan(rows[1].loss));
  CHECK(rows[1].loss_scale == 32768);
  CHECK(std::isnan(rows[2].loss));
  CHECK(rows[2].loss_scale == 0x1p-14);
  CHECK_THROWS_AS(read_losses(file, {}, 1000), Error);
  draw_metrics(scratch("scaled.png"), kMetrics, {}, rows);
  draw_metrics(scratch("none.png"), kMetrics, {}, {{1, nan, nan, 1}});
}

TEST_CASE("metrics file: a file that someone edited is named") {
  const auto file = scratch("edited.csv");
  os::write_file(file, std::string_view("epoch,step\n1,2\n"));
  CHECK_THROWS_AS(read_metrics(file, kMetrics, 10), Error);
}
