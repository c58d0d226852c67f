// What `tuff predict` and `tuff mask` write: masks, objects or images, and beside them overlays, probabilities and
// connected components.
#pragma once

#include <cstdint>
#include <filesystem>
#include <span>
#include <string>
#include <vector>

#include "io/dataset.h"
#include "io/image.h"
#include "tasks/dense_task.h"
#include "train/options.h"

namespace tuff {

struct ResultOptions {
  bool probabilities = false;
  bool instances = false;
  bool overlay = true;
};

// What results of a model are.
struct ResultForm {
  DenseResult::Kind kind = DenseResult::Kind::classes;
  std::int64_t classes = 1;
  std::int64_t channels = 1;  // of images
  std::int64_t scale = 1;     // of images: pixels along each axis for one of the input
  bool input_units = false;   // images are in the input's units and get its bits; else they are 32-bit floats
};

ResultForm result_form(const DenseTask& task, const TrainOptions& options);

// The planes of one input file, in order, collected until the file is complete.
class ResultFile {
 public:
  // `input` is what the file says of itself: size of the stack, pixel size, kind. Results are TIFF for
  // TIFF, MRC and NIfTI, else PNG; all carry the input's pixel size where the format can.
  ResultFile(std::filesystem::path folder, std::string name, const Image& input, const ResultForm& form,
             ResultOptions options);

  // Of the next plane or volume, and the image it was made from.
  void add(const DenseResult& result, const Image& image);
  // Classes of the next plane, where there are no probabilities.
  void add_ids(std::span<const std::int32_t> ids, const Image& image);
  // Writes and forgets the pixels: NAME.png|tif (classes: 0 and 255, or ids; objects: 16-bit ids; images),
  // NAME_overlay.png, NAME_probabilities.tif (f32; a PNG has no room for them), NAME_instances.png|tif (16-bit ids).
  // Stacks get one overlay a plane.
  void write();

  // Every path that write() would make.
  std::vector<std::filesystem::path> paths() const;

 private:
  Image stack_like(std::int64_t channels, int bits, SampleKind sample) const;
  void append(Image& stack, std::span<const float> values, std::int64_t depth) const;
  void add_components(std::span<const std::int32_t> ids, const Image& image);
  void add_overlays(std::span<const std::int32_t> ids, const Image& image) const;
  bool is_image() const { return form_.kind == DenseResult::Kind::image; }
  std::filesystem::path path(const std::string& suffix, bool image_format) const;
  std::filesystem::path overlay_path(std::int64_t plane) const;

  std::filesystem::path folder_;
  std::string name_;
  Image input_;  // without pixels
  ResultForm form_;
  ResultOptions options_;
  std::int64_t planes_ = 0;  // added so far
  Image main_;
  Image probabilities_;
  Image instances_;
};

// Items of one file stand together: stacks give one item a plane.
struct InputFile {
  std::size_t first = 0;
  std::size_t count = 0;
};

std::vector<InputFile> group_by_file(const Dataset& dataset);

// One for each file, into the folder `out`. Error where a result would replace an input or two files would have the
// same.
std::vector<ResultFile> plan_results(const Dataset& dataset, std::span<const InputFile> files, const std::string& out,
                                     const ResultForm& form, ResultOptions options);

}  // namespace tuff
