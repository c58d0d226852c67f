// tuff edit: images with what distinguishes one group of images from another, by arithmetic on a variational
// autoencoder's code.
#include <fmt/format.h>

#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include "apps/commands.h"
#include "apps/latent.h"
#include "apps/options.h"
#include "base/error.h"
#include "train/latent_arithmetic.h"

namespace tuff {
namespace {

namespace fs = std::filesystem;

struct EditArguments {
  LatentArguments model;
  ClassArguments classes;
  std::string add, minus;
  std::vector<std::string> inputs;
  std::string out;
  double strength = 1;
};

// direction += factor * mean code of the images.
void add_mean(std::vector<double>& direction, LatentSession& session, const LabelledImages& images, double factor) {
  const std::vector<double> mean = mean_row(session.autoencoder().encode(images, all_of(images.images.count())).mean);
  for (std::size_t i = 0; i < direction.size(); ++i) direction[i] += factor * mean[i];
}

void run_edit(const EditArguments& arguments) {
  check_folder(arguments.out);
  if (arguments.add.empty() && arguments.minus.empty())
    throw Error("--add-mean-of and --minus-mean-of are both missing: say what to change the images by");
  LatentSession session(arguments.model);
  std::vector<std::pair<LabelledImages, double>> groups;
  for (const auto& [folder, sign] : {std::pair(arguments.add, 1.0), {arguments.minus, -1.0}})
    if (!folder.empty()) groups.emplace_back(session.read({folder}, arguments.classes), sign);
  const LabelledImages images = session.read(arguments.inputs, arguments.classes);
  const std::vector<fs::path> paths = result_paths(images.images, arguments.inputs, arguments.out);
  std::vector<double> direction(static_cast<std::size_t>(session.network().latent));
  for (const auto& [group, sign] : groups) add_mean(direction, session, group, sign);
  HostTensor z = session.autoencoder().encode(images, all_of(images.images.count())).mean;
  for (std::size_t i = 0; i < z.floats().size(); ++i)
    z.floats()[i] =
        static_cast<float>(static_cast<double>(z.floats()[i]) + arguments.strength * direction[i % direction.size()]);
  write_results(paths,
                session.autoencoder().decode(z, session.repeated_class(arguments.classes, images.images.count())));
  fmt::print("{}: {} image{}\n", arguments.out, paths.size(), paths.size() == 1 ? "" : "s");
}

}  // namespace

void add_edit_command(CLI::App& tuff) {
  CLI::App* command = tuff.add_subcommand(
      "edit",
      "Images with the mean code of others added and subtracted in a variational autoencoder; results of the "
      "same name are replaced");
  const auto arguments = std::make_shared<EditArguments>();
  add_model_option(*command, arguments->model.model);
  command->add_option("images", arguments->inputs, "image files, folders of them, or idx files; fitted as in training")
      ->required()
      ->type_name("IMAGE|DIR...");
  command->add_option("--add-mean-of", arguments->add, "images that have what shall be added")->type_name("DIR|IDX");
  command->add_option("--minus-mean-of", arguments->minus, "images that lack it")->type_name("DIR|IDX");
  command->add_option("--strength", arguments->strength, "times the difference of the means [1]")->type_name("X");
  command->add_option("--out", arguments->out, "folder for NAME.png (.tif unless 1 or 3 channels)")
      ->required()
      ->type_name("DIR");
  add_class_option(*command, arguments->classes);
  add_latent_options(*command, arguments->model);
  command->callback([arguments] { run_edit(*arguments); });
}

}  // namespace tuff
