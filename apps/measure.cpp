// tuff measure: count, size, shape and intensity of the objects in masks, as CSV.
#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "apps/commands.h"
#include "apps/label_options.h"
#include "apps/progress.h"
#include "apps/region_table.h"
#include "base/error.h"
#include "base/number.h"
#include "base/os.h"
#include "instances/regions.h"
#include "io/dataset.h"

namespace tuff {
namespace {

namespace fs = std::filesystem;

struct MeasureArguments {
  std::vector<std::string> masks;
  std::string images;
  std::string out = "-";
  std::string pixel_size;
  LabelOptions labels;
};

// Of a file's pixels; `unit` is "px" where it says nothing.
struct Scale {
  PixelSize size;
  std::string unit = "px";
};

// "X[,Y[,Z]]" in micrometers; what is left out is as X.
std::optional<Scale> parse_pixel_size(const std::string& text) {
  if (text.empty()) return std::nullopt;
  std::vector<double> numbers;
  std::size_t from = 0;
  while (from <= text.size()) {
    const std::size_t comma = std::min(text.find(',', from), text.size());
    double value = 0;
    if (!parse_number(std::string_view(text).substr(from, comma - from), value) || !(value > 0 && value < 1e9))
      throw Error(fmt::format("--pixel-size {}: is X, X,Y or X,Y,Z: numbers above 0, in um", text));
    numbers.push_back(value);
    from = comma + 1;
  }
  if (numbers.size() > 3) throw Error(fmt::format("--pixel-size {}: has more than three numbers", text));
  numbers.resize(3, numbers[0]);
  return Scale{{.depth = numbers[2], .height = numbers[1], .width = numbers[0]}, "um"};
}

// 0 where the unit is none of these: inches of a plain TIFF are a printer's.
double micrometers(const std::string& unit) {
  static const std::map<std::string, double> kUnits = {{"um", 1}, {"nm", 1e-3}, {"mm", 1e3}, {"cm", 1e4}, {"m", 1e6}};
  const auto found = kUnits.find(unit);
  return found == kUnits.end() ? 0 : found->second;
}

// What the mask says of its pixels, else what the image says.
Scale scale_of(const LabelStack& stack, const std::optional<Image>& image, bool volumes, const std::string& file) {
  const bool deep = volumes && stack.depth > 1;
  for (const ImageInfo* info : {&stack.info, image ? &image->info : nullptr}) {
    const double factor = info != nullptr ? micrometers(info->unit) : 0;
    if (factor == 0 || info->pixel_width <= 0 || info->pixel_height <= 0) continue;
    if (deep && info->pixel_depth <= 0)
      throw Error(
          fmt::format("{}: says how large pixels are ({} {}) but not how far apart slices: name it with "
                      "--pixel-size X,Y,Z",
                      file, info->pixel_width, info->unit));
    return {{.depth = deep ? info->pixel_depth * factor : 1,
             .height = info->pixel_height * factor,
             .width = info->pixel_width * factor},
            "um"};
  }
  return {};
}

// The images by the names that masks have: nnU-Net's x_0000, x_0001, ... are channels of "x".
class ImageFinder {
 public:
  ImageFinder(const std::string& images, std::size_t masks) {
    const fs::path path = images;
    single_ = !fs::is_directory(path) && masks == 1;
    for (const fs::path& file : list_images(std::span(&path, 1))) files_[image_name(file)] = file;
  }

  // Its channels, in order. Error where there is none.
  std::vector<fs::path> find(const LabelFile& mask) const {
    if (single_) return {files_.begin()->second};
    const std::string exact = image_name(mask.path);
    for (const std::string& name : {mask.name, exact})
      if (const auto found = files_.find(name); found != files_.end() && found->second != mask.path)
        return {found->second};
    std::vector<fs::path> channels;
    for (auto found = files_.find(channel_of(mask, 0)); found != files_.end();
         found = files_.find(channel_of(mask, channels.size())))
      channels.push_back(found->second);
    if (channels.empty())
      throw Error(
          fmt::format("{}: no image of this mask (looked for {} with any extension)", mask.path.string(), mask.name));
    return channels;
  }

 private:
  static std::string channel_of(const LabelFile& mask, std::size_t channel) {
    return fmt::format("{}_{:04}", mask.name, channel);
  }

  std::map<std::string, fs::path> files_;
  bool single_ = false;
};

// The whole file, or the files of its channels, as one image whose extents are the mask's.
Image read_channels(const std::vector<fs::path>& files, const LabelStack& mask, const std::string& mask_file,
                    const std::string& axes) {
  Image joined;
  for (const fs::path& file : files) {
    Image image = read_image(file, axes);
    const Labels& first = mask.labels.front();
    if (image.height != first.height || image.width != first.width || image.depth != mask.depth ||
        image.frames != mask.frames)
      throw Error(fmt::format("{}: is {}, its mask {} has {} planes of {}x{}: they must have the same", file.string(),
                              describe_size(image), mask_file, mask.frames * mask.depth, first.height, first.width));
    if (files.size() > 1 && image.frames > 1)
      throw Error(fmt::format("{}: has several points in time and its channels are files: save them as one TIFF",
                              file.string()));
    if (joined.values.empty()) {
      joined = std::move(image);
    } else {
      joined.channels += image.channels;
      joined.values.insert(joined.values.end(), image.values.begin(), image.values.end());
    }
  }
  return joined;
}

// What belongs to entry `index` of the mask's stack.
Image part_of(const Image& image, std::int64_t index, bool volumes) {
  if (!volumes) return image.plane(index);
  Image part(image.channels, image.height, image.width);
  part.depth = image.depth;
  const std::int64_t values = image.channels * image.depth * image.height * image.width;
  part.values.assign(image.values.begin() + index * values, image.values.begin() + (index + 1) * values);
  return part;
}

// Collects rows; all files must agree on what the columns are.
class Report {
 public:
  explicit Report(bool volumes) { table_.volumes = volumes; }

  void begin_file(const std::string& file, const std::string& unit, std::int64_t channels) {
    if (text_.empty()) {
      table_.unit = unit;
      table_.channels = channels;
      text_ = table_.header();
      first_file_ = file;
    }
    if (unit != table_.unit)
      throw Error(fmt::format("{}: lengths are in {}, in {} they are in {}: name one --pixel-size for all", file, unit,
                              first_file_, table_.unit));
    if (channels != table_.channels)
      throw Error(fmt::format("{}: its image has {} channels, that of {} has {}: measure them one by one", file,
                              channels, first_file_, table_.channels));
  }

  // Gives the summary line.
  std::string add(const std::string& name, const std::vector<Region>& regions) {
    double area = 0;
    for (const Region& region : regions) {
      text_ += table_.row(name, region);
      area += region.area;
    }
    return fmt::format(
        "{}: {} object{}{}", name, regions.size(), regions.size() == 1 ? "" : "s",
        regions.empty() ? ""
                        : fmt::format(", mean {} {:.6g} {}^{}", table_.volumes ? "volume" : "area",
                                      area / static_cast<double>(regions.size()), table_.unit, table_.volumes ? 3 : 2));
  }

  const std::string& text() const { return text_; }

 private:
  RegionTable table_;
  std::string text_;
  std::string first_file_;
};

std::vector<std::string> measure_file(const LabelFile& file, const ImageFinder* finder,
                                      const std::optional<Scale>& given, const MeasureArguments& arguments,
                                      Report& report) {
  const bool volumes = arguments.labels.volumes;
  const std::string path = file.path.string();
  const LabelStack stack = read_labels(file.path, arguments.labels.reading());
  std::optional<Image> image;
  if (finder != nullptr) image = read_channels(finder->find(file), stack, path, arguments.labels.axes);
  const Scale scale = given ? *given : scale_of(stack, image, volumes, path);
  report.begin_file(path, scale.unit, image ? image->channels : 0);
  std::vector<std::string> lines;
  for (std::size_t entry = 0; entry < stack.labels.size(); ++entry) {
    std::optional<Image> part;
    if (image) part = part_of(*image, static_cast<std::int64_t>(entry), volumes);
    lines.push_back(report.add(file.name + stack.suffixes[entry],
                               measure_regions(stack.labels[entry], part ? &*part : nullptr, scale.size)));
  }
  return lines;
}

void run_measure(const MeasureArguments& arguments) {
  const std::optional<Scale> given = parse_pixel_size(arguments.pixel_size);
  const std::vector<fs::path> paths(arguments.masks.begin(), arguments.masks.end());
  const std::vector<LabelFile> files = list_label_files(paths, arguments.labels.volumes);
  std::optional<ImageFinder> finder;
  if (!arguments.images.empty()) finder.emplace(arguments.images, files.size());
  const bool to_stdout = arguments.out == "-";
  if (!to_stdout)
    for (const LabelFile& file : files)
      if (fs::weakly_canonical(file.path) == fs::weakly_canonical(arguments.out))
        throw Error(fmt::format("--out {}: would replace a mask; name another file", arguments.out));
  Report report(arguments.labels.volumes);
  Progress progress("masks", static_cast<std::int64_t>(files.size()));
  for (std::size_t i = 0; i < files.size(); ++i) {
    for (const std::string& line : measure_file(files[i], finder ? &*finder : nullptr, given, arguments, report)) {
      progress.clear();
      fmt::print(to_stdout ? stderr : stdout, "{}\n", line);
    }
    progress.update(static_cast<std::int64_t>(i + 1), files[i].name);
  }
  progress.clear();
  if (to_stdout)
    fmt::print("{}", report.text());
  else
    os::write_file(arguments.out, report.text());
}

}  // namespace

void add_measure_command(CLI::App& tuff) {
  CLI::App* command = tuff.add_subcommand("measure", "Count and measure the objects in masks, as CSV: a row for each");
  const auto arguments = std::make_shared<MeasureArguments>();
  command
      ->add_option("masks", arguments->masks,
                   "mask files or folders of them; files of ids give each id, files with one value beside 0 (such as 0 "
                   "and 255) each connected component")
      ->required()
      ->type_name("MASK|DIR...");
  command
      ->add_option("--images", arguments->images,
                   "measure intensity too, in the image of the same name (masks may add _mask, _masks, _label, "
                   "_labels, _instances)")
      ->type_name("DIR|FILE");
  command->add_option("--out", arguments->out, "the CSV file; - is the standard output [-]")->type_name("FILE.csv|-");
  command
      ->add_option("--pixel-size", arguments->pixel_size,
                   "extent of a pixel in um; Y and Z are as X where left out; default: as the files say, else lengths "
                   "are in pixels")
      ->type_name("X[,Y[,Z]]");
  add_label_options(*command, arguments->labels);
  command->callback([arguments] { run_measure(*arguments); });
}

}  // namespace tuff
