#include "train/folds.h"

#include <doctest/doctest.h>

#include <cmath>

#include "base/os.h"
#include "support/files.h"

namespace tuff::test {

TEST_CASE("folds: mean and the sample's deviation") {
  const std::vector<double> values = {2, 4, 9};
  CHECK(spread_of(values).mean == doctest::Approx(5));
  CHECK(spread_of(values).deviation == doctest::Approx(std::sqrt(13.0)));
  CHECK(spread_of(std::vector<double>{3}).deviation == 0);
}

TEST_CASE("folds: a row each, then mean and deviation, with the test's scores where there are any") {
  const TemporaryFolder folder;
  const std::vector<Metric> metrics = {{"val_dice", "Dice"}, {"val_iou", "IoU"}};
  std::vector<FoldScores> folds = {{1, 100, {0.5, 0.25}, {}}, {2, 300, {1, 0.75}, {}}};
  const auto written = [&] {
    write_folds(folder / "folds.csv", metrics, folds);
    const std::vector<std::byte> bytes = os::read_file(folder / "folds.csv");
    return std::string(reinterpret_cast<const char*>(bytes.data()), bytes.size());
  };
  CHECK(contains(written(),
                 "fold,step,val_dice,val_iou\n1,100,0.5,0.25\n2,300,1,0.75\nmean,,0.75,0.5\ndeviation,,0.353"));
  folds[0].held_out = {0.1, 0.2};
  folds[1].held_out = {0.3, 0.4};
  CHECK(contains(written(), "val_iou,test_dice,test_iou\n1,100,0.5,0.25,0.1,0.2\n"));
  CHECK(contains(describe_folds(metrics, folds), "test Dice"));
}

}  // namespace tuff::test
