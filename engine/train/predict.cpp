#include "train/predict.h"

#include <fmt/format.h>

#include <algorithm>
#include <deque>
#include <numeric>
#include <utility>

#include "base/error.h"
#include "ops/kernel_table.h"
#include "train/training_graph.h"

namespace tuff {
namespace {

// Tried in turn for images that don't fit as a whole, to find out how many pixels a tile may have. Larger tiles waste
// less on their overlap.
constexpr std::int64_t kTileSides[] = {2048, 1536, 1024, 768, 512, 384, 256, 192, 128};

// Extents of fitted tiles are multiples of it, lest nearly every image of a collection gets its own executable.
constexpr std::int64_t kTileStep = 16;

std::int64_t round_up(std::int64_t value, std::int64_t multiple) {
  return (value + multiple - 1) / multiple * multiple;
}

// The network's input for a whole image of this extent.
std::int64_t whole_extent(const Network& network, std::int64_t extent) {
  if (network.margin == 0) return round_up(extent, network.alignment);
  const std::int64_t kept = extent + 2 * round_up(network.radius, network.alignment);
  std::int64_t size = kept + 2 * network.margin;
  while (network.output_size(size) < kept) size = network.nearest_sizes(size).second;
  return size;
}

// The sides above that are of use to a network, largest first.
std::vector<std::int64_t> tile_sides(const Network& network) {
  std::vector<std::int64_t> sides;
  for (std::int64_t side : kTileSides) {
    if (network.output_size(side) == 0) side = network.nearest_sizes(side).first;
    if (side <= 2 * (network.margin + round_up(network.radius, network.alignment))) break;
    sides.push_back(side);
  }
  return sides;
}

TilingAxis tiling_axis(const Network& network, std::int64_t extent) {
  return {.image = extent,
          .alignment = network.alignment,
          .halo = round_up(network.radius, network.alignment),
          .margin = network.margin};
}

// Of the store's arenas that a graph uses.
std::uint64_t store_bytes_of(const Graph& graph) {
  return (graph.arena_elements("parameters") + graph.arena_elements("buffers")) * sizeof(float);
}

double mebibytes(std::uint64_t bytes) {
  return static_cast<double>(bytes) / (1 << 20);
}

}  // namespace

std::optional<std::uint64_t> inference_bytes(const Network& network, const DeviceCaps& caps, std::int64_t height,
                                             std::int64_t width, DType storage) {
  const auto graph = prepared(*inference_graph(network, 1, height, width), {.storage = storage});
  for (const ValueInfo& value : graph->values())
    if (static_cast<std::uint64_t>(value.type.bytes()) > caps.max_allocation) return std::nullopt;
  try {
    return device_bytes(*graph, lower(*graph, caps, kernel_table(), {.setup = false}));
  } catch (const OutOfMemory&) {
    return std::nullopt;
  }
}

std::uint64_t least_prediction_bytes(const Network& network, const DeviceCaps& caps, std::int64_t height,
                                     std::int64_t width, std::int64_t tile) {
  std::int64_t whole_height = whole_extent(network, height), whole_width = whole_extent(network, width);
  const std::vector<std::int64_t> sides = tile_sides(network);
  if (tile == 0 && network.whole_image.empty() && !sides.empty()) tile = sides.back();
  if (tile > 0) whole_height = std::min(whole_height, tile), whole_width = std::min(whole_width, tile);
  return inference_bytes(network, caps, whole_height, whole_width).value_or(caps.max_allocation);
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
    TilingAxis result = tiling_axis(network_, extent);
    const std::int64_t whole = whole_extent(network_, extent);
    if (network_.margin > 0)
      result.tile = tile == 0 ? whole : std::min(tile, whole);
    else
      result.tile = tile >= whole ? 0 : tile;
    return result;
  };
  return tile_image({axis(height), axis(width)});
}

std::int64_t Predictor::largest_tile() {
  const std::vector<std::int64_t> sides = tile_sides(network_);
  for (const std::int64_t side : sides)
    if (fits(side, side)) return side;
  const std::int64_t smallest = sides.empty() ? 0 : sides.back();
  throw OutOfMemory(
      fmt::format("prediction: a tile of {0}x{0} pixels, the smallest, takes {1:.1f} MiB on the device beside the "
                  "weights, {2:.1f} MiB "
                  "may be used; {3}",
                  smallest, mebibytes(bytes_needed(smallest, smallest).value_or(0)), mebibytes(budget_),
                  options_.memory > 0 ? "allow more with --memory" : "use a smaller network or another --device"));
}

// The least extent from this one on that a fitted tile may have.
std::int64_t Predictor::next_size(std::int64_t extent) const {
  if (network_.margin == 0) return round_up(extent, std::lcm(network_.alignment, kTileStep));
  return network_.output_size(extent) > 0 ? extent : network_.nearest_sizes(extent).second;
}

// What the largest square tile has that fits, known that one of this side does. Without --memory the side stays: what
// is free differs from run to run, and tiles of another size give other last digits.
std::int64_t Predictor::most_pixels(std::int64_t side) {
  if (options_.memory == 0) return side * side;
  const std::vector<std::int64_t> sides = tile_sides(network_);
  const auto larger = std::find(sides.rbegin(), sides.rend(), side) + 1;
  if (larger == sides.rend()) return side * side;
  std::int64_t too_large = *larger;
  while (true) {
    const std::int64_t middle = next_size((side + too_large + 1) / 2);
    if (middle >= too_large) return side * side;
    (fits(middle, middle) ? side : too_large) = middle;
  }
}

// By tiles of the size that computes least; what they need goes nearly by their pixels alone.
Tiling Predictor::fitted(std::int64_t height, std::int64_t width) {
  const std::int64_t side = largest_tile();
  const Tiling square = cut(height, width, side);
  const auto axis = [&](std::int64_t extent) { return tiling_axis(network_, extent); };
  std::int64_t most = most_pixels(side);
  while (true) {
    const auto options =
        fit_tiles({axis(height), axis(width)}, most, [&](std::int64_t size) { return next_size(size); });
    if (!options) return square;
    Tiling tiling = tile_image(*options);
    if (tiling.computed_pixels() > square.computed_pixels()) return square;
    if (fits(tiling.tile_height, tiling.tile_width)) return tiling;
    most = tiling.tile_height * tiling.tile_width - 1;
  }
}

Tiling Predictor::tiling(std::int64_t height, std::int64_t width) {
  const bool whole = options_.tile == 0 && fits(whole_extent(network_, height), whole_extent(network_, width));
  Tiling result = options_.tile > 0 || whole ? cut(height, width, options_.tile) : fitted(height, width);
  if (result.tiles.size() > 1 && !network_.whole_image.empty() && !options_.force_tiles) {
    const char* cure = options_.tile > 0     ? "leave --tile out"
                       : options_.memory > 0 ? "allow more with --memory"
                                             : "use a device with more memory";
    throw Error(
        fmt::format("an image of {}x{} pixels would be cut into {} tiles, but {}; {}, or insist with --force-tiles",
                    width, height, result.tiles.size(), network_.whole_image, cure));
  }
  if (options_.memory > 0 && !fits(result.tile_height, result.tile_width))
    throw OutOfMemory(fmt::format(
        "prediction: a tile of {}x{} pixels takes {:.1f} MiB on the device beside the weights, {:.1f} MiB may be used; "
        "use a "
        "smaller --tile or allow more with --memory",
        result.tile_width, result.tile_height,
        mebibytes(bytes_needed(result.tile_height, result.tile_width).value_or(device_.caps().max_allocation)),
        mebibytes(budget_)));
  return result;
}

// Drops what was used longest ago until `bytes` more fit beside the rest.
void Predictor::make_room(std::uint64_t bytes) {
  while (!cache_.empty() && (cache_.size() >= options_.executables || used() + bytes > budget_)) cache_.pop_back();
}

std::uint64_t Predictor::used() const {
  std::uint64_t sum = 0;
  for (const Cached& cached : cache_) sum += cached.executable->device_bytes();
  return sum;
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
  CompileOptions options{.storage = options_.storage, .tuner = options_.tuner};
  // Tiles are chosen by the least that the usual kernels need. Without --memory what is free decides nothing that could
  // change results, which tuned kernels would.
  if (fits(height, width) && (options_.memory > 0 || !options_.tuner))
    options.memory = budget_ - used() + store_bytes_of(*graph);
  cache_.push_front({height, width, compile(*graph, device_, &store_, options)});
  return *cache_.front().executable;
}

Predictor::Work Predictor::begin(std::shared_ptr<const Image> image) {
  if (image->channels != network_.in_channels)
    throw Error(fmt::format("the image has {} channels, the model takes {}; choose them with --channels",
                            image->channels, network_.in_channels));
  const std::int64_t height = image->height, width = image->width;
  return {std::move(image), tiling(height, width), Image(network_.out_channels, height, width)};
}

void Predictor::predict_each(const std::function<std::shared_ptr<const Image>()>& next,
                             const std::function<void(std::shared_ptr<const Image> image, Image logits)>& done,
                             const std::function<void(std::size_t, std::size_t)>& tile_done) {
  std::deque<Work> open;          // at most two
  Executable* running = nullptr;  // has a run whose logits weren't read
  const auto take = [&](const HostTensor& logits) {
    Work& work = open.front();
    const std::vector<Tile>& tiles = work.tiling.tiles;
    write_tile(logits, tiles[work.finished], work.logits);
    if (tile_done) tile_done(work.finished + 1, tiles.size());
    if (++work.finished < tiles.size()) return;
    Work finished = std::move(open.front());
    open.pop_front();
    done(std::move(finished.image), std::move(finished.logits));
  };
  const auto take_last = [&] {
    if (running) take(std::exchange(running, nullptr)->read("logits"));
  };
  while (true) {
    try {
      std::shared_ptr<const Image> image = next();
      if (!image) break;
      open.push_back(begin(std::move(image)));
    } catch (...) {
      take_last();
      throw;
    }
    const Tiling& before = open.front().tiling;
    const Tiling tiling = open.back().tiling;
    // Another executable may have to go to make room for this one.
    if (before.tile_height != tiling.tile_height || before.tile_width != tiling.tile_width) take_last();
    Executable& runner = executable(tiling.tile_height, tiling.tile_width);
    for (const Tile& tile : tiling.tiles) {
      runner.write("images", read_tile(*open.back().image, tile.input));  // into the slot that no run reads
      std::optional<HostTensor> logits;
      if (running) logits = running->read("logits");
      runner.run();
      running = &runner;
      if (logits) take(*logits);
    }
  }
  take_last();
}

Image Predictor::predict(const Image& image, const std::function<void(std::size_t, std::size_t)>& tile_done) {
  Image result;
  std::shared_ptr<const Image> given(&image, [](const Image*) {});  // the caller's
  predict_each([&] { return std::exchange(given, nullptr); },
               [&](const std::shared_ptr<const Image>&, Image logits) { result = std::move(logits); }, tile_done);
  return result;
}

}  // namespace tuff
