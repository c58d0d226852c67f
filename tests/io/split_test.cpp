#include "io/split.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <set>
#include <string>

#include "support/files.h"

namespace tuff::test {
namespace {

using Items = std::vector<std::size_t>;

std::vector<SplitGroup> groups_of(std::size_t count) {
  std::vector<SplitGroup> groups;
  for (std::size_t i = 0; i < count; ++i) groups.push_back({{i}});
  return groups;
}

Dataset dataset_of(std::size_t count) {
  Dataset dataset;
  for (std::size_t i = 0; i < count; ++i)
    dataset.items.push_back({.name = std::to_string(i), .images = {std::to_string(i)}});
  return dataset;
}

// Disjoint, sorted, and together 0 to count - 1.
void check_whole(const Split& split, std::size_t count) {
  std::set<std::size_t> all;
  for (const Items& part : {split.train, split.validation, split.test}) {
    CHECK(std::ranges::is_sorted(part));
    for (const std::size_t item : part) CHECK(all.insert(item).second);
  }
  CHECK(all.size() == count);
  CHECK((all.empty() || *all.rbegin() == count - 1));
}

}  // namespace

TEST_CASE("split: deterministic, whole, and of a useful size") {
  const auto validation = [](std::size_t count, double fraction) {
    const Split split = split_dataset(dataset_of(count), {.validation = fraction, .seed = 3});
    if (count > 1) check_whole(split, count);
    return split.validation.size();
  };
  CHECK(validation(1, 0.1) == 1);
  CHECK(validation(2, 0.1) == 1);
  CHECK(validation(5, 0.1) == 2);
  CHECK(validation(6, 0.1) == 3);
  CHECK(validation(20, 0.1) == 3);
  CHECK(validation(126, 0.1) == 13);
  CHECK(validation(126, 0) == 0);
  CHECK(validation(4, 0.99) == 3);
  const Dataset dataset = dataset_of(30);
  const auto of_seed = [&](std::uint64_t seed) {
    return split_dataset(dataset, {.validation = 0.2, .seed = seed}).validation;
  };
  CHECK(of_seed(5) == of_seed(5));
  CHECK(of_seed(5) != of_seed(6));
  CHECK(contains(error_of([&] { split_dataset(dataset, {.validation = 1.0}); }), "below 1"));
}

TEST_CASE("split: planes of one file stay together") {
  Dataset dataset;
  for (std::size_t i = 0; i < 24; ++i) dataset.items.push_back({.name = "", .images = {std::to_string(i / 4)}});
  const Split split = split_dataset(dataset, {.validation = 0.1, .test = 0.1, .seed = 1});
  check_whole(split, 24);
  CHECK(split.validation.size() == 8);  // of the five files that aren't tested
  CHECK(split.test.size() == 4);
  for (const Items& part : {split.validation, split.test})
    for (const std::size_t item : part) CHECK(std::ranges::find(split.train, item / 4 * 4) == split.train.end());
}

TEST_CASE("split: the test images depend on no choice of validation, and are never in it") {
  const std::vector<SplitGroup> groups = groups_of(50);
  const Items test = split_groups(groups, {.test = 0.2, .seed = 4}).test;
  CHECK(test.size() == 10);
  for (const double fraction : {0.0, 0.3, 0.9}) {
    const Split split = split_groups(groups, {.validation = fraction, .test = 0.2, .seed = 4});
    check_whole(split, 50);
    CHECK(split.test == test);
    CHECK(!split.train.empty());
  }
  // Whatever is tested, the same images validate.
  CHECK(split_groups(groups, {.validation = 0.2, .test = 0.2, .seed = 4}).validation ==
        split_groups(groups, {.validation = 0.2, .seed = 4}).validation);
  CHECK(contains(error_of([] { split_groups(groups_of(2), {.test = 0.5}); }), "--test-fraction 0.5: there are only 2"));
}

TEST_CASE("split: folds are disjoint, as large as can be, and together all that isn't tested") {
  for (const std::size_t count : {5u, 23u, 60u}) {
    const std::vector<SplitGroup> groups = groups_of(count);
    std::set<std::size_t> validated;
    std::size_t least = count, most = 0;
    const Items test = split_groups(groups, {.test = 0.1, .folds = 4, .fold = 1, .seed = 9}).test;
    for (std::int64_t fold = 1; fold <= 4; ++fold) {
      const Split split = split_groups(groups, {.test = 0.1, .folds = 4, .fold = fold, .seed = 9});
      check_whole(split, count);
      CHECK(split.test == test);
      for (const std::size_t item : split.validation) CHECK(validated.insert(item).second);
      least = std::min(least, split.validation.size());
      most = std::max(most, split.validation.size());
    }
    CHECK(validated.size() + test.size() == count);
    CHECK(most - least <= 1);
  }
  CHECK(contains(error_of([] { split_groups(groups_of(3), {.folds = 4, .fold = 1}); }), "--folds 4: there are 3"));
  CHECK(contains(error_of([] { split_groups(groups_of(9), {.folds = 4, .fold = 5}); }), "numbered from 1 to 4"));
}

TEST_CASE("split: each part has its share of every class") {
  std::vector<std::int32_t> classes;
  for (std::size_t i = 0; i < 200; ++i) classes.push_back(i < 140 ? 0 : i < 180 ? 1 : 2);  // 70, 20, 10 %
  const auto share = [&](const Items& part, std::int32_t wanted) {
    return static_cast<double>(std::ranges::count_if(part, [&](std::size_t i) { return classes[i] == wanted; }));
  };
  for (std::int64_t fold = 1; fold <= 5; ++fold) {
    const Split split = split_images(200, classes, 0, {.test = 0.1, .folds = 5, .fold = fold, .seed = 2});
    check_whole(split, 200);
    for (const Items& part : {split.train, split.validation, split.test}) {
      const auto size = static_cast<double>(part.size());
      CHECK(std::abs(share(part, 0) - 0.7 * size) <= 2);
      CHECK(std::abs(share(part, 1) - 0.2 * size) <= 2);
      CHECK(std::abs(share(part, 2) - 0.1 * size) <= 2);
    }
  }
}

TEST_CASE("split: the last ones, and those of a folder of their own") {
  const Split last = split_images(10, {}, 0, {.test = 0.2, .last = 3, .seed = 1});
  check_whole(last, 10);
  CHECK(last.validation == Items{7, 8, 9});
  CHECK(last.test.size() == 1);
  CHECK(contains(error_of([] { split_images(3, {}, 0, {.last = 3}); }), "--val-last 3: there are only 3 images"));

  Dataset dataset = dataset_of(12);
  dataset.validation = 4;
  const Split folder = split_dataset(dataset, {.validation = 0.5, .test = 0.25, .seed = 1});
  check_whole(folder, 12);
  CHECK(folder.validation == Items{8, 9, 10, 11});
  CHECK(folder.test.size() == 2);
  Dataset plain = dataset_of(12);
  CHECK(fingerprint(plain) != fingerprint(dataset));
}

}  // namespace tuff::test
