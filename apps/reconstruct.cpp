// tuff reconstruct: images through an autoencoder and back.
#include <fmt/format.h>

#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include "apps/commands.h"
#include "apps/latent.h"
#include "apps/options.h"

namespace tuff {
namespace {

namespace fs = std::filesystem;

struct ReconstructArguments {
  LatentArguments model;
  ClassArguments classes;
  std::vector<std::string> inputs;
  std::string out;
};

void run_reconstruct(const ReconstructArguments& arguments) {
  check_folder(arguments.out);
  LatentSession session(arguments.model);
  const LabelledImages images = session.read(arguments.inputs, arguments.classes);
  const std::vector<fs::path> paths = result_paths(images.images, arguments.inputs, arguments.out);
  write_results(paths, session.autoencoder().reconstruct(images, all_of(images.images.count())));
  fmt::print("{}: {} image{}\n", arguments.out, paths.size(), paths.size() == 1 ? "" : "s");
}

}  // namespace

void add_reconstruct_command(CLI::App& tuff) {
  CLI::App* command = tuff.add_subcommand(
      "reconstruct", "Images as an autoencoder gives them back; results of the same name are replaced");
  const auto arguments = std::make_shared<ReconstructArguments>();
  add_model_option(*command, arguments->model.model);
  command->add_option("images", arguments->inputs, "image files, folders of them, or idx files; fitted as in training")
      ->required()
      ->type_name("IMAGE|DIR...");
  command
      ->add_option("--out", arguments->out,
                   "folder for NAME.png (.tif unless 1 or 3 channels), of the size that the network sees")
      ->required()
      ->type_name("DIR");
  add_class_option(*command, arguments->classes);
  add_labels_option(*command, arguments->classes);
  add_latent_options(*command, arguments->model);
  command->callback([arguments] { run_reconstruct(*arguments); });
}

}  // namespace tuff
