// tuff reconstruct: images through a variational autoencoder and back.
#include <fmt/format.h>

#include <filesystem>
#include <memory>
#include <numeric>
#include <set>
#include <string>
#include <vector>

#include "apps/commands.h"
#include "apps/options.h"
#include "apps/session.h"
#include "base/error.h"
#include "io/image_set.h"
#include "models/vae.h"
#include "tasks/networks.h"

namespace tuff {
namespace {

namespace fs = std::filesystem;

struct ReconstructArguments {
  std::string model;
  std::vector<std::string> inputs;
  std::string out;
  std::string device;
  std::string memory;
  bool autotune = false;
};

// Where each result goes; two may not share a name, and none may replace an input.
std::vector<fs::path> result_paths(const ImageSet& images, const ReconstructArguments& arguments) {
  std::set<fs::path> inputs, taken;
  for (const std::string& input : arguments.inputs) {
    inputs.insert(fs::weakly_canonical(input));
    if (fs::is_directory(input) && fs::exists(arguments.out) && fs::equivalent(input, arguments.out))
      throw Error(fmt::format("--out {}: the results would replace input images; name another folder", arguments.out));
  }
  const bool png = images.channels() == 1 || images.channels() == 3;
  std::vector<fs::path> paths;
  for (std::int64_t i = 0; i < images.count(); ++i) {
    paths.push_back(fs::path(arguments.out) / (images.name(i) + (png ? ".png" : ".tif")));
    if (inputs.contains(fs::weakly_canonical(paths.back())))
      throw Error(fmt::format("--out {}: the result {} would replace an input image; name another folder",
                              arguments.out, paths.back().filename().string()));
    if (!taken.insert(paths.back()).second)
      throw Error(
          fmt::format("two images would both be written to {}; reconstruct them one by one into folders of their own",
                      paths.back().string()));
  }
  return paths;
}

void run_reconstruct(const ReconstructArguments& arguments) {
  parse_memory(arguments.memory);
  if (fs::exists(arguments.out) && !fs::is_directory(arguments.out))
    throw Error(fmt::format("--out {}: is a file; name a folder", arguments.out));
  const Model model = load_model(arguments.model);
  const AutoencoderNetwork network = make_autoencoder(model.options, model.format.image_channels);
  const std::vector<fs::path> inputs(arguments.inputs.begin(), arguments.inputs.end());
  const Fit fit = parse_fit(model.options.fit);
  const ImageSet images = open_image_set(inputs, model.format, network.side, fit, vae_side_from);
  const std::vector<fs::path> paths = result_paths(images, arguments);
  if (images.channels() != network.channels)
    throw Error(fmt::format("{}: {} channels, the model takes {}", arguments.inputs.front(), images.channels(),
                            network.channels));
  const LoadedAutoencoder loaded = open_autoencoder(model, arguments.device);
  const auto tuner = open_tuner(*loaded.device, arguments.autotune);
  Autoencoder autoencoder(*loaded.device, *loaded.store, loaded.network, kAutoencoderBatch,
                          memory_beside(*loaded.store, arguments.memory), tuner.get());
  std::vector<std::int64_t> all(static_cast<std::size_t>(images.count()));
  std::iota(all.begin(), all.end(), 0);
  std::vector<Image> results = autoencoder.reconstruct(images, all);
  fs::create_directories(arguments.out);
  for (std::size_t i = 0; i < results.size(); ++i) {
    for (float& value : results[i].values) value *= 255;
    write_image(paths[i], results[i]);
  }
  fmt::print("{}: {} image{}\n", arguments.out, results.size(), results.size() == 1 ? "" : "s");
}

}  // namespace

void add_reconstruct_command(CLI::App& tuff) {
  CLI::App* command = tuff.add_subcommand(
      "reconstruct", "Images as a variational autoencoder gives them back; results of the same name are replaced");
  const auto arguments = std::make_shared<ReconstructArguments>();
  add_model_option(*command, arguments->model);
  command->add_option("images", arguments->inputs, "image files, folders of them, or idx files; fitted as in training")
      ->required()
      ->type_name("IMAGE|DIR...");
  command
      ->add_option("--out", arguments->out,
                   "folder for NAME.png (.tif unless 1 or 3 channels), of the size that the network sees")
      ->required()
      ->type_name("DIR");
  add_memory_option(*command, arguments->memory,
                    "device memory that it may take, e.g. 100M; with less, fewer images are computed at once");
  add_autotune_option(*command, arguments->autotune);
  add_device_option(*command, arguments->device);
  command->callback([arguments] { run_reconstruct(*arguments); });
}

}  // namespace tuff
