// tuff synthesize mosaic: images that hold digits at known places.
#include <fmt/format.h>

#include <algorithm>
#include <filesystem>
#include <memory>
#include <string>

#include "apps/commands.h"
#include "base/error.h"
#include "base/os.h"
#include "io/mosaic.h"

namespace tuff {
namespace {

struct MosaicArguments {
  std::string digits, labels, out;
  std::int64_t count = 20, first = 0, size = 256, first_digit = 0, digit_count = 0;
  std::uint64_t seed = 0;
  MosaicOptions options;
};

void check(const MosaicArguments& arguments, const IdxImages& digits, const std::vector<std::uint8_t>& labels) {
  if (labels.size() != static_cast<std::size_t>(digits.count))
    throw Error(fmt::format("{}: has {} labels, there are {} digits", arguments.labels, labels.size(), digits.count));
  if (std::ranges::max(labels) >= kMosaicUndefined - 1)
    throw Error(
        fmt::format("{}: has labels above {}, which masks have no room for", arguments.labels, kMosaicUndefined - 2));
  if (arguments.first_digit + std::max<std::int64_t>(1, arguments.digit_count) > digits.count)
    throw Error(fmt::format("--first-digit {}: there are only {} digits", arguments.first_digit, digits.count));
  const MosaicOptions& options = arguments.options;
  if (options.smallest > options.largest)
    throw Error(fmt::format("--smallest {}: is more than --largest {}", options.smallest, options.largest));
}

void run_mosaic(MosaicArguments arguments) {
  const IdxImages digits = read_idx(arguments.digits);
  const std::vector<std::uint8_t> labels = read_idx_labels(arguments.labels);
  check(arguments, digits, labels);
  arguments.options.height = arguments.options.width = arguments.size;
  const std::int64_t count = arguments.digit_count > 0 ? arguments.digit_count : digits.count - arguments.first_digit;
  const std::filesystem::path out = arguments.out;
  for (const char* folder : {"images", "masks", "centers"}) std::filesystem::create_directories(out / folder);
  std::string table = "name,label,class,y,x,height,width\n";  // the class is what masks hold
  std::size_t boxes = 0;
  for (std::int64_t index = arguments.first; index < arguments.first + arguments.count; ++index) {
    const Mosaic mosaic =
        synthesize_mosaic(arguments.options, digits, labels, arguments.first_digit, count, arguments.seed, index);
    const std::string name = fmt::format("mosaic_{:04}", index);
    write_image(out / "images" / (name + ".png"), mosaic.image);
    write_image(out / "masks" / (name + ".png"), mosaic.mask);
    write_image(out / "centers" / (name + ".png"), mosaic.centers);
    for (const MosaicBox& box : mosaic.boxes)
      table +=
          fmt::format("{},{},{},{},{},{},{}\n", name, box.label, box.label + 1, box.y, box.x, box.height, box.width);
    boxes += mosaic.boxes.size();
  }
  os::write_file(out / "boxes.csv", table);
  fmt::print("{}: {} images, masks and centers, {} boxes\n", arguments.out, arguments.count, boxes);
}

}  // namespace

void add_mosaic_command(CLI::App& synthesize) {
  CLI::App* command = synthesize.add_subcommand("mosaic", "Images that hold digits of an idx file at known places");
  const auto arguments = std::make_shared<MosaicArguments>();
  command->add_option("--digits", arguments->digits, "idx file of small images")->required()->type_name("IDX");
  command->add_option("--labels", arguments->labels, "idx file of their labels")->required()->type_name("IDX");
  command
      ->add_option("--out", arguments->out,
                   "folder that gets images/, masks/ (0 background, label + 1 elsewhere), centers/ (the same of boxes' "
                   "centres, 255 around them) and boxes.csv")
      ->required()
      ->type_name("DIR");
  const auto number = [&](const char* name, auto& value, const char* help, double least, double most) {
    command->add_option(name, value, help)->check(CLI::Range(least, most))->type_name("N");
  };
  number("--count", arguments->count, "images [20]", 1, 1e6);
  number("--first", arguments->first, "number of the first image [0]", 0, 1e9);
  number("--size", arguments->size, "side in pixels [256]", 32, 8192);
  number("--tiles", arguments->options.tiles, "digits in each, fewer where there is no room [16]", 1, 100000);
  number("--smallest", arguments->options.smallest, "smallest scale of a digit [1]", 0.25, 8);
  number("--largest", arguments->options.largest, "largest scale of a digit [1]", 0.25, 8);
  number("--noise", arguments->options.noise, "deviation of the noise, of 255 [12]", 0, 255);
  number("--first-digit", arguments->first_digit, "first digit of the file to use [0]", 0, 1e9);
  number("--digit-count", arguments->digit_count, "so many from there on; 0: all [0]", 0, 1e9);
  command->add_option("--seed", arguments->seed, "same seed, same images [0]")->type_name("N");
  command->callback([arguments] { run_mosaic(*arguments); });
}

}  // namespace tuff
