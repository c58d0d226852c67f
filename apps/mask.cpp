// tuff mask: masks of fluorescence images by a threshold, without a network.
#include <fmt/format.h>

#include <cmath>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "apps/commands.h"
#include "apps/options.h"
#include "apps/progress.h"
#include "apps/results.h"
#include "base/error.h"
#include "base/number.h"
#include "instances/threshold.h"
#include "io/components.h"
#include "io/smooth.h"
#include "train/options.h"

namespace tuff {
namespace {

namespace fs = std::filesystem;

struct MaskArguments {
  std::vector<std::string> inputs;
  std::string out;
  std::string threshold;
  bool below = false;
  double smooth = 0;
  std::int64_t min_size = 1;
  bool fill_holes = false;
  std::string channels;
  std::string axes;
  ResultOptions results{.overlay = false};
};

using Method = double (*)(const Histogram&);

// How the threshold is found: a method, or the value itself.
struct Threshold {
  Method method = nullptr;
  double value = 0;
};

Threshold parse_threshold(const std::string& text) {
  if (text == "otsu") return {otsu_threshold};
  if (text == "triangle") return {triangle_threshold};
  if (text == "li") return {li_threshold};
  Threshold threshold;
  if (!parse_number(text, threshold.value) || !std::isfinite(threshold.value))
    throw Error(fmt::format("--threshold {}: is otsu, triangle, li, or a number in the image's own units", text));
  return threshold;
}

void check(const MaskArguments& arguments) {
  check_folder(arguments.out);
  if (!(arguments.smooth >= 0 && arguments.smooth <= 1000))
    throw Error(fmt::format("--smooth {}: must be 0 to 1000 pixels", arguments.smooth));
  if (arguments.min_size < 1) throw Error(fmt::format("--min-size {}: must be at least 1", arguments.min_size));
}

Dataset open_inputs(const MaskArguments& arguments) {
  DataFormat format;
  format.axes = arguments.axes;
  for (const std::int64_t channel : number_list(arguments.channels, "channels"))
    format.channels.push_back(static_cast<int>(channel));
  const std::vector<fs::path> paths(arguments.inputs.begin(), arguments.inputs.end());
  const std::vector<fs::path> files = list_images(paths);
  // Each file for itself: here images of one run may differ in their channels.
  Dataset dataset;
  dataset.format = format;
  for (const fs::path& file : files) {
    const Dataset one = open_images(std::span(&file, 1), format);
    dataset.items.insert(dataset.items.end(), one.items.begin(), one.items.end());
  }
  return dataset;
}

// One value a pixel: the mean of the channels, smoothed; of integers rounded, so that their histogram stays one of
// integers.
std::vector<float> grey_plane(const Image& image, double sigma) {
  const auto pixels = static_cast<std::size_t>(image.height * image.width);
  std::vector<float> values(pixels);
  for (std::size_t i = 0; i < pixels; ++i) {
    double sum = 0;
    for (std::int64_t c = 0; c < image.channels; ++c) sum += static_cast<double>(image.channel(c)[i]);
    values[i] = static_cast<float>(sum / static_cast<double>(image.channels));
  }
  if (sigma > 0) smooth(values, image.height, image.width, sigma);
  if (image.info.sample != SampleKind::floating)
    for (float& value : values) value = std::round(value);
  return values;
}

// The foreground as 1.
std::vector<std::int32_t> make_mask(std::span<const float> values, std::int64_t height, std::int64_t width,
                                    double threshold, const MaskArguments& arguments) {
  std::vector<std::int32_t> mask;
  for (const float value : values) mask.push_back((static_cast<double>(value) > threshold) != arguments.below ? 1 : 0);
  if (arguments.fill_holes) fill_holes(mask, height, width);
  if (arguments.min_size > 1) {
    mask = label_components(mask, height, width, Connectivity::eight, arguments.min_size).ids;
    for (std::int32_t& id : mask) id = id != 0 ? 1 : 0;
  }
  return mask;
}

// What came of a file, as a line: "x: threshold 58, 12.3 % foreground".
std::string mask_file(const Dataset& dataset, const InputFile& file, const Threshold& wanted, ResultFile& result,
                      const MaskArguments& arguments) {
  const std::string path = dataset.items[file.first].images.front().string();
  std::vector<Image> planes;
  std::vector<float> values;  // of all planes: a stack has one threshold
  for (std::size_t item = file.first; item < file.first + file.count; ++item) {
    planes.push_back(read_item_image(dataset, item));
    check_finite(planes.back().values, path);
    const std::vector<float> plane = grey_plane(planes.back(), arguments.smooth);
    values.insert(values.end(), plane.begin(), plane.end());
    if (!arguments.results.overlay) std::vector<float>().swap(planes.back().values);
  }
  const double threshold =
      wanted.method != nullptr ? wanted.method(histogram_of(values, planes.front().info, path)) : wanted.value;
  std::int64_t foreground = 0;
  const auto pixels = static_cast<std::size_t>(planes.front().height * planes.front().width);
  for (std::size_t plane = 0; plane < planes.size(); ++plane) {
    const std::vector<std::int32_t> mask = make_mask(std::span(values).subspan(plane * pixels, pixels),
                                                     planes[plane].height, planes[plane].width, threshold, arguments);
    for (const std::int32_t id : mask) foreground += id;
    result.add_ids(mask, planes[plane]);
  }
  result.write();
  if (foreground == 0)
    stderr_log()(LogLevel::warning, fmt::format("{}: nothing found with threshold {:.7g}", path, threshold));
  return fmt::format("{}: threshold {:.7g}, {:.1f} % foreground", path, threshold,
                     100.0 * static_cast<double>(foreground) / static_cast<double>(values.size()));
}

void run_mask(const MaskArguments& arguments) {
  const Threshold threshold = parse_threshold(arguments.threshold);
  check(arguments);
  const Dataset dataset = open_inputs(arguments);
  const std::vector<InputFile> files = group_by_file(dataset);
  std::vector<ResultFile> results = plan_results(dataset, files, arguments.out, {}, arguments.results);
  Progress progress("images", static_cast<std::int64_t>(files.size()));
  for (std::size_t file = 0; file < files.size(); ++file) {
    const std::string line = mask_file(dataset, files[file], threshold, results[file], arguments);
    progress.clear();
    fmt::print("{}\n", line);
    progress.update(static_cast<std::int64_t>(file + 1), dataset.items[files[file].first].name);
  }
  progress.clear();
  fmt::print("{}: {} mask{}\n", arguments.out, files.size(), files.size() == 1 ? "" : "s");
}

}  // namespace

void add_mask_command(CLI::App& tuff) {
  CLI::App* command = tuff.add_subcommand(
      "mask", "Make masks of images by a threshold, without a network; results of the same name are replaced");
  const auto arguments = std::make_shared<MaskArguments>();
  command->add_option("images", arguments->inputs, "image files or folders of them; several channels are averaged")
      ->required()
      ->type_name("IMAGE|DIR...");
  command
      ->add_option("--out", arguments->out,
                   "folder for masks of 0 and 255 (NAME.png, or NAME.tif for TIFF, MRC, NIfTI)")
      ->required()
      ->type_name("DIR");
  command
      ->add_option("--threshold", arguments->threshold,
                   "foreground is what lies above: a value in the image's own units, or found by a method, one for all "
                   "planes of a file, over its histogram (integers of up to 16 bits: a bin for each value; others: 256 "
                   "bins from the smallest value to the largest)")
      ->required()
      ->type_name("otsu|triangle|li|VALUE");
  command->add_flag("--below", arguments->below, "foreground is what lies at or below the threshold: dark objects");
  command
      ->add_option("--smooth", arguments->smooth, "first smooth each plane by a Gaussian of that deviation in pixels")
      ->type_name("SIGMA");
  command->add_flag("--fill-holes", arguments->fill_holes, "background that foreground encloses becomes foreground");
  command
      ->add_option("--min-size", arguments->min_size,
                   "components of fewer pixels, after filling holes, become background [1]")
      ->type_name("PIXELS");
  command->add_flag("--instances", arguments->results.instances,
                    "write NAME_instances too: connected components of each plane as 16-bit ids");
  command->add_flag("--overlay", arguments->results.overlay, "write NAME_overlay.png too: outlines on the image");
  command->add_option("--channels", arguments->channels, "image channels to use, e.g. 0,2; default: all")
      ->type_name("IDS");
  command->add_option("--axes", arguments->axes, "meaning of a TIFF's pages where the file doesn't say, e.g. ZYX")
      ->type_name("AXES");
  command->callback([arguments] { run_mask(*arguments); });
}

}  // namespace tuff
