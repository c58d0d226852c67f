// tuff predict: masks of new images.
#include <fmt/format.h>

#include <cstdint>
#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "apps/commands.h"
#include "apps/options.h"
#include "apps/progress.h"
#include "apps/results.h"
#include "apps/session.h"
#include "base/background.h"
#include "base/error.h"
#include "base/os.h"
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
  bool force_tiles = false;
  std::string dtype;
  std::string memory;
  bool autotune = false;
  ResultOptions results;
};

// Images are decoded and results written beside the device's work, each on a thread of its own, at most two images
// ahead or behind. Gives how many images' results are written: all, or fewer after an interrupt, which lets a file end.
std::int64_t predict_files(Predictor& predictor, const Dataset& dataset, const std::vector<InputFile>& files,
                           std::vector<ResultFile>& results, DType storage, Progress& progress) {
  std::vector<std::size_t> file_of;
  for (std::size_t file = 0; file < files.size(); ++file) file_of.insert(file_of.end(), files[file].count, file);
  std::size_t loaded = 0, done = 0;
  const auto load = [&]() -> std::optional<std::shared_ptr<const Image>> {
    const bool begins_file = loaded < file_of.size() && files[file_of[loaded]].first == loaded;
    if (loaded == file_of.size() || (begins_file && os::interrupted())) return std::nullopt;
    return std::make_shared<const Image>(load_item_image(dataset, loaded++));
  };
  Background writer(1);
  const auto finish = [&](std::shared_ptr<const Image> image, Image logits) {
    warn_of_range(storage, dataset.items[done].name, logits.values);
    ResultFile& result = results[file_of[done]];
    const bool last = done + 1 == file_of.size() || file_of[done + 1] != file_of[done];
    writer.add([&result, last, image = std::move(image), logits = std::move(logits)] {
      result.add(logits, *image);
      if (last) result.write();
    });
    progress.update(static_cast<std::int64_t>(done + 1), dataset.items[done].name);
    ++done;
  };
  const auto tile_done = [&](std::size_t tile, std::size_t tiles) {
    if (tiles > 1)
      progress.update(static_cast<std::int64_t>(done),
                      fmt::format("{}: tile {}/{}", dataset.items[done].name, tile, tiles));
  };
  try {
    Ahead<std::shared_ptr<const Image>> images(load, 1);
    predictor.predict_each([&] { return images.next().value_or(nullptr); }, finish, tile_done);
  } catch (...) {
    writer.finish();  // what was predicted before; its error, if it has one, comes first
    throw;
  }
  writer.finish();
  return static_cast<std::int64_t>(done);
}

void run_predict(PredictArguments arguments) {
  arguments.results.overlay = !arguments.no_overlay;
  check_folder(arguments.out);
  parse_memory(arguments.memory);
  PredictorOptions options{.tile = parse_tile(arguments.tile), .force_tiles = arguments.force_tiles};
  Model model = load_dense_model(arguments.model);
  if (!arguments.axes.empty()) model.format.axes = arguments.axes;
  const std::vector<fs::path> paths(arguments.inputs.begin(), arguments.inputs.end());
  const Dataset dataset = open_images(paths, model.format);
  const std::vector<InputFile> files = group_by_file(dataset);
  std::vector<ResultFile> results =
      plan_results(dataset, files, arguments.out, model.options.classes, arguments.results);
  const LoadedModel loaded = open_model(std::move(model), arguments.device);
  options.memory = memory_beside(*loaded.store, arguments.memory);
  options.storage = storage_on(*loaded.device, arguments.dtype);
  const auto tuner = open_tuner(*loaded.device, arguments.autotune);
  options.tuner = tuner.get();
  Predictor predictor(*loaded.device, *loaded.store, loaded.task->network(), options);

  os::catch_interrupts();
  Progress progress("images", static_cast<std::int64_t>(dataset.items.size()));
  const std::int64_t done = predict_files(predictor, dataset, files, results, options.storage, progress);
  progress.clear();
  if (os::interrupted() && done < static_cast<std::int64_t>(dataset.items.size()))
    throw Error(
        fmt::format("stopped after {} of {} images; those are in {}", done, dataset.items.size(), arguments.out));
  fmt::print("{}: {} image{}\n", arguments.out, done, done == 1 ? "" : "s");
}

}  // namespace

void add_predict_command(CLI::App& tuff) {
  CLI::App* command = tuff.add_subcommand("predict", "Segment images; results of the same name are replaced");
  const auto arguments = std::make_shared<PredictArguments>();
  add_model_option(*command, arguments->model);
  command->add_option("images", arguments->inputs, "image files or folders of them")
      ->required()
      ->type_name("IMAGE|DIR...");
  command->add_option("--out", arguments->out, "folder for masks (NAME.png, or NAME.tif for TIFF) and overlays")
      ->required()
      ->type_name("DIR");
  command->add_flag("--probabilities", arguments->results.probabilities,
                    "write NAME_probabilities.tif too, one channel a class");
  command->add_flag("--instances", arguments->results.instances,
                    "write NAME_instances too: connected components as 16-bit ids");
  command->add_flag("--no-overlay", arguments->no_overlay, "leave NAME_overlay.png out");
  command->add_option("--tile", arguments->tile, "side of the tiles large images are cut into [auto]")
      ->type_name("PIXELS|auto");
  command->add_flag("--force-tiles", arguments->force_tiles,
                    "tiles even where the network's norm sees the whole image");
  command->add_option("--axes", arguments->axes, "meaning of a TIFF's pages, e.g. ZYX; default: as in training")
      ->type_name("AXES");
  add_memory_option(*command, arguments->memory,
                    "device memory that it may take, e.g. 800M or 2G; larger images are cut into tiles");
  add_dtype_option(*command, arguments->dtype);
  add_autotune_option(*command, arguments->autotune);
  add_device_option(*command, arguments->device);
  command->callback([arguments] { run_predict(*arguments); });
}

}  // namespace tuff
