#include "apps/latent.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <numeric>
#include <set>
#include <utility>

#include "apps/options.h"
#include "base/error.h"
#include "models/vae.h"
#include "tasks/networks.h"

namespace tuff {
namespace {

namespace fs = std::filesystem;

constexpr std::int64_t kMostPixels = 1 << 28;
constexpr std::int64_t kGap = 2;  // pixels between images

// A conditional model must be told classes, another can't.
void require_classes(const std::vector<std::string>& known, const ClassArguments& given, bool images) {
  const bool told = !given.name.empty() || !given.labels.empty();
  if (known.empty() && told)
    throw Error(fmt::format("--{}: the model was trained without labels and knows no classes",
                            given.name.empty() ? "labels" : "class"));
  if (!known.empty() && !told)
    throw Error(
        fmt::format("the model was trained with labels: say with --class{} of which of its classes images "
                    "are: {}",
                    images ? " or --labels" : "", fmt::join(known, ", ")));
  if (!given.name.empty() && !given.labels.empty()) throw Error("--class and --labels are both given: choose one");
}

}  // namespace

void add_latent_options(CLI::App& command, LatentArguments& arguments) {
  add_memory_option(command, arguments.memory,
                    "device memory that it may take, e.g. 100M; with less, fewer images are computed at once");
  add_autotune_option(command, arguments.autotune);
  add_device_option(command, arguments.device);
}

void add_class_option(CLI::App& command, ClassArguments& arguments) {
  command.add_option("--class", arguments.name, "of a model trained with labels: the images' class")->type_name("NAME");
}

void add_labels_option(CLI::App& command, ClassArguments& arguments) {
  command
      .add_option("--labels", arguments.labels,
                  "of a model trained with labels: the class of each image, as in training")
      ->type_name("FILE|folders");
}

LatentSession::LatentSession(LatentArguments arguments) : LatentSession(arguments, load_model(arguments.model)) {}

LatentSession::LatentSession(LatentArguments arguments, Model model)
    : arguments_(std::move(arguments)),
      model_(std::move(model)),
      network_(make_autoencoder(model_.options, model_.format.image_channels)) {
  parse_memory(arguments_.memory);
}

LabelledImages LatentSession::read(const std::vector<std::string>& paths, const ClassArguments& given) const {
  require_classes(classes(), given, true);
  const std::vector<fs::path> inputs(paths.begin(), paths.end());
  LabelledImages images = open_labelled_images(
      inputs, {.labels = given.labels, .known = given.labels.empty() ? std::vector<std::string>{} : classes()},
      model_.format, network_.side, parse_fit(model_.options.fit), vae_side_from);
  if (images.images.channels() != network_.channels)
    throw Error(
        fmt::format("{}: {} channels, the model takes {}", paths.front(), images.images.channels(), network_.channels));
  if (!given.name.empty()) images.labels = repeated_class(given, images.images.count());
  return images;
}

std::vector<std::int32_t> LatentSession::repeated_class(const ClassArguments& given, std::int64_t count) const {
  require_classes(classes(), given, false);
  if (classes().empty()) return {};
  return std::vector<std::int32_t>(static_cast<std::size_t>(count), class_named(classes(), given.name));
}

Autoencoder& LatentSession::autoencoder() {
  if (autoencoder_) return *autoencoder_;
  loaded_ = open_autoencoder(model_, arguments_.device);
  tuner_ = open_tuner(*loaded_->device, arguments_.autotune);
  autoencoder_ = std::make_unique<Autoencoder>(*loaded_->device, *loaded_->store, network_, kAutoencoderBatch,
                                               memory_beside(*loaded_->store, arguments_.memory), tuner_.get());
  return *autoencoder_;
}

std::vector<std::int64_t> all_of(std::int64_t count) {
  std::vector<std::int64_t> all(static_cast<std::size_t>(count));
  std::iota(all.begin(), all.end(), 0);
  return all;
}

Image tiled(const std::vector<Image>& images, std::int64_t columns) {
  const Image& first = images.front();
  const auto count = static_cast<std::int64_t>(images.size());
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

void check_picture(const std::string& out, const AutoencoderNetwork& network, std::int64_t count,
                   const std::string& option) {
  check_image_name(out);
  if (count > kMostPixels / (network.side * network.side))
    throw Error(fmt::format("{}: one picture of {} images of {}x{} would be too large", option, count, network.side,
                            network.side));
}

std::string result_extension(std::int64_t channels) {
  return channels == 1 || channels == 3 ? ".png" : ".tif";
}

std::vector<fs::path> result_paths(const ImageSet& images, const std::vector<std::string>& given,
                                   const std::string& out) {
  std::set<fs::path> inputs, taken;
  for (const std::string& input : given) {
    inputs.insert(fs::weakly_canonical(input));
    if (fs::is_directory(input) && fs::exists(out) && fs::equivalent(input, out))
      throw Error(fmt::format("--out {}: the results would replace input images; name another folder", out));
  }
  std::vector<fs::path> paths;
  for (std::int64_t i = 0; i < images.count(); ++i) {
    paths.push_back(fs::path(out) / (images.name(i) + result_extension(images.channels())));
    if (inputs.contains(fs::weakly_canonical(paths.back())))
      throw Error(fmt::format("--out {}: the result {} would replace an input image; name another folder", out,
                              paths.back().filename().string()));
    if (!taken.insert(paths.back()).second)
      throw Error(fmt::format("two images would both be written to {}; give them one by one, with folders of their own",
                              paths.back().string()));
  }
  return paths;
}

void write_results(const std::vector<fs::path>& paths, std::vector<Image> images) {
  for (std::size_t i = 0; i < images.size(); ++i) {
    if (paths[i].has_parent_path()) fs::create_directories(paths[i].parent_path());
    for (float& value : images[i].values) value *= 255;
    write_image(paths[i], images[i]);
  }
}

}  // namespace tuff
