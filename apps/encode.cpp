// tuff encode: images as the numbers that an autoencoder sees in them.
#include <fmt/format.h>

#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include "apps/commands.h"
#include "apps/latent.h"
#include "apps/options.h"
#include "base/error.h"
#include "base/os.h"
#include "io/npy.h"

namespace tuff {
namespace {

namespace fs = std::filesystem;

struct EncodeArguments {
  LatentArguments model;
  ClassArguments classes;
  std::vector<std::string> inputs;
  std::string out;
  std::string names;
  bool variance = false;
};

// A file of its own, so that the means are what `tuff decode` takes, whether it is asked for or not.
fs::path variance_file(const fs::path& out) {
  return out.parent_path() / (out.stem().string() + "_log_variance.npy");
}

void run_encode(const EncodeArguments& arguments) {
  if (!arguments.out.ends_with(".npy"))
    throw Error(fmt::format("--out {}: arrays are written as NumPy's; name a file that ends in .npy", arguments.out));
  LatentSession session(arguments.model);
  if (arguments.variance && !session.network().is_variational())
    throw Error("--variance: the code of an autoencoder has none; leave it out");
  const LabelledImages images = session.read(arguments.inputs, arguments.classes);
  const std::int64_t count = images.images.count();
  const Latents latents = session.autoencoder().encode(images, all_of(count));
  write_npy(arguments.out, latents.mean);
  if (arguments.variance) write_npy(variance_file(arguments.out), latents.log_variance);
  if (!arguments.names.empty()) {
    std::string names;
    for (std::int64_t i = 0; i < count; ++i) names += images.images.name(i) + "\n";
    os::write_file(arguments.names, names);
  }
  fmt::print("{}: {} image{}, {} numbers each\n", arguments.out, count, count == 1 ? "" : "s",
             session.network().latent);
}

}  // namespace

void add_encode_command(CLI::App& tuff) {
  CLI::App* command =
      tuff.add_subcommand("encode", "The numbers that stand for images in an autoencoder, as a NumPy array");
  const auto arguments = std::make_shared<EncodeArguments>();
  add_model_option(*command, arguments->model.model);
  command->add_option("images", arguments->inputs, "image files, folders of them, or idx files; fitted as in training")
      ->required()
      ->type_name("IMAGE|DIR...");
  command->add_option("--out", arguments->out, "codes, of a vae the posteriors' means, f32 (images, latent)")
      ->required()
      ->type_name("FILE.npy");
  command->add_flag("--variance", arguments->variance, "write the posteriors' log-variances to FILE_log_variance.npy");
  command->add_option("--names", arguments->names, "write the images' names, one a line, in the array's order")
      ->type_name("FILE");
  add_class_option(*command, arguments->classes);
  add_labels_option(*command, arguments->classes);
  add_latent_options(*command, arguments->model);
  command->callback([arguments] { run_encode(*arguments); });
}

}  // namespace tuff
