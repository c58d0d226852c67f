#include "tasks/illumination_task.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "base/error.h"
#include "base/number.h"
#include "models/illumination.h"
#include "tasks/image_task.h"
#include "tasks/networks.h"
#include "tasks/segmentation.h"

namespace tuff {
namespace {

IlluminationConfig illumination_config(const TrainOptions& options, const DataFormat& format) {
  return {.lamps = format.image_channels, .patterns = options.patterns, .uniform = options.uniform};
}

double softplus(double x) {
  return std::max(x, 0.0) + std::log1p(std::exp(-std::abs(x)));
}

void require_lamps(const Model& model) {
  if (model.options.model != "illumination")
    throw Error(fmt::format("{}: is a {}, which has no lamps; patterns are those of `tuff train illumination`",
                            model.path.string(), model.options.model));
}

}  // namespace

std::unique_ptr<DenseTask> illumination_task(const TrainOptions& options, const DataFormat& format) {
  lamp_grid(options.lamp_grid, format.image_channels);
  const IlluminationConfig lamps = illumination_config(options, format);
  UNetConfig config = unet_config(options, lamps.patterns);
  const bool masks = format.target_channels == 0;
  if (!masks) config.out_channels = format.target_channels;
  Network network = unet_network(config);
  network.name = options.model;
  network.in_channels = lamps.lamps;
  network.build = [lamps, build = network.build](Graph& graph, Value x, bool training) {
    return build(graph, illumination(graph, x, lamps), training);
  };
  if (masks) return segmentation_task(options, std::move(network));
  return labeling_task(options, std::move(network), format.target_channels);
}

LampPatterns lamp_patterns(const Model& model) {
  require_lamps(model);
  const IlluminationConfig config = illumination_config(model.options, model.format);
  LampPatterns result{.patterns = config.patterns, .lamps = config.lamps, .brightness = {}};
  result.brightness.assign(static_cast<std::size_t>(config.patterns * config.lamps),
                           1 / static_cast<double>(config.lamps));
  if (config.uniform) return result;
  Graph graph;
  illumination_weights(graph, config);
  const HostTensor weight = averaged_values(model, graph.variables().front());
  for (std::size_t first = 0; first < result.brightness.size(); first += static_cast<std::size_t>(config.lamps)) {
    const auto row = std::span(result.brightness).subspan(first, static_cast<std::size_t>(config.lamps));
    double sum = 0;
    for (std::size_t i = 0; i < row.size(); ++i)
      sum += row[i] = softplus(static_cast<double>(weight.floats()[first + i]));
    for (double& value : row) value /= sum;
  }
  return result;
}

void save_reader(const std::filesystem::path& path, const Model& model) {
  require_lamps(model);
  TrainOptions options = model.options;
  DataFormat format = model.format;
  const TrainOptions defaults;
  options.model = format.target_channels == 0 ? "unet" : "insilico";
  options.patterns = defaults.patterns, options.uniform = defaults.uniform, options.lamp_grid = defaults.lamp_grid;
  options.channels.clear();
  format.channels.clear();
  format.image_channels = static_cast<int>(model.options.patterns);
  format.files_per_image = format.files_per_image > 1 ? format.image_channels : 1;
  const auto task = make_dense_task(options, format);
  Graph graph;
  task->network().build(graph, graph.input("images", {1, format.image_channels, options.crop, options.crop}), false);
  save_model(path, options, format, model, graph.variables());
}

std::pair<std::int64_t, std::int64_t> lamp_grid(std::string_view text, std::int64_t lamps) {
  if (text.empty()) return {0, 0};
  const std::size_t cross = std::min(text.find('x'), text.size());
  std::int64_t rows = 0, columns = 0;
  if (cross == text.size() || !parse_number(text.substr(0, cross), rows) ||
      !parse_number(text.substr(cross + 1), columns) || rows < 1 || columns < 1)
    throw Error(fmt::format("--lamp-grid: \"{}\" is no ROWSxCOLUMNS such as 8x8", text));
  if (rows > lamps || columns > lamps || rows * columns != lamps)
    throw Error(
        fmt::format("--lamp-grid {}: the images have {} channel{}, one a lamp", text, lamps, lamps == 1 ? "" : "s"));
  return {rows, columns};
}

}  // namespace tuff
