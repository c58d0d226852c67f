// What commands share that use a variational autoencoder: a model, opened on a device when it is first needed, images
// for it with the classes that a conditional one asks for, and pictures of what it gives.
#pragma once

#include <CLI/CLI.hpp>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "apps/session.h"
#include "io/image_labels.h"
#include "train/autoencoder.h"

namespace tuff {

struct LatentArguments {
  std::string model;
  std::string device;
  std::string memory;
  bool autotune = false;
};

// All but the model, which is the first positional (add_model_option() of options.h).
void add_latent_options(CLI::App& command, LatentArguments& arguments);

// Of a conditional model: which classes images are of.
struct ClassArguments {
  std::string name;    // --class
  std::string labels;  // --labels, as LabelSource has it
};

void add_class_option(CLI::App& command, ClassArguments& arguments);
void add_labels_option(CLI::App& command, ClassArguments& arguments);

class LatentSession {
 public:
  // Error where the model is no autoencoder, or --memory no amount.
  explicit LatentSession(LatentArguments arguments);
  LatentSession(LatentArguments arguments, Model model);

  const Model& model() const { return model_; }
  const AutoencoderNetwork& network() const { return network_; }
  // Names of the classes; none of an unconditional model.
  const std::vector<std::string>& classes() const { return model_.format.class_names; }

  // Images as the network takes them. Error where they have other channels, or where a conditional model isn't told
  // their classes, or another is.
  LabelledImages read(const std::vector<std::string>& paths, const ClassArguments& classes) const;
  // `count` times the class of --class; none of an unconditional model.
  std::vector<std::int32_t> repeated_class(const ClassArguments& classes, std::int64_t count) const;

  // Opens the device.
  Autoencoder& autoencoder();

 private:
  LatentArguments arguments_;
  Model model_;
  AutoencoderNetwork network_;
  std::optional<LoadedAutoencoder> loaded_;
  std::unique_ptr<Tuner> tuner_;
  std::unique_ptr<Autoencoder> autoencoder_;
};

// 0 to count - 1.
std::vector<std::int64_t> all_of(std::int64_t count);

// `count` images side by side in rows of `columns`, 2 pixels between; values of 0..1 as 8 bits.
Image tiled(const std::vector<Image>& images, std::int64_t columns);
// Error naming the option that asks for so many images in one picture.
void check_picture(const std::string& out, const AutoencoderNetwork& network, std::int64_t count,
                   const std::string& option);

// NAME.png, or .tif unless there are 1 or 3 channels, in the folder `out`, for each image. Error where two share a name
// or one would replace an input.
std::vector<std::filesystem::path> result_paths(const ImageSet& images, const std::vector<std::string>& inputs,
                                                const std::string& out);
// Values of 0..1 as 8 bits; makes the folders.
void write_results(const std::vector<std::filesystem::path>& paths, std::vector<Image> images);

// ".png" or ".tif".
std::string result_extension(std::int64_t channels);

}  // namespace tuff
