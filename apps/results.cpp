#include "apps/results.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstring>
#include <set>

#include "base/error.h"
#include "io/components.h"
#include "io/overlay.h"
#include "train/metrics.h"

namespace tuff {
namespace {

namespace fs = std::filesystem;

// The name of a file's results: its stem, for nnU-Net's x_0000 as the dataset has it.
std::string result_name(const DataItem& item) {
  return item.planes > 1 ? item.images.front().stem().string() : item.name;
}

}  // namespace

ResultFile::ResultFile(std::filesystem::path folder, std::string name, const Image& input, std::int64_t classes,
                       ResultOptions options)
    : folder_(std::move(folder)), name_(std::move(name)), input_(input), classes_(classes), options_(options) {
  input_.values.clear();
  mask_ = stack_like(1, 8, SampleKind::unsigned_integer);
  probabilities_ = stack_like(classes, 32, SampleKind::floating);
  probabilities_.info.kind = FileKind::tiff;
  instances_ = stack_like(1, 16, SampleKind::unsigned_integer);
}

Image ResultFile::stack_like(std::int64_t channels, int bits, SampleKind sample) const {
  Image stack = input_;
  stack.channels = channels;
  stack.info.bits = bits;
  stack.info.sample = sample;
  if (stack.info.kind != FileKind::tiff) stack.info.kind = FileKind::png;
  return stack;
}

// Values lie as T, C, Z, Y, X; planes come time by time, slice by slice, each as C, Y, X.
void ResultFile::append(Image& stack, std::span<const float> plane) const {
  const auto pixels = static_cast<std::size_t>(stack.height * stack.width);
  const auto depth = static_cast<std::size_t>(stack.depth);
  const auto channels = static_cast<std::size_t>(stack.channels);
  if (stack.values.empty()) stack.values.resize(static_cast<std::size_t>(stack.planes()) * channels * pixels);
  const std::size_t index = static_cast<std::size_t>(planes_);
  for (std::size_t channel = 0; channel < channels; ++channel) {
    const std::size_t place = ((index / depth) * channels + channel) * depth + index % depth;
    std::copy_n(plane.begin() + static_cast<std::ptrdiff_t>(channel * pixels), pixels,
                stack.values.begin() + static_cast<std::ptrdiff_t>(place * pixels));
  }
}

void ResultFile::add(const Image& logits, const Image& image) {
  if (options_.probabilities) append(probabilities_, probabilities(logits.values, logits.channels));
  add_ids(classify(logits.values, logits.channels), image);
}

void ResultFile::add_ids(std::span<const std::int32_t> ids, const Image& image) {
  std::vector<float> plane(ids.begin(), ids.end());
  if (classes_ == 1)
    for (float& value : plane) value *= 255;  // so that the mask can be looked at
  append(mask_, plane);
  if (options_.instances) {
    const Components components = label_components(ids, image.height, image.width);
    if (components.count > 65535)
      throw Error(fmt::format("{}: {} instances don't fit 16-bit ids; leave --instances out", name_, components.count));
    append(instances_, std::vector<float>(components.ids.begin(), components.ids.end()));
  }
  if (options_.overlay) {
    std::filesystem::create_directories(folder_);
    write_image(overlay_path(planes_), overlay_labels(image, ids).image());
  }
  ++planes_;
}

void ResultFile::write() {
  std::filesystem::create_directories(folder_);
  write_image(path("", true), mask_);
  if (options_.probabilities) write_image(path("_probabilities", false), probabilities_);
  if (options_.instances) write_image(path("_instances", true), instances_);
  for (Image* stack : {&mask_, &probabilities_, &instances_}) std::vector<float>().swap(stack->values);
}

std::filesystem::path ResultFile::path(const std::string& suffix, bool image_format) const {
  const bool tiff = !image_format || input_.info.kind == FileKind::tiff;
  return folder_ / (name_ + suffix + (tiff ? ".tif" : ".png"));
}

std::filesystem::path ResultFile::overlay_path(std::int64_t plane) const {
  return folder_ / (input_.planes() > 1 ? fmt::format("{}_overlay_{:04}.png", name_, plane) : name_ + "_overlay.png");
}

std::vector<std::filesystem::path> ResultFile::paths() const {
  std::vector<std::filesystem::path> result = {path("", true)};
  if (options_.probabilities) result.push_back(path("_probabilities", false));
  if (options_.instances) result.push_back(path("_instances", true));
  for (std::int64_t plane = 0; options_.overlay && plane < input_.planes(); ++plane)
    result.push_back(overlay_path(plane));
  return result;
}

std::vector<InputFile> group_by_file(const Dataset& dataset) {
  std::vector<InputFile> files;
  for (std::size_t item = 0; item < dataset.items.size(); ++item) {
    if (!files.empty() && dataset.items[item].images == dataset.items[files.back().first].images)
      ++files.back().count;
    else
      files.push_back({item, 1});
  }
  return files;
}

void check_folder(const std::string& out) {
  if (fs::exists(out) && !fs::is_directory(out)) throw Error(fmt::format("--out {}: is a file; name a folder", out));
}

std::vector<ResultFile> plan_results(const Dataset& dataset, std::span<const InputFile> files, const std::string& out,
                                     std::int64_t classes, ResultOptions options) {
  std::vector<ResultFile> results;
  std::set<fs::path> taken;
  std::set<fs::path> inputs;
  for (const DataItem& item : dataset.items)
    for (const fs::path& path : item.images) inputs.insert(fs::weakly_canonical(path));
  for (const InputFile& file : files) {
    const DataItem& item = dataset.items[file.first];
    const Image header = probe_image(item.images.front(), dataset.format.axes);
    results.emplace_back(out, result_name(item), header, classes, options);
    for (const fs::path& path : results.back().paths()) {
      if (inputs.contains(fs::weakly_canonical(path)))
        throw Error(fmt::format("--out {}: the result {} would replace an input image; name another folder", out,
                                path.filename().string()));
      if (!taken.insert(path).second)
        throw Error(
            fmt::format("{}: two images would both be written to {}; take them one by one into folders of their "
                        "own",
                        item.images.front().string(), path.string()));
    }
  }
  return results;
}

}  // namespace tuff
