// tuff sliding: how much faster a classifier's map is than the classifier on each patch, and that they agree.
#include <fmt/format.h>

#include <memory>
#include <string>

#include "apps/commands.h"
#include "apps/options.h"
#include "apps/session.h"
#include "base/error.h"
#include "base/philox.h"
#include "io/dataset.h"
#include "tasks/classifier_networks.h"
#include "tasks/sliding_window.h"

namespace tuff {
namespace {

struct SlidingArguments {
  std::string model;
  std::string image;
  std::string device;
  std::int64_t size = 512;
  std::int64_t stride = 0;
  std::int64_t batch = 256;
};

Image noise(std::int64_t channels, std::int64_t side) {
  Image image(channels, side, side);
  PhiloxStream random(0);
  for (float& value : image.values) value = static_cast<float>(random.uniform(0, 1));
  return image;
}

Image image_for(const SlidingArguments& arguments, const Model& model) {
  if (arguments.image.empty()) return noise(model.format.image_channels, arguments.size);
  const std::filesystem::path path = arguments.image;
  DataFormat format = model.format;
  format.replace_nan = true;  // only times count here
  return load_item_image(open_images(std::span(&path, 1), format), 0);
}

void run_sliding(const SlidingArguments& arguments) {
  Model model = load_model(arguments.model);
  if (!is_classifier(model.options.model) || !is_dense(model.options.model))
    throw Error(fmt::format("the model is a {}; maps and patches are compared of cnn and mlp", model.options.model));
  if (model.options.dims == 3) throw Error("the model is of volumes; maps and patches are compared of images");
  if (arguments.stride > 0) model.options.stride = arguments.stride;
  const ClassifierConfig config = classifier_config(model.options, model.format.image_channels);
  const Image image = image_for(arguments, model);
  if (image.channels != config.in_channels)
    throw Error(
        fmt::format("{}: {} channels, the model takes {}", arguments.image, image.channels, config.in_channels));
  if (std::min(image.height, image.width) < config.side)
    throw Error(
        fmt::format("the image is {}, smaller than a patch, whose side is {}", to_string(image.size()), config.side));
  const std::int64_t stride = map_stride(model.options);
  const LoadedModel loaded = open_model(std::move(model), arguments.device);
  const SlidingWindow result =
      compare_sliding_window(*loaded.device, *loaded.store, config, stride, image, arguments.batch);
  fmt::print("{} patches of {}x{} pixels, one every {} pixels of {}x{}\n", result.patches, config.side, config.side,
             stride, image.width, image.height);
  fmt::print("map            {:>10.3f} s\npatch by patch {:>10.3f} s, {:.1f} times as long\n", result.map_seconds,
             result.window_seconds, result.window_seconds / result.map_seconds);
  fmt::print("largest difference of logits {:.2g} of the largest\n", result.largest_difference);
}

}  // namespace

void add_sliding_command(CLI::App& tuff) {
  CLI::App* command =
      tuff.add_subcommand("sliding", "Time a classifier's map over an image beside the classifier on each patch");
  const auto arguments = std::make_shared<SlidingArguments>();
  add_model_option(*command, arguments->model);
  command->add_option("--image", arguments->image, "an image; default: noise")->type_name("FILE");
  command->add_option("--size", arguments->size, "side of the noise in pixels [512]")
      ->check(CLI::Range(1, 8192))
      ->type_name("PIXELS");
  command->add_option("--stride", arguments->stride, "pixels from patch to patch [as in training]")
      ->check(CLI::PositiveNumber)
      ->type_name("PIXELS");
  command->add_option("--batch", arguments->batch, "patches at once [256]")
      ->check(CLI::Range(1, 65536))
      ->type_name("N");
  add_device_option(*command, arguments->device);
  command->callback([arguments] { run_sliding(*arguments); });
}

}  // namespace tuff
