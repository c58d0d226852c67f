#include "io/split.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <map>
#include <numeric>

#include "base/error.h"
#include "base/philox.h"
#include "base/random_use.h"
#include "base/shuffle.h"

namespace tuff {
namespace {

std::vector<std::size_t> shuffled(std::size_t count, std::uint64_t seed) {
  PhiloxStream random(seed, 0, 0, static_cast<std::uint32_t>(RandomUse::split));
  std::vector<std::size_t> order(count);
  std::iota(order.begin(), order.end(), std::size_t{0});
  shuffle(order, random);
  return order;
}

// Each stratum evenly over the whole order, so that any stretch of it holds a fair share of all.
void spread_strata(std::vector<std::size_t>& order, std::span<const SplitGroup> groups) {
  std::map<std::int32_t, double> counts, seen;
  for (const std::size_t group : order) ++counts[groups[group].stratum];
  std::vector<double> place(groups.size());
  for (const std::size_t group : order) {
    const std::int32_t stratum = groups[group].stratum;
    place[group] = (seen[stratum]++ + 0.5) / counts[stratum];
  }
  std::ranges::stable_sort(order, {}, [&](std::size_t group) { return place[group]; });
}

std::size_t test_count(std::size_t groups, const SplitOptions& options) {
  if (options.test <= 0) return 0;
  if (groups < 3)
    throw Error(
        fmt::format("--test-fraction {}: there are only {} images or files; training, validation and test need "
                    "one each",
                    options.test, groups));
  return std::clamp<std::size_t>(static_cast<std::size_t>(std::lround(options.test * static_cast<double>(groups))), 1,
                                 groups - 2);
}

struct Stretch {
  std::size_t first = 0, count = 0;
};

// Of the first `rest` of all groups in their order.
Stretch validation_of(std::size_t rest, std::size_t all, const SplitOptions& options) {
  if (options.folds > 0) {
    const auto folds = static_cast<std::size_t>(options.folds), fold = static_cast<std::size_t>(options.fold);
    if (options.fold < 1 || fold > folds)
      throw Error(fmt::format("--fold {}: folds are numbered from 1 to {}", options.fold, options.folds));
    if (rest < folds || folds < 2)
      throw Error(fmt::format("--folds {}: there are {} images or files to be shared out; use 2 to {}", options.folds,
                              rest, rest));
    const std::size_t first = (fold - 1) * rest / folds;
    return {first, fold * rest / folds - first};
  }
  if (options.validation <= 0) return {};
  const auto wanted = static_cast<std::size_t>(std::lround(options.validation * static_cast<double>(all)));
  return {0, std::clamp(wanted, std::min<std::size_t>(3, rest / 2), rest - 1)};
}

void append(std::vector<std::size_t>& to, std::span<const SplitGroup> groups, std::span<const std::size_t> chosen) {
  for (const std::size_t group : chosen) to.insert(to.end(), groups[group].items.begin(), groups[group].items.end());
  std::ranges::sort(to);
}

// The same without those that a folder of their own holds for validation, which `validation` numbers.
Split split_beside(std::span<const SplitGroup> groups, SplitOptions options, const std::vector<std::size_t>& held) {
  if (!held.empty()) options.validation = 0;
  Split split = split_groups(groups, options);
  split.validation.insert(split.validation.end(), held.begin(), held.end());
  return split;
}

std::vector<std::size_t> last_of(std::size_t count, std::size_t last) {
  std::vector<std::size_t> items(last);
  std::iota(items.begin(), items.end(), count - last);
  return items;
}

}  // namespace

Split split_groups(std::span<const SplitGroup> groups, const SplitOptions& options) {
  if (!(options.validation >= 0 && options.validation < 1))
    throw Error(fmt::format("validation fraction {} must be at least 0 and below 1", options.validation));
  if (!(options.test >= 0 && options.test < 1))
    throw Error(fmt::format("test fraction {} must be at least 0 and below 1", options.test));
  const auto last = static_cast<std::size_t>(options.last);
  if (last > 0 && last >= groups.size())
    throw Error(fmt::format("--val-last {}: there are only {} images, none would be left to train with", options.last,
                            groups.size()));
  Split split;
  if (groups.empty()) return split;
  if (groups.size() == 1 && options.test == 0 && options.folds == 0) {
    split.train = groups[0].items;
    if (options.validation > 0) split.validation = groups[0].items;
    return split;
  }
  std::vector<std::size_t> order = shuffled(groups.size() - last, options.seed);
  spread_strata(order, groups);
  const std::size_t rest = order.size() - test_count(order.size(), options);
  const Stretch held = last > 0 ? Stretch{} : validation_of(rest, groups.size(), options);
  const std::span<const std::size_t> all = order;
  append(split.validation, groups,
         last > 0 ? last_of(groups.size(), last)
                  : std::vector(order.begin() + static_cast<std::ptrdiff_t>(held.first),
                                order.begin() + static_cast<std::ptrdiff_t>(held.first + held.count)));
  append(split.train, groups, all.subspan(0, held.first));
  append(split.train, groups, all.subspan(held.first + held.count, rest - held.first - held.count));
  append(split.test, groups, all.subspan(rest));
  return split;
}

Split split_dataset(const Dataset& dataset, const SplitOptions& options) {
  const std::size_t own = dataset.items.size() - dataset.validation;
  std::map<std::filesystem::path, SplitGroup> files;
  for (std::size_t i = 0; i < own; ++i) files[dataset.items[i].images[0]].items.push_back(i);
  std::vector<SplitGroup> groups;
  for (auto& [file, group] : files) groups.push_back(std::move(group));
  if (groups.size() < 6) {
    groups.clear();
    for (std::size_t i = 0; i < own; ++i) groups.push_back({{i}});
  }
  return split_beside(groups, options, last_of(dataset.items.size(), dataset.validation));
}

Split split_images(std::size_t count, std::span<const std::int32_t> classes, std::size_t validation,
                   const SplitOptions& options) {
  std::vector<SplitGroup> groups;
  for (std::size_t i = 0; i < count - validation; ++i) groups.push_back({{i}, classes.empty() ? 0 : classes[i]});
  return split_beside(groups, options, last_of(count, validation));
}

}  // namespace tuff
