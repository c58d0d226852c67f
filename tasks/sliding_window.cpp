#include "tasks/sliding_window.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <vector>

#include "base/os.h"
#include "runtime/compile.h"

namespace tuff {
namespace {

class Windows {
 public:
  Windows(Device& device, ParameterStore& store, const ClassifierConfig& config, std::int64_t stride,
          const Image& image, std::int64_t batch)
      : config_(config),
        stride_(stride),
        image_(image),
        batch_(batch),
        rows_(classifier_map_size(config, image.height, stride)),
        columns_(classifier_map_size(config, image.width, stride)) {
    Graph graph;
    const Value patches = graph.input("images", {batch, config.in_channels, config.side, config.side});
    graph.output("logits", classifier(graph, patches, config, false));
    executable_ = compile(graph, device, &store);
  }

  std::int64_t count() const { return rows_ * columns_; }

  // (classes, count), up to `most` patches.
  std::vector<float> logits(std::int64_t most) {
    const std::int64_t all = std::min(most, count());
    std::vector<float> result(static_cast<std::size_t>(config_.classes * count()));
    HostTensor patches(Shape{batch_, config_.in_channels, config_.side, config_.side});
    for (std::int64_t first = 0; first < all; first += batch_) {
      const std::int64_t some = std::min(batch_, all - first);
      for (std::int64_t i = 0; i < some; ++i)
        cut(first + i, patches.floats().subspan(static_cast<std::size_t>(i) * each()));
      executable_->write("images", patches);
      executable_->run();
      const HostTensor output = executable_->read("logits");
      for (std::int64_t i = 0; i < some; ++i)
        for (std::int64_t c = 0; c < config_.classes; ++c)
          result[static_cast<std::size_t>(c * count() + first + i)] =
              output.floats()[static_cast<std::size_t>(i * config_.classes + c)];
    }
    return result;
  }

 private:
  std::size_t each() const { return static_cast<std::size_t>(config_.in_channels * config_.side * config_.side); }

  void cut(std::int64_t patch, std::span<float> to) const {
    const std::int64_t top = patch / columns_ * stride_, left = patch % columns_ * stride_;
    auto out = to.begin();
    for (std::int64_t c = 0; c < config_.in_channels; ++c)
      for (std::int64_t y = 0; y < config_.side; ++y)
        out = std::copy_n(image_.channel(c).begin() + (top + y) * image_.width + left, config_.side, out);
  }

  const ClassifierConfig& config_;
  std::int64_t stride_;
  const Image& image_;
  std::int64_t batch_;
  std::int64_t rows_, columns_;
  std::unique_ptr<Executable> executable_;
};

double largest_difference(std::span<const float> map, std::span<const float> windows) {
  double largest = 0, scale = 1;
  for (std::size_t i = 0; i < map.size(); ++i) {
    largest = std::max(largest, static_cast<double>(std::abs(map[i] - windows[i])));
    scale = std::max(scale, static_cast<double>(std::abs(windows[i])));
  }
  return largest / scale;
}

}  // namespace

SlidingWindow compare_sliding_window(Device& device, ParameterStore& store, const ClassifierConfig& config,
                                     std::int64_t stride, const Image& image, std::int64_t batch) {
  Graph graph;
  const Value x = graph.input("images", {1, config.in_channels, image.height, image.width});
  graph.output("logits", classifier_map(graph, x, config, false, {}, stride));
  const auto map = compile(graph, device, &store);
  const HostTensor whole = HostTensor::from_floats({1, config.in_channels, image.height, image.width}, image.values);
  HostTensor from_map;
  const auto run_map = [&] {
    map->write("images", whole);
    map->run();
    from_map = map->read("logits");
  };
  Windows windows(device, store, config, stride, image, batch);
  SlidingWindow result{.patches = windows.count()};
  run_map();
  result.map_seconds = std::numeric_limits<double>::infinity();
  for (int run = 0; run < 3; ++run) {
    const double begun = os::monotonic_seconds();
    run_map();
    result.map_seconds = std::min(result.map_seconds, os::monotonic_seconds() - begun);
  }
  windows.logits(batch);
  const double start = os::monotonic_seconds();
  const std::vector<float> by_windows = windows.logits(windows.count());
  result.window_seconds = os::monotonic_seconds() - start;
  result.largest_difference = largest_difference(from_map.floats(), by_windows);
  return result;
}

}  // namespace tuff
