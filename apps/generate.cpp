// tuff generate: new images from a variational autoencoder.
#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <memory>
#include <string>
#include <vector>

#include "apps/commands.h"
#include "apps/options.h"
#include "apps/session.h"
#include "base/error.h"
#include "io/image.h"
#include "tasks/networks.h"

namespace tuff {
namespace {

constexpr std::int64_t kMostPixels = 1 << 28;
constexpr std::int64_t kGap = 2;  // pixels between images

struct GenerateArguments {
  std::string model;
  std::string out;
  std::string device;
  std::string memory;
  bool autotune = false;
  std::int64_t count = 64;
  std::int64_t seed = 0;
};

// Values of 0..1 as 8 bits, side by side in rows, as near to a square as it goes.
Image grid(const std::vector<Image>& images) {
  const Image& first = images.front();
  const auto count = static_cast<std::int64_t>(images.size());
  const auto columns = static_cast<std::int64_t>(std::ceil(std::sqrt(static_cast<double>(count))));
  const std::int64_t rows = (count + columns - 1) / columns;
  Image result(first.channels, rows * (first.height + kGap) - kGap, columns * (first.width + kGap) - kGap);
  for (std::int64_t i = 0; i < count; ++i) {
    const std::int64_t top = i / columns * (first.height + kGap), left = i % columns * (first.width + kGap);
    for (std::int64_t c = 0; c < first.channels; ++c)
      for (std::int64_t y = 0; y < first.height; ++y)
        for (std::int64_t x = 0; x < first.width; ++x)
          result.channel(c)[static_cast<std::size_t>((top + y) * result.width + left + x)] =
              255 * images[static_cast<std::size_t>(i)].channel(c)[static_cast<std::size_t>(y * first.width + x)];
  }
  return result;
}

void run_generate(const GenerateArguments& arguments) {
  check_image_name(arguments.out);
  parse_memory(arguments.memory);
  const Model model = load_model(arguments.model);
  const AutoencoderNetwork network = make_autoencoder(model.options, model.format.image_channels);
  if (arguments.count * network.side * network.side > kMostPixels)
    throw Error(
        fmt::format("-n {}: one picture of so many images of {}x{} would be too large; make several with --seed",
                    arguments.count, network.side, network.side));
  const LoadedAutoencoder loaded = open_autoencoder(model, arguments.device);
  const auto tuner = open_tuner(*loaded.device, arguments.autotune);
  Autoencoder autoencoder(*loaded.device, *loaded.store, loaded.network, kAutoencoderBatch,
                          memory_beside(*loaded.store, arguments.memory), tuner.get());
  const std::vector<Image> images = autoencoder.generate(arguments.count, static_cast<std::uint64_t>(arguments.seed));
  write_image(arguments.out, grid(images));
  fmt::print("{}: {} image{} of {}\n", arguments.out, images.size(), images.size() == 1 ? "" : "s",
             model.path.string());
}

}  // namespace

void add_generate_command(CLI::App& tuff) {
  CLI::App* command = tuff.add_subcommand("generate", "New images from a variational autoencoder, as one picture");
  const auto arguments = std::make_shared<GenerateArguments>();
  add_model_option(*command, arguments->model);
  command->add_option("-n,--count", arguments->count, "images [64]")->type_name("N")->check(CLI::Range(1, 1'000'000));
  command->add_option("--seed", arguments->seed, "same seed, device and driver: same bits [0]")->type_name("N");
  command->add_option("--out", arguments->out, "picture to write (.png, .tif)")->required()->type_name("FILE");
  add_memory_option(*command, arguments->memory,
                    "device memory that it may take, e.g. 100M; with less, fewer images are computed at once");
  add_autotune_option(*command, arguments->autotune);
  add_device_option(*command, arguments->device);
  command->callback([arguments] { run_generate(*arguments); });
}

}  // namespace tuff
