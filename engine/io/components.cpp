#include "io/components.h"

#include <algorithm>
#include <cassert>

namespace tuff {
namespace {

// Provisional ids and which of them are the same component: parent[i] <= i.
class UnionFind {
 public:
  std::int32_t add() {
    parents_.push_back(static_cast<std::int32_t>(parents_.size()));
    return parents_.back();
  }

  std::int32_t root(std::int32_t id) {
    while (parents_[at(id)] != id) id = parents_[at(id)] = parents_[at(parents_[at(id)])];
    return id;
  }

  std::int32_t join(std::int32_t a, std::int32_t b) {
    a = root(a);
    b = root(b);
    return parents_[at(std::max(a, b))] = std::min(a, b);
  }

  std::size_t size() const { return parents_.size(); }

 private:
  static std::size_t at(std::int32_t id) { return static_cast<std::size_t>(id); }
  std::vector<std::int32_t> parents_;
};

constexpr std::int32_t kNone = -1;

}  // namespace

Components label_components(std::span<const std::int32_t> mask, std::int64_t height, std::int64_t width,
                            Connectivity connectivity, std::int64_t smallest) {
  assert(mask.size() == static_cast<std::size_t>(height * width));
  std::vector<std::int32_t> provisional(mask.size(), kNone);
  UnionFind sets;
  const auto seen = [&](std::int64_t y, std::int64_t x) {
    return y < 0 || x < 0 || x >= width ? kNone : provisional[static_cast<std::size_t>(y * width + x)];
  };
  for (std::int64_t y = 0; y < height; ++y)
    for (std::int64_t x = 0; x < width; ++x) {
      const auto at = static_cast<std::size_t>(y * width + x);
      if (mask[at] == 0) continue;
      std::int32_t id = kNone;
      const bool corners = connectivity == Connectivity::eight;
      for (const std::int32_t other :
           {seen(y, x - 1), seen(y - 1, x), corners ? seen(y - 1, x - 1) : kNone, corners ? seen(y - 1, x + 1) : kNone})
        if (other != kNone) id = id == kNone ? sets.root(other) : sets.join(id, other);
      provisional[at] = id == kNone ? sets.add() : id;
    }

  std::vector<std::int64_t> sizes(sets.size(), 0);
  for (std::int32_t& id : provisional)
    if (id != kNone) ++sizes[static_cast<std::size_t>(id = sets.root(id))];
  std::vector<std::int32_t> numbers(sets.size(), 0);
  Components components{std::vector<std::int32_t>(mask.size(), 0), 0};
  for (std::size_t i = 0; i < mask.size(); ++i) {
    if (provisional[i] == kNone || sizes[static_cast<std::size_t>(provisional[i])] < smallest) continue;
    std::int32_t& number = numbers[static_cast<std::size_t>(provisional[i])];
    if (number == 0) number = ++components.count;
    components.ids[i] = number;
  }
  return components;
}

}  // namespace tuff
