// tuff synthesize: generated images of nuclei with their masks, or spectra, to try the program without data of one's
// own.
#include <fmt/format.h>

#include <filesystem>
#include <memory>
#include <string>

#include "apps/commands.h"
#include "base/error.h"
#include "base/os.h"
#include "io/signals.h"
#include "io/synthesize.h"
#include "io/synthesize_spectra.h"

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

struct SpectraArguments {
  std::string out;
  std::int64_t count = 1000;
  std::int64_t first = 0;
  std::uint64_t seed = 0;
  SpectrumOptions options;
  std::string format = "npy";
};

void run_spectra(const SpectraArguments& arguments) {
  if (arguments.out.empty()) throw Error("--out is missing (see `tuff synthesize spectra --help`)");
  if (arguments.count < 1) throw Error(fmt::format("--count {}: must be at least 1", arguments.count));
  if (arguments.options.length < 32 || arguments.options.length > 65536)
    throw Error(fmt::format("--length {}: must be 32 to 65536 values", arguments.options.length));
  if (!(arguments.options.noise >= 0)) throw Error("--noise: must be 0 or more");
  Signals noisy{.length = arguments.options.length}, clean = noisy;
  std::string classes;
  for (std::int64_t index = arguments.first; index < arguments.first + arguments.count; ++index) {
    const Spectrum spectrum = synthesize_spectrum(arguments.options, arguments.seed, index);
    noisy.values.insert(noisy.values.end(), spectrum.noisy.begin(), spectrum.noisy.end());
    clean.values.insert(clean.values.end(), spectrum.clean.begin(), spectrum.clean.end());
    const std::string_view shape = kPeakShapes[static_cast<std::size_t>(spectrum.shape)];
    if (arguments.format == "csv") noisy.labels.emplace_back(shape);
    classes += fmt::format("{}\n", shape);
  }
  const std::filesystem::path out = arguments.out;
  std::filesystem::create_directories(out);
  write_signals(out / ("spectra." + arguments.format), noisy);
  write_signals(out / ("clean." + arguments.format), clean);
  if (arguments.format == "npy") os::write_file(out / "classes.txt", classes);
  fmt::print("{}: {} spectra\n", arguments.out, arguments.count);
}

void add_spectra(CLI::App& synthesize) {
  CLI::App* command = synthesize.add_subcommand(
      "spectra", "Generate spectra, peaks of three shapes on a baseline, with their classes and without noise");
  const auto arguments = std::make_shared<SpectraArguments>();
  command->add_option("--out", arguments->out, "folder that gets spectra, clean, and of .npy classes.txt")
      ->type_name("DIR");
  command->add_option("--count", arguments->count, "spectra [1000]")->type_name("N");
  command
      ->add_option("--first", arguments->first,
                   "number of the first spectrum; a series goes on where another ended [0]")
      ->type_name("N");
  command->add_option("--length", arguments->options.length, "values of each [512]")->type_name("N");
  command->add_option("--noise", arguments->options.noise, "deviation of the noise; peaks are up to 1 high [0.05]")
      ->type_name("X");
  command->add_option("--format", arguments->format, "CSV has the classes in its first column [npy]")
      ->check(CLI::IsMember({"npy", "csv"}))
      ->type_name("npy|csv");
  command->add_option("--seed", arguments->seed, "same seed, same spectra [0]")->type_name("N");
  command->callback([arguments] { run_spectra(*arguments); });
}

}  // namespace

void add_synthesize_command(CLI::App& tuff) {
  CLI::App* command = tuff.add_subcommand(
      "synthesize", "Generate images of nuclei with masks, of digits, or spectra, to try things out");
  command->require_subcommand(0, 1);
  add_spectra(*command);
  add_mosaic_command(*command);
  const auto arguments = std::make_shared<SynthesizeArguments>();
  command->add_option("--out", arguments->out, "folder that gets images/ and masks/")->type_name("DIR");
  command->add_option("--count", arguments->count, "images [20]")->type_name("N");
  command
      ->add_option("--first", arguments->first, "number of the first image; a series goes on where another ended [0]")
      ->type_name("N");
  command->add_option("--size", arguments->size, "side in pixels [256]")->type_name("PIXELS");
  command->add_option("--nuclei", arguments->nuclei, "about how many in an image [40]")->type_name("N");
  command->add_option("--seed", arguments->seed, "same seed, same images [0]")->type_name("N");
  command->callback([command, arguments] {
    if (command->get_subcommands().empty()) run_synthesize(*arguments);
  });
}

}  // namespace tuff
