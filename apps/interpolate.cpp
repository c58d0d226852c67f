// tuff interpolate: what lies between two images in a variational autoencoder's code.
#include <fmt/format.h>

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

struct InterpolateArguments {
  LatentArguments model;
  ClassArguments classes;
  std::string first, second;
  std::string out;
  std::int64_t steps = 9;
  bool spherical = false;
};

void run_interpolate(const InterpolateArguments& arguments) {
  LatentSession session(arguments.model);
  check_picture(arguments.out, session.network(), arguments.steps, fmt::format("-n {}", arguments.steps));
  std::vector<HostTensor> ends;
  std::vector<LabelledImages> images;
  for (const std::string& file : {arguments.first, arguments.second}) {
    images.push_back(session.read({file}, arguments.classes));
    if (images.back().images.count() != 1)
      throw Error(fmt::format("{}: holds {} images; name one image at each end", file, images.back().images.count()));
  }
  for (const LabelledImages& image : images) ends.push_back(session.autoencoder().encode(image, all_of(1)).mean);
  const HostTensor z = interpolated(ends[0].floats(), ends[1].floats(), arguments.steps, arguments.spherical);
  const std::vector<std::int32_t> classes = session.repeated_class(arguments.classes, arguments.steps);
  write_image(arguments.out, tiled(session.autoencoder().decode(z, classes), arguments.steps));
  fmt::print("{}: {} images from {} to {}\n", arguments.out, arguments.steps, images[0].images.name(0),
             images[1].images.name(0));
}

}  // namespace

void add_interpolate_command(CLI::App& tuff) {
  CLI::App* command = tuff.add_subcommand(
      "interpolate", "A row of images from one to another, by the code of a variational autoencoder");
  const auto arguments = std::make_shared<InterpolateArguments>();
  add_model_option(*command, arguments->model.model);
  command->add_option("first", arguments->first, "the image on the left")->required()->type_name("IMAGE");
  command->add_option("second", arguments->second, "the image on the right")->required()->type_name("IMAGE");
  command->add_option("--out", arguments->out, "picture to write (.png, .tif)")->required()->type_name("FILE");
  command->add_option("-n,--steps", arguments->steps, "images in the row, both ends among them [9]")
      ->type_name("N")
      ->check(CLI::Range(2, 10'000));
  command->add_flag("--spherical", arguments->spherical, "along an arc around 0 instead of straight");
  add_class_option(*command, arguments->classes);
  add_latent_options(*command, arguments->model);
  command->callback([arguments] { run_interpolate(*arguments); });
}

}  // namespace tuff
