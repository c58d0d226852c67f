#include "train/predict.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/error.h"
#include "ops/kernel_table.h"
#include "train/training_graph.h"

namespace tuff {
namespace {

// Tried in turn for images that don't fit as a whole. Larger tiles waste less on their overlap.
constexpr std::int64_t kTileSides[] = {2048, 1536, 1024, 768, 512, 384, 256, 192, 128};

std::int64_t round_up(std::int64_t value, std::int64_t multiple) {
  return (value + multiple - 1) / multiple * multiple;
}

}  // namespace

std::optional<std::uint64_t> inference_bytes(const Network& network, const DeviceCaps& caps, std::int64_t height,
                                             std::int64_t width, DType storage) {
  const auto graph = prepared(*inference_graph(network, 1, height, width), {.storage = storage});
  for (const ValueInfo& value : graph->values())
    if (static_cast<std::uint64_t>(value.type.bytes()) > caps.max_allocation) return std::nullopt;
  try {
    const Plan plan = lower(*graph, caps, kernel_table());
    std::uint64_t bytes = 0;
    for (const Segment& segment : plan.segments)
      if (segment.kind != Segment::Kind::store) bytes += segment.bytes;
    return bytes;
  } catch (const OutOfMemory&) {
    return std::nullopt;
  }
}

Predictor::Predictor(Device& device, ParameterStore& store, Network network, const PredictorOptions& options)
    : device_(device), store_(store), network_(std::move(network)), options_(options) {
  // A software driver's memory is the machine's own, which others need too.
  budget_ = options_.memory > 0 ? options_.memory : device_.available_memory() / (device_.caps().is_cpu() ? 4 : 2);
  if (options_.tile > 0 && network_.output_size(options_.tile) == 0) {
    const auto [below, above] = network_.nearest_sizes(options_.tile);
    throw Error(fmt::format("--tile {}: the net can't take this size; use {}{}", options_.tile,
                            below > 0 ? fmt::format("{} or ", below) : "", above));
  }
}

// The network's input for a whole image of this extent.
std::int64_t Predictor::whole_extent(std::int64_t extent) const {
  if (network_.margin == 0) return round_up(extent, network_.alignment);
  const std::int64_t kept = extent + 2 * round_up(network_.radius, network_.alignment);
  std::int64_t size = kept + 2 * network_.margin;
  while (network_.output_size(size) < kept) size = network_.nearest_sizes(size).second;
  return size;
}

const std::optional<std::uint64_t>& Predictor::bytes_needed(std::int64_t height, std::int64_t width) {
  const auto [known, is_new] = bytes_needed_.try_emplace({height, width});
  if (is_new) known->second = inference_bytes(network_, device_.caps(), height, width, options_.storage);
  return known->second;
}

bool Predictor::fits(std::int64_t height, std::int64_t width) {
  const std::optional<std::uint64_t>& bytes = bytes_needed(height, width);
  return bytes && *bytes <= budget_;
}

Tiling Predictor::cut(std::int64_t height, std::int64_t width, std::int64_t tile) const {
  const auto axis = [&](std::int64_t extent) {
    TilingAxis result{.image = extent, .alignment = network_.alignment, .margin = network_.margin};
    result.halo = round_up(network_.radius, network_.alignment);
    const std::int64_t whole = whole_extent(extent);
    if (network_.margin > 0)
      result.tile = tile == 0 ? whole : std::min(tile, whole);
    else
      result.tile = tile >= whole ? 0 : tile;
    return result;
  };
  return tile_image({axis(height), axis(width)});
}

std::int64_t Predictor::largest_tile() {
  std::int64_t smallest = 0;
  for (std::int64_t side : kTileSides) {
    if (network_.output_size(side) == 0) side = network_.nearest_sizes(side).first;
    const bool useful = side > 2 * (network_.margin + round_up(network_.radius, network_.alignment));
    if (!useful) break;
    smallest = side;
    if (fits(side, side)) return side;
  }
  throw OutOfMemory(
      fmt::format("prediction: the device has no room for a tile of {0}x{0} pixels ({1} MiB may be used); "
                  "use a smaller network or another --device",
                  smallest, budget_ >> 20));
}

Tiling Predictor::tiling(std::int64_t height, std::int64_t width) {
  std::int64_t tile = options_.tile;
  if (tile == 0 && !fits(whole_extent(height), whole_extent(width))) tile = largest_tile();
  Tiling result = cut(height, width, tile);
  if (result.tiles.size() > 1 && !network_.whole_image.empty() && !options_.force_tiles)
    throw Error(
        fmt::format("an image of {}x{} pixels would be cut into {} tiles, but {}; {}, or insist with --force-tiles",
                    width, height, result.tiles.size(), network_.whole_image,
                    options_.tile > 0 ? "leave --tile out" : "use a device with more memory"));
  return result;
}

// Drops what was used longest ago until `bytes` more fit beside the rest.
void Predictor::make_room(std::uint64_t bytes) {
  const auto used = [&] {
    std::uint64_t sum = 0;
    for (const Cached& cached : cache_) sum += cached.executable->device_bytes();
    return sum;
  };
  while (!cache_.empty() && (cache_.size() >= options_.executables || used() + bytes > budget_)) cache_.pop_back();
}

Executable& Predictor::executable(std::int64_t height, std::int64_t width) {
  const auto found = std::find_if(cache_.begin(), cache_.end(), [&](const Cached& cached) {
    return cached.height == height && cached.width == width;
  });
  if (found != cache_.end()) {
    cache_.splice(cache_.begin(), cache_, found);
    return *cache_.front().executable;
  }
  make_room(bytes_needed(height, width).value_or(budget_));
  const auto graph = inference_graph(network_, 1, height, width);
  cache_.push_front({height, width, compile(*graph, device_, &store_, {.storage = options_.storage})});
  return *cache_.front().executable;
}

Image Predictor::predict(const Image& image, const std::function<void(std::size_t, std::size_t)>& tile_done) {
  if (image.channels != network_.in_channels)
    throw Error(fmt::format("the image has {} channels, the model takes {}; choose them with --channels",
                            image.channels, network_.in_channels));
  const Tiling tiles = tiling(image.height, image.width);
  Executable& runner = executable(tiles.tile_height, tiles.tile_width);
  Image result(network_.out_channels, image.height, image.width);
  for (std::size_t index = 0; index < tiles.tiles.size(); ++index) {
    runner.write("images", read_tile(image, tiles.tiles[index].input));
    runner.run();
    write_tile(runner.read("logits"), tiles.tiles[index], result);
    if (tile_done) tile_done(index + 1, tiles.tiles.size());
  }
  return result;
}

}  // namespace tuff
