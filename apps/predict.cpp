// tuff predict: what a model says of new images: masks, objects, other images.
#include <fmt/format.h>

#include <cstdint>
#include <deque>
#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "apps/commands.h"
#include "apps/options.h"
#include "apps/predict_classes.h"
#include "apps/progress.h"
#include "apps/results.h"
#include "apps/session.h"
#include "apps/signals.h"
#include "base/background.h"
#include "base/error.h"
#include "base/os.h"
#include "tasks/signals.h"
#include "train/predict.h"

namespace tuff {
namespace {

namespace fs = std::filesystem;

struct PredictArguments {
  std::string model;
  std::vector<std::string> inputs;
  std::string out;
  std::string device;
  std::string tile = "auto";
  std::string axes;
  bool no_overlay = false;
  bool replace_nan = false;
  bool force_tiles = false;
  std::string dtype;
  std::string memory;
  bool autotune = false;
  std::string fit;          // classifiers
  std::int64_t stride = 0;  // classifiers
  ResultOptions results;
};

// An image under way, and what takes its normalization back.
struct Input {
  std::shared_ptr<const Image> image;
  std::vector<ChannelScaling> scalings;
};

Input load_input(const Dataset& dataset, std::size_t item) {
  std::vector<ChannelScaling> scalings;
  auto image = std::make_shared<const Image>(load_item_image(dataset, item, &scalings));
  return {std::move(image), std::move(scalings)};
}

// Predicts all images of all files, which are decoded and whose results are written beside the device's work, each on a
// thread of its own, at most two images ahead or behind.
class FilePrediction {
 public:
  FilePrediction(Predictor& predictor, const DenseTask& task, Device& device, DType storage, const Dataset& dataset,
                 std::span<const InputFile> files, std::vector<ResultFile>& results)
      : predictor_(predictor),
        task_(task),
        reader_(task.reader(device)),
        storage_(storage),
        dataset_(dataset),
        files_(files),
        results_(results),
        progress_("images", static_cast<std::int64_t>(dataset.items.size())) {
    for (std::size_t file = 0; file < files.size(); ++file) file_of_.insert(file_of_.end(), files[file].count, file);
  }

  // Gives how many images' results are written: all, or fewer after an interrupt, which lets a file end.
  std::int64_t run() {
    try {
      Ahead<Input> inputs([this] { return load(); }, 1);
      predictor_.predict_each(
          [&]() -> std::shared_ptr<const Image> {
            std::optional<Input> input = inputs.next();
            if (!input) return nullptr;
            scalings_.push_back(std::move(input->scalings));
            return std::move(input->image);
          },
          [this](std::shared_ptr<const Image> image, Image output) { finish(std::move(image), std::move(output)); },
          [this](std::size_t tile, std::size_t tiles) { tile_done(tile, tiles); });
    } catch (...) {
      writer_.finish();  // what was predicted before; its error, if it has one, comes first
      throw;
    }
    writer_.finish();
    progress_.clear();
    return static_cast<std::int64_t>(done_);
  }

 private:
  std::optional<Input> load() {
    const bool begins_file = loaded_ < file_of_.size() && files_[file_of_[loaded_]].first == loaded_;
    if (loaded_ == file_of_.size() || (begins_file && os::interrupted())) return std::nullopt;
    return load_input(dataset_, loaded_++);
  }

  void finish(std::shared_ptr<const Image> image, Image output) {
    warn_of_range(storage_, dataset_.items[done_].name, output.values);
    DenseResult result = reader_->read(std::move(output));
    if (task_.gives_input_units()) denormalize(result.image, scalings_.front());
    scalings_.pop_front();
    ResultFile& file = results_[file_of_[done_]];
    const bool last = done_ + 1 == file_of_.size() || file_of_[done_ + 1] != file_of_[done_];
    writer_.add([&file, last, image = std::move(image), result = std::move(result)] {
      file.add(result, *image);
      if (last) file.write();
    });
    progress_.update(static_cast<std::int64_t>(done_ + 1), dataset_.items[done_].name);
    ++done_;
  }

  void tile_done(std::size_t tile, std::size_t tiles) {
    if (tiles > 1)
      progress_.update(static_cast<std::int64_t>(done_),
                       fmt::format("{}: tile {}/{}", dataset_.items[done_].name, tile, tiles));
  }

  Predictor& predictor_;
  const DenseTask& task_;
  std::unique_ptr<DenseReader> reader_;
  DType storage_;
  const Dataset& dataset_;
  std::span<const InputFile> files_;
  std::vector<ResultFile>& results_;
  Progress progress_;
  std::vector<std::size_t> file_of_;  // of each item
  std::size_t loaded_ = 0, done_ = 0;
  std::deque<std::vector<ChannelScaling>> scalings_;  // of the images that are loaded and not done
  Background writer_{1};
};

// What a classifier says of images as a whole. Gives whether that is all: it may be asked for maps, too.
bool predict_whole_images(const PredictArguments& arguments, const Model& model, const std::vector<fs::path>& paths) {
  if (!knows_classes(model)) return false;
  const ClassPrediction prediction{.paths = paths,
                                   .out = arguments.out,
                                   .fit = arguments.fit,
                                   .device = arguments.device,
                                   .memory = arguments.memory,
                                   .autotune = arguments.autotune};
  const LabelledDataset images = open_labelled_dataset(paths, {}, model.format);
  if (!says_whole_images(prediction, model, images)) return false;
  predict_classes(prediction, model, images);
  return !is_dense(model.options.model) || model.options.pooling == "none" || images.idx.front() != nullptr;
}

void predict_spectra(const PredictArguments& arguments, const Model& model) {
  if (arguments.replace_nan) throw Error("--replace-nan: means nothing to networks of signals; leave it out");
  predict_signals({arguments.inputs, arguments.out, arguments.device, arguments.autotune}, model);
}

// What this call says of how images are to be read and, of classifiers, what is to come out.
void apply_arguments(const PredictArguments& arguments, Model& model) {
  if (arguments.replace_nan) model.format.replace_nan = true;
  if (!arguments.axes.empty()) model.format.axes = arguments.axes;
  for (const auto& [option, given] : {std::pair("fit", !arguments.fit.empty()), {"stride", arguments.stride > 0}})
    if (given && !is_classifier(model.options.model))
      throw Error(fmt::format("--{}: goes with classifiers; the model is a {}", option, model.options.model));
  if (arguments.stride > 0) model.options.stride = arguments.stride;
}

void run_predict(PredictArguments arguments) {
  arguments.results.overlay = !arguments.no_overlay;
  check_folder(arguments.out);
  parse_memory(arguments.memory);
  PredictorOptions options{.tile = parse_tile(arguments.tile), .force_tiles = arguments.force_tiles};
  Model model = load_model(arguments.model);
  if (takes_signals(model.options.model)) return predict_spectra(arguments, model);
  apply_arguments(arguments, model);
  const std::vector<fs::path> paths(arguments.inputs.begin(), arguments.inputs.end());
  if (predict_whole_images(arguments, model, paths)) return;
  const std::unique_ptr<DenseTask> task = make_dense_task(model.options, model.format);
  const Dataset dataset = open_images(paths, model.format);
  const std::vector<InputFile> files = group_by_file(dataset);
  const ResultForm form = result_form(*task, model.options);
  std::vector<ResultFile> results = plan_results(dataset, files, arguments.out, form, arguments.results);
  const LoadedModel loaded = open_model(std::move(model), arguments.device);
  options.memory = memory_beside(*loaded.store, arguments.memory);
  options.storage = storage_on(*loaded.device, arguments.dtype);
  const auto tuner = open_tuner(*loaded.device, arguments.autotune);
  options.tuner = tuner.get();
  Predictor predictor(*loaded.device, *loaded.store, loaded.task->network(), options);

  os::catch_interrupts();
  FilePrediction prediction(predictor, *loaded.task, *loaded.device, options.storage, dataset, files, results);
  const std::int64_t done = prediction.run();
  if (os::interrupted() && done < static_cast<std::int64_t>(dataset.items.size()))
    throw Error(
        fmt::format("stopped after {} of {} images; those are in {}", done, dataset.items.size(), arguments.out));
  fmt::print("{}: {} image{}\n", arguments.out, done, done == 1 ? "" : "s");
}

}  // namespace

void add_predict_command(CLI::App& tuff) {
  CLI::App* command = tuff.add_subcommand(
      "predict",
      "What a model says of images: masks, objects, other images, classes; results of the same name are replaced");
  const auto arguments = std::make_shared<PredictArguments>();
  add_model_option(*command, arguments->model);
  command->add_option("images", arguments->inputs, "image files or folders of them; files of signals")
      ->required()
      ->type_name("IMAGE|DIR...");
  command
      ->add_option("--out", arguments->out,
                   "folder for results (NAME.png, or NAME.tif for TIFF, MRC, NIfTI) and overlays")
      ->required()
      ->type_name("DIR");
  command->add_flag("--probabilities", arguments->results.probabilities,
                    "of masks: write NAME_probabilities.tif too, one channel a class");
  command->add_flag("--instances", arguments->results.instances,
                    "of masks: write NAME_instances too: connected components as 16-bit ids");
  command->add_flag("--no-overlay", arguments->no_overlay, "leave NAME_overlay.png out");
  command->add_option("--tile", arguments->tile, "side of the tiles large images are cut into [auto]")
      ->type_name("PIXELS|auto");
  command->add_flag("--force-tiles", arguments->force_tiles,
                    "tiles even where the network's norm sees the whole image");
  add_replace_nan_option(*command, arguments->replace_nan);
  command->add_option("--axes", arguments->axes, "meaning of a TIFF's pages, e.g. ZYX; default: as in training")
      ->type_name("AXES");
  command
      ->add_option("--fit", arguments->fit,
                   "classifiers: bring images to the net's size and say of each what it shows, instead of maps")
      ->check(CLI::IsMember({"pad", "crop", "resize"}))
      ->type_name("pad|crop|resize");
  command
      ->add_option("--stride", arguments->stride,
                   "classifiers: pixels from decision to decision of maps [as in training]")
      ->check(CLI::PositiveNumber)
      ->type_name("PIXELS");
  add_memory_option(*command, arguments->memory,
                    "device memory that it may take, e.g. 800M or 2G; larger images are cut into tiles");
  add_dtype_option(*command, arguments->dtype);
  add_autotune_option(*command, arguments->autotune);
  add_device_option(*command, arguments->device);
  command->callback([arguments] { run_predict(*arguments); });
}

}  // namespace tuff
