// tuff generate: new images from a variational autoencoder.
#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <cstring>
#include <memory>
#include <string>
#include <vector>

#include "apps/commands.h"
#include "apps/latent.h"
#include "apps/options.h"
#include "base/error.h"
#include "io/image.h"
#include "tasks/networks.h"

namespace tuff {
namespace {

constexpr std::int64_t kUsualCount = 64, kUsualCountOfAClass = 8;

struct GenerateArguments {
  LatentArguments model;
  ClassArguments classes;
  std::string out;
  std::int64_t count = 0;  // 0: as usual
  std::int64_t seed = 0;
};

// Every class a row, all rows of the same z.
std::vector<Image> generate_classes(LatentSession& session, std::int64_t columns, std::uint64_t seed) {
  const HostTensor row = session.autoencoder().draw(columns, seed);
  const auto count = static_cast<std::int64_t>(session.classes().size());
  HostTensor all(Shape{count * columns, session.network().latent});
  std::vector<std::int32_t> classes;
  for (std::int64_t i = 0; i < count; ++i) {
    std::memcpy(all.data.data() + static_cast<std::size_t>(i) * row.data.size(), row.data.data(), row.data.size());
    classes.insert(classes.end(), static_cast<std::size_t>(columns), static_cast<std::int32_t>(i));
  }
  return session.autoencoder().decode(all, classes);
}

void run_generate(const GenerateArguments& arguments) {
  check_image_name(arguments.out);
  LatentSession session(arguments.model);
  if (!session.network().is_variational())
    throw Error(fmt::format("{}: is an autoencoder, which knows no codes to draw from; generate with a vae",
                            session.model().path.string()));
  const bool rows = !session.classes().empty() && arguments.classes.name.empty();
  const std::int64_t count = arguments.count > 0 ? arguments.count : rows ? kUsualCountOfAClass : kUsualCount;
  const std::int64_t in_all = rows ? count * static_cast<std::int64_t>(session.classes().size()) : count;
  check_picture(arguments.out, session.network(), in_all, fmt::format("-n {}", count));
  const auto seed = static_cast<std::uint64_t>(arguments.seed);
  std::vector<Image> images;
  if (rows) {
    images = generate_classes(session, count, seed);
  } else {
    const std::vector<std::int32_t> classes = session.repeated_class(arguments.classes, count);
    images = session.autoencoder().generate(count, seed, classes);
  }
  const auto square = static_cast<std::int64_t>(std::ceil(std::sqrt(static_cast<double>(count))));
  write_image(arguments.out, tiled(images, rows ? count : square));
  fmt::print("{}: {} image{} of {}\n", arguments.out, images.size(), images.size() == 1 ? "" : "s",
             session.model().path.string());
}

}  // namespace

void add_generate_command(CLI::App& tuff) {
  CLI::App* command = tuff.add_subcommand("generate", "New images from a variational autoencoder, as one picture");
  const auto arguments = std::make_shared<GenerateArguments>();
  add_model_option(*command, arguments->model.model);
  command
      ->add_option("-n,--count", arguments->count,
                   "images [64]; of a model trained with labels and without --class: of each class, a row [8]")
      ->type_name("N")
      ->check(CLI::Range(1, 1'000'000));
  add_class_option(*command, arguments->classes);
  command->add_option("--seed", arguments->seed, "same seed, device and driver: same bits [0]")->type_name("N");
  command->add_option("--out", arguments->out, "picture to write (.png, .tif)")->required()->type_name("FILE");
  add_latent_options(*command, arguments->model);
  command->callback([arguments] { run_generate(*arguments); });
}

}  // namespace tuff
