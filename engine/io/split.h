// Which images a run is trained on, which choose its best model, and which nobody sees before the end. The one
// definition for all kinds of data.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "io/dataset.h"

namespace tuff {

struct SplitOptions {
  double validation = 0.1;  // part held back to choose the best model by: 3 groups at least, of fewer than 6 half
  double test = 0;          // part held out: neither trained on nor chosen by; 1 group at least
  std::int64_t last = 0;    // validation: the last so many groups instead of a part
  std::int64_t folds = 0;   // validation: the `fold`-th of so many equal parts instead; 0: no
  std::int64_t fold = 0;    // from 1
  std::uint64_t seed = 0;
};

struct Split {
  std::vector<std::size_t> train;
  std::vector<std::size_t> validation;
  std::vector<std::size_t> test;
};

// Items that stay together, the planes of a file for example.
struct SplitGroup {
  std::vector<std::size_t> items;
  std::int32_t stratum = 0;  // a class: each part of the split gets its share of every stratum
};

// A function of its arguments alone. All lists are sorted, disjoint, and together hold every item; the test items don't
// depend on how validation is chosen, and folds are disjoint and together all that isn't tested. A single group is its
// own validation. Error where there are fewer groups than parts.
Split split_groups(std::span<const SplitGroup> groups, const SplitOptions& options);

// Planes of one file stay together where there are 6 files or more. Items from a validation folder
// (Dataset::validation) are the validation, and none other.
Split split_dataset(const Dataset& dataset, const SplitOptions& options);

// Of `count` images by themselves, with their classes or without. `validation`: so many last ones come from a folder
// for validation.
Split split_images(std::size_t count, std::span<const std::int32_t> classes, std::size_t validation,
                   const SplitOptions& options);

}  // namespace tuff
