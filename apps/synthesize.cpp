// tuff synthesize: generated images of nuclei with their masks, to try the program without data of one's own.
#include <fmt/format.h>

#include <filesystem>
#include <memory>
#include <string>

#include "apps/commands.h"
#include "base/error.h"
#include "io/synthesize.h"

namespace tuff {
namespace {

struct SynthesizeArguments {
  std::string out;
  std::int64_t count = 20;
  std::int64_t first = 0;
  std::uint64_t seed = 0;
  std::int64_t size = 256;
  int nuclei = 40;
};

void run_synthesize(const SynthesizeArguments& arguments) {
  if (arguments.out.empty()) throw Error("--out is missing (see `tuff synthesize --help`)");
  if (arguments.size < 32 || arguments.size > 8192)
    throw Error(fmt::format("--size {}: must be 32 to 8192 pixels", arguments.size));
  if (arguments.count < 1) throw Error(fmt::format("--count {}: must be at least 1", arguments.count));
  SynthesisOptions options;
  options.height = options.width = arguments.size;
  options.nuclei = arguments.nuclei;
  const std::filesystem::path out = arguments.out;
  std::filesystem::create_directories(out / "images");
  std::filesystem::create_directories(out / "masks");
  for (std::int64_t index = arguments.first; index < arguments.first + arguments.count; ++index) {
    const SyntheticSample sample = synthesize_nuclei(options, arguments.seed, index);
    const std::string name = fmt::format("nuclei_{:04}.png", index);
    write_image(out / "images" / name, sample.image);
    write_image(out / "masks" / name, sample.mask);
  }
  fmt::print("{}: {} images and masks\n", arguments.out, arguments.count);
}

}  // namespace

void add_synthesize_command(CLI::App& tuff) {
  CLI::App* command =
      tuff.add_subcommand("synthesize", "Generate images of nuclei with masks, or of digits, to try things out");
  command->require_subcommand(0, 1);
  const auto arguments = std::make_shared<SynthesizeArguments>();
  command->add_option("--out", arguments->out, "folder that gets images/ and masks/")->type_name("DIR");
  command->add_option("--count", arguments->count, "images [20]")->type_name("N");
  command
      ->add_option("--first", arguments->first, "number of the first image; a series goes on where another ended [0]")
      ->type_name("N");
  command->add_option("--size", arguments->size, "side in pixels [256]")->type_name("PIXELS");
  command->add_option("--nuclei", arguments->nuclei, "about how many in an image [40]")->type_name("N");
  command->add_option("--seed", arguments->seed, "same seed, same images [0]")->type_name("N");
  add_mosaic_command(*command);
  command->callback([arguments, command] {
    if (command->get_subcommands().empty()) run_synthesize(*arguments);
  });
}

}  // namespace tuff
