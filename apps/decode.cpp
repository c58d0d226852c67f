// tuff decode: images from the numbers that stand for them in an autoencoder.
#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include "apps/commands.h"
#include "apps/latent.h"
#include "apps/options.h"
#include "base/error.h"
#include "io/npy.h"

namespace tuff {
namespace {

namespace fs = std::filesystem;

struct DecodeArguments {
  LatentArguments model;
  ClassArguments classes;
  std::string latents;
  std::string out;
};

HostTensor read_latents(const std::string& file, std::int64_t latent) {
  const Array array = read_npy_array(file);
  if (array.rank() != 2 || array.shape[0] < 1 || array.shape[1] != latent || !is_floating(array.type))
    throw Error(fmt::format("{}: is {} {}, the model takes f32 Nx{}, as `tuff encode` writes them", file,
                            to_string(array.type), shape_text(array.shape), latent));
  HostTensor z = to_tensor(convert(array, ElementType::f32), file);
  if (!std::ranges::all_of(z.floats(), [](float value) { return std::isfinite(value); }))
    throw Error(fmt::format("{}: holds values that are infinite or no numbers", file));
  return z;
}

bool is_picture(const std::string& out) {
  return out.ends_with(".png") || out.ends_with(".tif") || out.ends_with(".tiff");
}

void run_decode(const DecodeArguments& arguments) {
  LatentSession session(arguments.model);
  const HostTensor z = read_latents(arguments.latents, session.network().latent);
  const std::int64_t count = z.shape[0];
  const std::vector<std::int32_t> classes = session.repeated_class(arguments.classes, count);
  if (is_picture(arguments.out))
    check_picture(arguments.out, session.network(), count, fmt::format("--out {}", arguments.out));
  else
    check_folder(arguments.out);
  std::vector<Image> images = session.autoencoder().decode(z, classes);
  if (is_picture(arguments.out)) {
    const auto columns = static_cast<std::int64_t>(std::ceil(std::sqrt(static_cast<double>(count))));
    write_image(arguments.out, tiled(images, columns));
  } else {
    std::vector<fs::path> paths;
    const std::string stem = fs::path(arguments.latents).stem().string();
    for (std::int64_t i = 0; i < count; ++i)
      paths.push_back(fs::path(arguments.out) /
                      fmt::format("{}_{:05}{}", stem, i, result_extension(session.network().channels)));
    write_results(paths, std::move(images));
  }
  fmt::print("{}: {} image{}\n", arguments.out, count, count == 1 ? "" : "s");
}

}  // namespace

void add_decode_command(CLI::App& tuff) {
  CLI::App* command = tuff.add_subcommand("decode", "Images from the numbers that stand for them in an autoencoder");
  const auto arguments = std::make_shared<DecodeArguments>();
  add_model_option(*command, arguments->model.model);
  command->add_option("latents", arguments->latents, "f32 (images, latent), as `tuff encode` writes them")
      ->required()
      ->type_name("FILE.npy");
  command
      ->add_option(
          "--out", arguments->out,
          "folder for NAME_00000.png and so on (.tif unless 1 or 3 channels), or one picture of all (.png, .tif)")
      ->required()
      ->type_name("DIR|FILE");
  add_class_option(*command, arguments->classes);
  add_latent_options(*command, arguments->model);
  command->callback([arguments] { run_decode(*arguments); });
}

}  // namespace tuff
