// tuff patterns: how bright each lamp shines in the exposures that a network has learned to read.
#include "apps/patterns.h"

#include <fmt/format.h>

#include <algorithm>
#include <memory>
#include <string>
#include <vector>

#include "apps/commands.h"
#include "apps/options.h"
#include "base/error.h"
#include "base/os.h"
#include "io/canvas.h"
#include "tasks/illumination_task.h"

namespace tuff {
namespace {

constexpr Color kPaper = {255, 255, 255}, kInk = {30, 30, 30}, kBar = {200, 120, 20}, kAxis = {170, 170, 170};
constexpr std::int64_t kGap = 12, kCaption = 12, kMostAcross = 1000;

struct Arrangement {
  std::int64_t rows = 0, columns = 0;  // 0: unknown
};

double brightest(const LampPatterns& patterns, std::int64_t pattern) {
  double most = 0;
  for (std::int64_t lamp = 0; lamp < patterns.lamps; ++lamp) most = std::max(most, patterns.at(pattern, lamp));
  return most;
}

std::uint8_t level(double share) {
  return static_cast<std::uint8_t>(255 * share + 0.5);
}

// Each lamp a square where it stands, white the brightest.
Canvas grid_picture(const LampPatterns& patterns, std::int64_t pattern, const Arrangement& grid) {
  const std::int64_t side = std::clamp<std::int64_t>(192 / std::max(grid.rows, grid.columns), 2, 32);
  Canvas canvas(grid.columns * side, grid.rows * side, kInk);
  const double most = brightest(patterns, pattern);
  for (std::int64_t lamp = 0; lamp < patterns.lamps; ++lamp) {
    const std::uint8_t gray = level(patterns.at(pattern, lamp) / most);
    canvas.fill(lamp % grid.columns * side, lamp / grid.columns * side, side - 1, side - 1, {gray, gray, gray});
  }
  return canvas;
}

// One bar a lamp, in their order; the line is where all would be equally bright.
Canvas bar_picture(const LampPatterns& patterns, std::int64_t pattern) {
  const std::int64_t width = std::clamp<std::int64_t>(260 / patterns.lamps, 2, 20), height = 120;
  Canvas canvas(patterns.lamps * width, height, {240, 240, 240});
  const double most = brightest(patterns, pattern);
  for (std::int64_t lamp = 0; lamp < patterns.lamps; ++lamp) {
    const auto tall = static_cast<std::int64_t>(patterns.at(pattern, lamp) / most * (height - 1) + 0.5);
    canvas.fill(lamp * width, height - tall, width - 1, tall, kBar);
  }
  const auto even =
      height - static_cast<std::int64_t>((height - 1) / (most * static_cast<double>(patterns.lamps)) + 0.5);
  canvas.line(0, even, canvas.width() - 1, even, kAxis);
  return canvas;
}

Canvas picture(const LampPatterns& patterns, const Arrangement& grid) {
  std::vector<Canvas> each;
  for (std::int64_t pattern = 0; pattern < patterns.patterns; ++pattern)
    each.push_back(grid.rows > 0 ? grid_picture(patterns, pattern, grid) : bar_picture(patterns, pattern));
  const std::string widest = fmt::format("{}: {:.4f}", patterns.patterns - 1, 1.0);
  const std::int64_t width = std::max(each[0].width(), text_width(widest)) + kGap;
  const std::int64_t height = each[0].height() + kCaption + kGap;
  const std::int64_t across = std::clamp<std::int64_t>(kMostAcross / width, 1, patterns.patterns);
  Canvas canvas(across * width + kGap, (patterns.patterns + across - 1) / across * height + kGap, kPaper);
  for (std::int64_t pattern = 0; pattern < patterns.patterns; ++pattern) {
    const std::int64_t x = kGap + pattern % across * width, y = kGap + pattern / across * height;
    canvas.text(x, y, fmt::format("{}: {:.4f}", pattern, brightest(patterns, pattern)), kInk);
    canvas.paste(x, y + kCaption, each[static_cast<std::size_t>(pattern)]);
  }
  return canvas;
}

std::string table(const LampPatterns& patterns, const Arrangement& grid) {
  std::string text = grid.rows > 0 ? "lamp,row,column" : "lamp";
  for (std::int64_t pattern = 0; pattern < patterns.patterns; ++pattern) text += fmt::format(",pattern_{}", pattern);
  text += "\n";
  for (std::int64_t lamp = 0; lamp < patterns.lamps; ++lamp) {
    text += fmt::format("{}", lamp);
    if (grid.rows > 0) text += fmt::format(",{},{}", lamp / grid.columns, lamp % grid.columns);
    for (std::int64_t pattern = 0; pattern < patterns.patterns; ++pattern)
      text += fmt::format(",{:.6f}", patterns.at(pattern, lamp));
    text += "\n";
  }
  return text;
}

struct PatternArguments {
  std::string model;
  std::string out;
  std::string grid;
  std::string network;
};

void run_patterns(const PatternArguments& arguments) {
  Model model = load_model(arguments.model);
  std::error_code ignored;
  if (!arguments.network.empty() && std::filesystem::equivalent(model.path, arguments.network, ignored))
    throw Error(fmt::format("--network {}: is the model itself; name another file", arguments.network));
  if (!arguments.grid.empty()) model.options.lamp_grid = arguments.grid;
  const LampPatterns patterns = lamp_patterns(model);
  check_folder(arguments.out);
  if (!arguments.out.empty()) std::filesystem::create_directories(arguments.out);
  const std::filesystem::path folder =
      arguments.out.empty() ? model.path.parent_path() : std::filesystem::path(arguments.out);
  write_patterns(model, folder);
  if (!arguments.network.empty()) save_reader(arguments.network, model);
  fmt::print("{}: {} pattern{} of {} lamps\n", (folder / "patterns.csv").string(), patterns.patterns,
             patterns.patterns == 1 ? "" : "s", patterns.lamps);
  if (!arguments.network.empty())
    fmt::print("{}: the network that reads images of {} exposure{}\n", arguments.network, patterns.patterns,
               patterns.patterns == 1 ? "" : "s");
}

}  // namespace

void write_patterns(const Model& model, const std::filesystem::path& folder) {
  const LampPatterns patterns = lamp_patterns(model);
  const auto [rows, columns] = lamp_grid(model.options.lamp_grid, patterns.lamps);
  const Arrangement grid{rows, columns};
  os::write_file(folder / "patterns.csv", table(patterns, grid));
  write_image(folder / "patterns.png", picture(patterns, grid).image());
}

void add_patterns_command(CLI::App& tuff) {
  CLI::App* command = tuff.add_subcommand(
      "patterns", "Write how bright each lamp shines in what `tuff train illumination` has learned: CSV and picture");
  const auto arguments = std::make_shared<PatternArguments>();
  add_model_option(*command, arguments->model);
  command->add_option("--out", arguments->out, "folder for patterns.csv and patterns.png [the model's]")
      ->type_name("DIR");
  command->add_option("--lamp-grid", arguments->grid, "how the lamps stand [as in training]")
      ->type_name("ROWSxCOLUMNS");
  command
      ->add_option("--network", arguments->network,
                   "also write the network behind the lamps, for images of real exposures by these patterns, one a "
                   "channel, in files as the lamps' images were: a model for tuff predict, evaluate, convert, and for "
                   "--init of a training that goes on with such images, which it then scales by what they hold "
                   "themselves")
      ->type_name("FILE.safetensors");
  command->callback([arguments] { run_patterns(*arguments); });
}

}  // namespace tuff
