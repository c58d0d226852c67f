#include "io/components.h"

#include <algorithm>
#include <cassert>
#include <utility>

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

struct Offset {
  std::int64_t z = 0;
  std::int64_t y = 0;
  std::int64_t x = 0;
};

// Neighbors that come before a pixel.
std::vector<Offset> earlier_neighbors(Connectivity connectivity) {
  if (connectivity == Connectivity::four) return {{0, 0, -1}, {0, -1, 0}, {-1, 0, 0}};
  std::vector<Offset> neighbors = {{0, 0, -1}, {0, -1, -1}, {0, -1, 0}, {0, -1, 1}};
  for (std::int64_t y = -1; y <= 1; ++y)
    for (std::int64_t x = -1; x <= 1; ++x) neighbors.push_back({-1, y, x});
  return neighbors;
}

// Ids from 1 in order of the first pixel for the components that are large enough, else 0.
Components number_components(std::vector<std::int32_t> provisional, UnionFind& sets, std::int64_t smallest) {
  std::vector<std::int64_t> sizes(sets.size(), 0);
  for (std::int32_t& id : provisional)
    if (id != kNone) ++sizes[static_cast<std::size_t>(id = sets.root(id))];
  std::vector<std::int32_t> numbers(sets.size(), 0);
  std::int32_t count = 0;
  for (std::int32_t& id : provisional) {
    if (id == kNone || sizes[static_cast<std::size_t>(id)] < smallest) {
      id = 0;
      continue;
    }
    std::int32_t& number = numbers[static_cast<std::size_t>(id)];
    if (number == 0) number = ++count;
    id = number;
  }
  return {std::move(provisional), count};
}

}  // namespace

Components label_volume(std::span<const std::int32_t> mask, std::int64_t depth, std::int64_t height, std::int64_t width,
                        Connectivity connectivity, std::int64_t smallest) {
  assert(mask.size() == static_cast<std::size_t>(depth * height * width));
  std::vector<Offset> neighbors = earlier_neighbors(connectivity);
  if (depth == 1) std::erase_if(neighbors, [](const Offset& offset) { return offset.z != 0; });
  std::vector<std::int32_t> provisional(mask.size(), kNone);
  UnionFind sets;
  std::size_t at = 0;
  for (std::int64_t z = 0; z < depth; ++z)
    for (std::int64_t y = 0; y < height; ++y)
      for (std::int64_t x = 0; x < width; ++x, ++at) {
        if (mask[at] == 0) continue;
        std::int32_t id = kNone;
        for (const Offset& offset : neighbors) {
          if (z + offset.z < 0 || y + offset.y < 0 || y + offset.y >= height || x + offset.x < 0 ||
              x + offset.x >= width)
            continue;
          const std::int32_t other =
              provisional[static_cast<std::size_t>(((z + offset.z) * height + y + offset.y) * width + x + offset.x)];
          if (other != kNone) id = id == kNone ? sets.root(other) : sets.join(id, other);
        }
        provisional[at] = id == kNone ? sets.add() : id;
      }
  return number_components(std::move(provisional), sets, smallest);
}

Components label_components(std::span<const std::int32_t> mask, std::int64_t height, std::int64_t width,
                            Connectivity connectivity, std::int64_t smallest) {
  return label_volume(mask, 1, height, width, connectivity, smallest);
}

void fill_holes(std::span<std::int32_t> mask, std::int64_t height, std::int64_t width) {
  std::vector<std::int32_t> background;
  for (const std::int32_t value : mask) background.push_back(value == 0 ? 1 : 0);
  const Components regions = label_components(background, height, width, Connectivity::four);
  std::vector<bool> open(static_cast<std::size_t>(regions.count) + 1, false);
  for (std::int64_t y = 0; y < height; ++y)
    for (std::int64_t x = 0; x < width; ++x)
      if (y == 0 || x == 0 || y == height - 1 || x == width - 1)
        open[static_cast<std::size_t>(regions.ids[static_cast<std::size_t>(y * width + x)])] = true;
  for (std::size_t i = 0; i < mask.size(); ++i)
    if (regions.ids[i] != 0 && !open[static_cast<std::size_t>(regions.ids[i])]) mask[i] = 1;
}

}  // namespace tuff
