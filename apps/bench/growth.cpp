#include "apps/bench/growth.h"

#include <fmt/format.h>

#include <algorithm>
#include <limits>
#include <memory>
#include <nlohmann/json.hpp>

#include "apps/bench/report.h"
#include "apps/options.h"
#include "apps/session.h"
#include "base/error.h"
#include "base/os.h"
#include "base/philox.h"
#include "runtime/compile.h"
#include "tasks/networks.h"
#include "tasks/segmentation.h"
#include "train/predict.h"
#include "train/training_graph.h"

namespace tuff::bench {
namespace {

constexpr int kRuns = 3;  // the fastest counts
constexpr std::int64_t kCrop = 128;
constexpr std::int64_t kTile = 512;  // how much memory there is: for a tile of this side

struct TiledTime {
  std::int64_t size = 0;
  std::int64_t tile_height = 0, tile_width = 0;
  double seconds = 0;
  double pixels = 0, computed = 0;  // of the image, and of all tiles with what they overlap
  std::uint64_t device_bytes = 0;   // at the peak, the parameters among them
  double halo() const { return 1 - pixels / computed; }
};

struct StepTime {
  std::int64_t batch = 0;
  double seconds = 0;
};

template <typename Work>
double fastest(const Work& work) {
  double best = std::numeric_limits<double>::infinity();
  for (int run = 0; run < kRuns; ++run) {
    const double begin = os::monotonic_seconds();
    work();
    best = std::min(best, os::monotonic_seconds() - begin);
  }
  return best;
}

void fill(std::span<float> values) {
  PhiloxStream draws(7);
  for (float& value : values) value = static_cast<float>(draws.uniform(0, 1));
}

TiledTime time_tiled(Device& device, Predictor& predictor, std::int64_t size) {
  Image image(1, size, size);
  fill(image.values);
  const Tiling tiling = predictor.tiling({size, size});
  TiledTime time{.size = size,
                 .tile_height = tiling.tile.height,
                 .tile_width = tiling.tile.width,
                 .pixels = static_cast<double>(size) * static_cast<double>(size),
                 .computed = static_cast<double>(tiling.computed_pixels())};
  predictor.predict(image);  // compiles
  time.seconds = fastest([&] { predictor.predict(image); });
  time.device_bytes = device.counters().peak_bytes;
  return time;
}

std::uint64_t memory_for_tiles(const GrowthArguments& arguments, const Network& network, const Device& device) {
  const std::uint64_t given = parse_memory(arguments.memory);
  if (given > 0 || arguments.tile > 0) return given;
  const std::int64_t side = network.axis('x').fitting(kTile);
  return inference_bytes(network, device.caps(), {side, side}).value_or(0);
}

StepTime time_step(Device& device, const Network& network, TrainOptions options, std::int64_t batch) {
  options.batch = batch;
  options.crop = kCrop;
  const auto graph = training_graph(network, options);
  ParameterStore store(device, *graph);
  store.initialize(0);
  const auto executable = compile(*graph, device, &store);
  for (const Value input : executable->graph().inputs()) {
    const std::string& name = executable->graph().info(input).name;
    HostTensor values(input.type().shape, input.type().dtype);
    if (name == "images") fill(values.floats());
    executable->write(name, name == "step_state" ? step_state_tensor(options, 1e-3, 0) : values);
  }
  const auto step = [&] {
    executable->run();
    executable->wait();
  };
  step();
  return {batch, fastest(step)};
}

void print(const std::vector<TiledTime>& tiled, const std::vector<StepTime>& steps) {
  fmt::print("{:<16} {:>10} {:>10} {:>12} {:>18} {:>8} {:>12}\n", "tiled prediction", "tile", "s", "ns a pixel",
             "ns a tile's pixel", "halo", "device MiB");
  for (const TiledTime& time : tiled)
    fmt::print("{:<16} {:>10} {:>10.3f} {:>12.1f} {:>18.1f} {:>7.0f}% {:>12.1f}\n", fmt::format("{0}x{0}", time.size),
               fmt::format("{}x{}", time.tile_width, time.tile_height), time.seconds, time.seconds / time.pixels * 1e9,
               time.seconds / time.computed * 1e9, 100 * time.halo(),
               static_cast<double>(time.device_bytes) / (1 << 20));
  fmt::print("\n{:<16} {:>10} {:>12}\n", "training step", "ms", "ms an image");
  for (const StepTime& time : steps)
    fmt::print("{:<16} {:>10.1f} {:>12.1f}\n", fmt::format("batch of {}", time.batch), time.seconds * 1e3,
               time.seconds / static_cast<double>(time.batch) * 1e3);
}

nlohmann::ordered_json report(const Device& device, const std::vector<TiledTime>& tiled,
                              const std::vector<StepTime>& steps) {
  nlohmann::ordered_json json = begin_report(device, "growth", {});
  json.erase("peaks");
  for (const TiledTime& time : tiled)
    json["tiled"].push_back({{"size", time.size},
                             {"tile_height", time.tile_height},
                             {"tile_width", time.tile_width},
                             {"seconds", time.seconds},
                             {"pixels", time.pixels},
                             {"computed_pixels", time.computed},
                             {"device_bytes", time.device_bytes}});
  for (const StepTime& time : steps) json["steps"].push_back({{"batch", time.batch}, {"seconds", time.seconds}});
  return json;
}

}  // namespace

void run_growth(const GrowthArguments& arguments) {
  TrainOptions options = default_options("unet");
  options.base = arguments.base;
  options.depth = arguments.depth;
  validate(options);
  const Network network = make_network(options, 1);
  const auto device = open_device(arguments.device);
  std::vector<TiledTime> tiled;
  {
    ParameterStore store(*device, *inference_graph(network, 1, {kCrop, kCrop}));
    store.initialize(0);
    const PredictorOptions limits{.tile = arguments.tile, .memory = memory_for_tiles(arguments, network, *device)};
    Predictor predictor(*device, store, network, limits);
    for (const std::int64_t size : arguments.sizes) {
      if (size < 1) throw Error(fmt::format("--sizes {}: must be 1 or more", size));
      tiled.push_back(time_tiled(*device, predictor, size));
    }
  }
  std::vector<StepTime> steps;
  for (const std::int64_t batch : arguments.batches) {
    if (batch < 1) throw Error(fmt::format("--batches {}: must be 1 or more", batch));
    steps.push_back(time_step(*device, network, options, batch));
  }
  print(tiled, steps);
  if (!arguments.json.empty()) os::write_file(arguments.json, report(*device, tiled, steps).dump(2) + "\n");
}

}  // namespace tuff::bench
