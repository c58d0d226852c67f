// The order in which an epoch goes through its training samples, round by round where they are few.
#pragma once

#include <cstdint>
#include <span>
#include <utility>
#include <vector>

#include "base/random_use.h"
#include "base/shuffle.h"

namespace tuff {

template <class Item>
class Rounds {
 public:
  Rounds(std::span<const Item> items, std::uint64_t seed) : items_(items.begin(), items.end()), seed_(seed) {}

  // The items in the order of one round of an epoch: the same in every run with this seed. Valid until the next call.
  std::span<const Item> order(std::int64_t epoch, std::int64_t round) {
    if (drawn_ != std::pair(epoch, round)) {
      order_ = items_;
      PhiloxStream random(seed_, static_cast<std::uint32_t>(epoch), static_cast<std::uint32_t>(round),
                          static_cast<std::uint32_t>(RandomUse::shuffle));
      shuffle(order_, random);
      drawn_ = {epoch, round};
    }
    return order_;
  }

 private:
  std::vector<Item> items_;
  std::uint64_t seed_;
  std::pair<std::int64_t, std::int64_t> drawn_ = {-1, -1};
  std::vector<Item> order_;
};

}  // namespace tuff
