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
  return item.planes > 1 ? image_name(item.images.front()) : item.name;
}

}  // namespace

ResultForm result_form(const DenseTask& task, const TrainOptions& options) {
  return {.kind = task.result_kind(),
          .classes = options.classes,
          .channels = task.needs().target_channels,
          .scale = task.network().scale,
          .input_units = task.gives_input_units()};
}

ResultFile::ResultFile(std::filesystem::path folder, std::string name, const Image& input, const ResultForm& form,
                       ResultOptions options)
    : folder_(std::move(folder)), name_(std::move(name)), input_(input), form_(form), options_(options) {
  input_.values.clear();
  if (input_.info.kind == FileKind::mrc || input_.info.kind == FileKind::nifti) input_.info.kind = FileKind::tiff;
  if (form.kind != DenseResult::Kind::classes) options_.probabilities = options_.instances = false;
  if (is_image()) options_.overlay = false;
  main_ = stack_like(1, form.kind == DenseResult::Kind::instances ? 16 : 8, SampleKind::unsigned_integer);
  if (is_image()) {
    const bool units = form.input_units;
    main_ = stack_like(form.channels, units ? input_.info.bits : 32, units ? input_.info.sample : SampleKind::floating);
    main_.height *= form.scale;
    main_.width *= form.scale;
    main_.info.pixel_width /= static_cast<double>(form.scale);
    main_.info.pixel_height /= static_cast<double>(form.scale);
    if (!units || (form.channels != 1 && form.channels != 3)) main_.info.kind = FileKind::tiff;
  }
  probabilities_ = stack_like(form.classes, 32, SampleKind::floating);
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

// Values lie as T, C, Z, Y, X. What comes is C, Y, X of a plane, time by time, slice by slice, or a time's C, Z, Y, X.
void ResultFile::append(Image& stack, std::span<const float> values, std::int64_t depth) const {
  const std::int64_t pixels = stack.height * stack.width;
  if (stack.values.empty()) stack.values.resize(static_cast<std::size_t>(stack.planes() * stack.channels * pixels));
  const std::int64_t time = planes_ / stack.depth, slice = planes_ % stack.depth;
  for (std::int64_t channel = 0; channel < stack.channels; ++channel)
    std::copy_n(values.begin() + channel * depth * pixels, depth * pixels,
                stack.values.begin() + ((time * stack.channels + channel) * stack.depth + slice) * pixels);
}

void ResultFile::add_components(std::span<const std::int32_t> ids, const Image& image) {
  const Components components = image.depth > 1 ? label_volume(ids, image.depth, image.height, image.width)
                                                : label_components(ids, image.height, image.width);
  if (components.count > 65535)
    throw Error(fmt::format("{}: {} instances don't fit 16-bit ids; leave --instances out", name_, components.count));
  append(instances_, std::vector<float>(components.ids.begin(), components.ids.end()), image.depth);
}

void ResultFile::add_overlays(std::span<const std::int32_t> ids, const Image& image) const {
  std::filesystem::create_directories(folder_);
  const auto pixels = static_cast<std::size_t>(image.height * image.width);
  for (std::int64_t slice = 0; slice < image.depth; ++slice)
    write_image(
        overlay_path(planes_ + slice),
        overlay_labels(image.plane(slice), ids.subspan(static_cast<std::size_t>(slice) * pixels, pixels)).image());
}

void ResultFile::add(const DenseResult& result, const Image& image) {
  if (is_image()) {
    append(main_, result.image.values, result.image.depth);
    planes_ += image.depth;
    return;
  }
  if (options_.probabilities)
    append(probabilities_, probabilities(result.image.values, result.image.channels), image.depth);
  add_ids(result.labels.ids, image);
}

void ResultFile::add_ids(std::span<const std::int32_t> ids, const Image& image) {
  std::vector<float> values(ids.begin(), ids.end());
  if (form_.kind == DenseResult::Kind::classes && form_.classes == 1)
    for (float& value : values) value *= 255;  // so that the mask can be looked at
  if (!values.empty() && std::ranges::max(values) > 65535)
    throw Error(fmt::format("{}: more objects than 16-bit ids; predict parts of the image", name_));
  append(main_, values, image.depth);
  if (options_.instances) add_components(ids, image);
  if (options_.overlay) add_overlays(ids, image);
  planes_ += image.depth;
}

void ResultFile::write() {
  std::filesystem::create_directories(folder_);
  write_image(path("", true), main_);
  if (options_.probabilities) write_image(path("_probabilities", false), probabilities_);
  if (options_.instances) write_image(path("_instances", true), instances_);
  for (Image* stack : {&main_, &probabilities_, &instances_}) std::vector<float>().swap(stack->values);
}

std::filesystem::path ResultFile::path(const std::string& suffix, bool image_format) const {
  const bool tiff = !image_format || (suffix.empty() ? main_ : input_).info.kind == FileKind::tiff;
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

std::vector<ResultFile> plan_results(const Dataset& dataset, std::span<const InputFile> files, const std::string& out,
                                     const ResultForm& form, ResultOptions options) {
  std::vector<ResultFile> results;
  std::set<fs::path> taken;
  std::set<fs::path> inputs;
  for (const DataItem& item : dataset.items)
    for (const fs::path& path : item.images) inputs.insert(fs::weakly_canonical(path));
  for (const InputFile& file : files) {
    const DataItem& item = dataset.items[file.first];
    const Image header = probe_image(item.images.front(), dataset.format.axes);
    results.emplace_back(out, result_name(item), header, form, options);
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
