// tuff traverse: what each number of a variational autoencoder's code does to an image.
#include <fmt/format.h>

#include <memory>
#include <string>
#include <vector>

#include "apps/commands.h"
#include "apps/latent.h"
#include "apps/options.h"
#include "base/error.h"
#include "base/number.h"
#include "train/latent_arithmetic.h"

namespace tuff {
namespace {

struct TraverseArguments {
  LatentArguments model;
  ClassArguments classes;
  std::string dimension = "all";
  std::string image;
  std::string out;
  std::int64_t steps = 7;
  double range = 3;
};

std::vector<std::int64_t> parse_dimensions(const std::string& text, std::int64_t latent) {
  if (text == "all") return all_of(latent);
  std::int64_t dimension = 0;
  if (!parse_number(text, dimension) || dimension < 0 || dimension >= latent)
    throw Error(fmt::format("--dimension {}: is neither all nor one of the model's 0 to {}", text, latent - 1));
  return {dimension};
}

void run_traverse(const TraverseArguments& arguments) {
  LatentSession session(arguments.model);
  const std::int64_t latent = session.network().latent;
  const std::vector<std::int64_t> dimensions = parse_dimensions(arguments.dimension, latent);
  const auto count = static_cast<std::int64_t>(dimensions.size()) * arguments.steps;
  check_picture(arguments.out, session.network(), count,
                fmt::format("--dimension {} -n {}", arguments.dimension, arguments.steps));
  const std::vector<std::int32_t> classes = session.repeated_class(arguments.classes, count);
  HostTensor origin(Shape{1, latent});
  if (!arguments.image.empty()) {
    const LabelledImages image = session.read({arguments.image}, arguments.classes);
    if (image.images.count() != 1)
      throw Error(fmt::format("--image {}: holds {} images; name one", arguments.image, image.images.count()));
    origin = session.autoencoder().encode(image, all_of(1)).mean;
  }
  const HostTensor z = traversed(origin.floats(), dimensions, arguments.steps, arguments.range);
  write_image(arguments.out, tiled(session.autoencoder().decode(z, classes), arguments.steps));
  fmt::print("{}: {} row{} of {} images, from {} to {}\n", arguments.out, dimensions.size(),
             dimensions.size() == 1 ? "" : "s", arguments.steps, -arguments.range, arguments.range);
}

}  // namespace

void add_traverse_command(CLI::App& tuff) {
  CLI::App* command = tuff.add_subcommand(
      "traverse", "What each number of a variational autoencoder's code does: a row of images for each");
  const auto arguments = std::make_shared<TraverseArguments>();
  add_model_option(*command, arguments->model.model);
  command->add_option("--dimension", arguments->dimension, "which number, from 0 [all]")->type_name("K|all");
  command->add_option("--image", arguments->image, "the others as they are of this image, instead of 0")
      ->type_name("IMAGE");
  command->add_option("--range", arguments->range, "the number goes from -X to X; 1 is the prior's deviation [3]")
      ->type_name("X")
      ->check(CLI::Range(1e-6, 1e6));
  command->add_option("-n,--steps", arguments->steps, "images in a row [7]")
      ->type_name("N")
      ->check(CLI::Range(2, 10'000));
  command->add_option("--out", arguments->out, "picture to write (.png, .tif)")->required()->type_name("FILE");
  add_class_option(*command, arguments->classes);
  add_latent_options(*command, arguments->model);
  command->callback([arguments] { run_traverse(*arguments); });
}

}  // namespace tuff
