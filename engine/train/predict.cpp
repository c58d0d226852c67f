#include "train/predict.h"

#include <fmt/format.h>

#include <algorithm>
#include <deque>
#include <numeric>
#include <utility>

#include "base/error.h"
#include "base/text.h"
#include "ops/kernel_table.h"
#include "train/training_graph.h"

namespace tuff {
namespace {

// Tried in turn for images that don't fit as a whole, to find out how many pixels a tile may have. Larger tiles waste
// less on their overlap.
constexpr std::int64_t kTileSides[] = {2048, 1536, 1024, 768, 512, 384, 256, 192, 128};
constexpr std::int64_t kVolumeTileSides[] = {256, 192, 160, 128, 112, 96, 80, 64, 48, 32};

// ImageSize of fitted tiles are multiples of it, lest nearly every image of a collection gets its own executable.
constexpr std::int64_t kTileStep = 16;

std::int64_t round_up(std::int64_t value, std::int64_t multiple) {
  return (value + multiple - 1) / multiple * multiple;
}

std::int64_t halo_of(const NetworkAxis& axis) {
  return round_up(axis.radius, axis.alignment);
}

// The network's input for a whole image of this extent.
std::int64_t whole_extent(const NetworkAxis& axis, std::int64_t extent) {
  if (axis.margin == 0) return round_up(extent, axis.alignment);
  const std::int64_t kept = extent + 2 * halo_of(axis);
  std::int64_t size = kept + 2 * axis.margin;
  while (axis.output_size(size) < kept) size = axis.nearest_sizes(size).second;
  return size;
}

// `along(axis, extent)` for each axis that the network has.
template <class Along>
ImageSize each_axis(const Network& network, const ImageSize& extents, const Along& along) {
  return {network.rank == 3 ? along('z', extents.depth) : 1, along('y', extents.height), along('x', extents.width)};
}

ImageSize whole_input(const Network& network, const ImageSize& image) {
  return each_axis(network, image,
                   [&](char axis, std::int64_t extent) { return whole_extent(network.axis(axis), extent); });
}

// A tile of this side where the image is larger.
ImageSize tile_of(const Network& network, const ImageSize& image, std::int64_t side) {
  return each_axis(network, image, [&](char name, std::int64_t extent) {
    const NetworkAxis& axis = network.axis(name);
    const std::int64_t tile = axis.output_size(side) > 0 ? side : axis.nearest_sizes(side).first;
    const std::int64_t whole = whole_extent(axis, extent);
    return tile > 0 ? std::min(tile, whole) : whole;
  });
}

// The sides above that are of use to a network, largest first. A volume may be thinner than a tile.
std::vector<std::int64_t> tile_sides(const Network& network, const ImageSize& image) {
  std::vector<std::int64_t> sides;
  if (network.rank == 2) {
    const NetworkAxis& axis = network.axis('x');
    for (std::int64_t side : kTileSides) {
      if (axis.output_size(side) == 0) side = axis.nearest_sizes(side).first;
      if (side <= 2 * (axis.margin + halo_of(axis))) break;
      sides.push_back(side);
    }
    return sides;
  }
  const auto useful = [&](char name, std::int64_t extent, std::int64_t tile) {
    const NetworkAxis& axis = network.axis(name);
    return tile >= whole_extent(axis, extent) || tile > 2 * (axis.margin + halo_of(axis));
  };
  for (const std::int64_t side : kVolumeTileSides) {
    const ImageSize tile = tile_of(network, image, side);
    if (useful('z', image.depth, tile.depth) && useful('y', image.height, tile.height) &&
        useful('x', image.width, tile.width))
      sides.push_back(side);
  }
  return sides;
}

// What decides by its need for memory how large tiles may be.
ImageSize measured_tile(const Network& network, const ImageSize& image, std::int64_t side) {
  return network.rank == 3 ? tile_of(network, image, side) : ImageSize(side, side);
}

TilingAxis tiling_axis(const NetworkAxis& axis, std::int64_t extent) {
  return {.image = extent, .alignment = axis.alignment, .halo = halo_of(axis), .margin = axis.margin};
}

// How an image lies to a network, without tiles.
TilingOptions tiling_axes(const Network& network, const ImageSize& image) {
  TilingOptions options{tiling_axis(network.axis('y'), image.height), tiling_axis(network.axis('x'), image.width)};
  if (network.rank == 3) options.z = tiling_axis(network.axis('z'), image.depth);
  return options;
}

// "128x128", "64x128x128": x first where there are two, as people say it.
std::string size_text(const ImageSize& extents) {
  return extents.depth > 1 ? to_string(extents) : fmt::format("{}x{}", extents.width, extents.height);
}

// Of the store's arenas that a graph uses.
std::uint64_t store_bytes_of(const Graph& graph) {
  return (graph.arena_elements("parameters") + graph.arena_elements("buffers")) * sizeof(float);
}

double mebibytes(std::uint64_t bytes) {
  return static_cast<double>(bytes) / (1 << 20);
}

}  // namespace

std::optional<std::uint64_t> inference_bytes(const Network& network, const DeviceCaps& caps, const ImageSize& input,
                                             DType storage) {
  const auto graph = prepared(*inference_graph(network, 1, input), {.storage = storage});
  for (const ValueInfo& value : graph->values())
    if (static_cast<std::uint64_t>(value.type.bytes()) > caps.max_allocation) return std::nullopt;
  try {
    return device_bytes(*graph, lower(*graph, caps, kernel_table(), {.setup = false}));
  } catch (const OutOfMemory&) {
    return std::nullopt;
  }
}

std::uint64_t least_prediction_bytes(const Network& network, const DeviceCaps& caps, const ImageSize& image,
                                     std::int64_t tile) {
  const std::vector<std::int64_t> sides = tile_sides(network, image);
  if (tile == 0 && network.whole_image.empty() && !sides.empty()) tile = sides.back();
  const ImageSize input = tile > 0 ? tile_of(network, image, tile) : whole_input(network, image);
  return inference_bytes(network, caps, input).value_or(caps.max_allocation);
}

Predictor::Predictor(Device& device, ParameterStore& store, Network network, const PredictorOptions& options)
    : device_(device), store_(store), network_(std::move(network)), options_(options) {
  // A software driver's memory is the machine's own, which others need too.
  budget_ = options_.memory > 0 ? options_.memory : device_.available_memory() / (device_.caps().is_cpu() ? 4 : 2);
  const NetworkAxis& axis = network_.axis('x');
  if (options_.tile > 0 && axis.output_size(options_.tile) == 0)
    throw Error(fmt::format("--tile {}: the net can't take this size; use {}", options_.tile,
                            sizes_text(axis.nearest_sizes(options_.tile))));
}

const std::optional<std::uint64_t>& Predictor::bytes_needed(const ImageSize& tile) {
  const auto [known, is_new] = bytes_needed_.try_emplace(tile);
  if (is_new) known->second = inference_bytes(network_, device_.caps(), tile, options_.storage);
  return known->second;
}

bool Predictor::fits(const ImageSize& tile) {
  const std::optional<std::uint64_t>& bytes = bytes_needed(tile);
  return bytes && *bytes <= budget_;
}

// By tiles of this side, 0: as a whole.
Tiling Predictor::cut(const ImageSize& image, std::int64_t side) const {
  TilingOptions options = tiling_axes(network_, image);
  const ImageSize whole = whole_input(network_, image);
  const ImageSize tile = side == 0 ? whole : tile_of(network_, image, side);
  const auto set = [](TilingAxis& axis, std::int64_t extent, std::int64_t whole_extent) {
    axis.tile = axis.margin == 0 && extent >= whole_extent ? 0 : extent;
  };
  set(options.y, tile.height, whole.height);
  set(options.x, tile.width, whole.width);
  if (network_.rank == 3) set(options.z, tile.depth, whole.depth);
  return tile_image(options);
}

std::int64_t Predictor::largest_side(const ImageSize& image) {
  const std::vector<std::int64_t> sides = tile_sides(network_, image);
  for (const std::int64_t side : sides)
    if (fits(measured_tile(network_, image, side))) return side;
  const ImageSize smallest =
      sides.empty() ? whole_input(network_, image) : measured_tile(network_, image, sides.back());
  throw OutOfMemory(
      fmt::format("prediction: a tile of {} pixels, the smallest, takes {:.1f} MiB on the device beside the "
                  "weights, {:.1f} MiB "
                  "may be used; {}",
                  size_text(smallest), mebibytes(bytes_needed(smallest).value_or(0)), mebibytes(budget_),
                  options_.memory > 0 ? "allow more with --memory" : "use a smaller network or another --device"));
}

// The least extent from this one on that a fitted tile may have.
std::int64_t Predictor::next_size(char name, std::int64_t extent) const {
  const NetworkAxis& axis = network_.axis(name);
  const std::int64_t step = network_.rank == 3 ? axis.alignment : std::lcm(axis.alignment, kTileStep);
  return axis.margin == 0 ? round_up(extent, step) : axis.fitting(extent);
}

// What the largest tile of equal sides has that fits, known that one of this side does. Without --memory the side
// stays: what is free differs from run to run, and tiles of another size give other last digits.
std::int64_t Predictor::most_pixels(const ImageSize& image, std::int64_t side) {
  const auto pixels = [&](std::int64_t of_side) { return measured_tile(network_, image, of_side).pixels(); };
  if (options_.memory == 0) return pixels(side);
  const std::vector<std::int64_t> sides = tile_sides(network_, image);
  const auto larger = std::find(sides.rbegin(), sides.rend(), side) + 1;
  if (larger == sides.rend()) return pixels(side);
  std::int64_t too_large = *larger;
  while (true) {
    const std::int64_t middle = next_size('x', (side + too_large + 1) / 2);
    if (middle >= too_large) return pixels(side);
    (fits(measured_tile(network_, image, middle)) ? side : too_large) = middle;
  }
}

// By tiles of the size that computes least; what they need goes nearly by their pixels alone.
Tiling Predictor::fitted(const ImageSize& image) {
  const std::int64_t side = largest_side(image);
  const Tiling square = cut(image, side);
  const TilingOptions axes = tiling_axes(network_, image);
  std::int64_t most = most_pixels(image, side);
  while (true) {
    const auto options = fit_tiles(axes, most, [&](char axis, std::int64_t extent) { return next_size(axis, extent); });
    if (!options) return square;
    Tiling tiling = tile_image(*options);
    if (tiling.computed_pixels() > square.computed_pixels()) return square;
    if (fits(tiling.tile)) return tiling;
    most = tiling.tile.pixels() - 1;
  }
}

Tiling Predictor::tiling(const ImageSize& image) {
  const bool whole = options_.tile == 0 && fits(whole_input(network_, image));
  Tiling result = options_.tile > 0 || whole ? cut(image, options_.tile) : fitted(image);
  check(image, result);
  return result;
}

void Predictor::check(const ImageSize& image, const Tiling& tiling) {
  if (tiling.tiles.size() > 1 && !network_.whole_image.empty() && !options_.force_tiles) {
    const char* cure = options_.tile > 0     ? "leave --tile out"
                       : options_.memory > 0 ? "allow more with --memory"
                                             : "use a device with more memory";
    throw Error(
        fmt::format("an image of {} pixels would be cut into {} tiles, but {}; {}, or insist with --force-tiles",
                    size_text(image), tiling.tiles.size(), network_.whole_image, cure));
  }
  if (options_.memory > 0 && !fits(tiling.tile))
    throw OutOfMemory(
        fmt::format("prediction: a tile of {} pixels takes {:.1f} MiB on the device beside the weights, {:.1f} MiB may "
                    "be used; use a smaller --tile or allow more with --memory",
                    size_text(tiling.tile),
                    mebibytes(bytes_needed(tiling.tile).value_or(device_.caps().max_allocation)), mebibytes(budget_)));
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

Executable& Predictor::executable(const ImageSize& tile) {
  const auto found =
      std::find_if(cache_.begin(), cache_.end(), [&](const Cached& cached) { return cached.tile == tile; });
  if (found != cache_.end()) {
    cache_.splice(cache_.begin(), cache_, found);
    return *cache_.front().executable;
  }
  make_room(bytes_needed(tile).value_or(budget_));
  const auto graph = inference_graph(network_, 1, tile);
  CompileOptions options{.storage = options_.storage, .tuner = options_.tuner};
  // Tiles are chosen by the least that the usual kernels need. Without --memory what is free decides nothing that could
  // change results, which tuned kernels would.
  if (fits(tile) && (options_.memory > 0 || !options_.tuner))
    options.memory = budget_ - used() + store_bytes_of(*graph);
  cache_.push_front({tile, compile(*graph, device_, &store_, options)});
  return *cache_.front().executable;
}

Predictor::Work Predictor::begin(std::shared_ptr<const Image> image) {
  if (image->channels != network_.in_channels)
    throw Error(fmt::format("the image has {} channels, the model takes {}; choose them with --channels",
                            image->channels, network_.in_channels));
  if (network_.rank == 2 && image->depth > 1)
    throw Error(
        fmt::format("a volume of {} slices, where the model takes images; give it slice by slice", image->depth));
  const ImageSize size = image->size();
  const std::int64_t scale = network_.scale;
  const ImageSize result(network_.rank == 3 ? size.depth * scale : 1, size.height * scale, size.width * scale);
  return {std::move(image), tiling(size), Image(network_.out_channels, result)};
}

void Predictor::predict_each(const std::function<std::shared_ptr<const Image>()>& next,
                             const std::function<void(std::shared_ptr<const Image> image, Image logits)>& done,
                             const std::function<void(std::size_t, std::size_t)>& tile_done) {
  std::deque<Work> open;          // at most two
  Executable* running = nullptr;  // has a run whose logits weren't read
  const auto take = [&](const HostTensor& logits) {
    Work& work = open.front();
    const std::vector<Tile>& tiles = work.tiling.tiles;
    write_tile(logits, tiles[work.finished], work.logits, network_.scale);
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
    if (before.tile != tiling.tile) take_last();
    Executable& runner = executable(tiling.tile);
    for (const Tile& tile : tiling.tiles) {
      runner.write("images",
                   read_tile(*open.back().image, tile.input, network_.rank));  // into the slot that no run reads
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
