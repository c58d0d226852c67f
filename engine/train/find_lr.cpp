#include "train/find_lr.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <iterator>
#include <numeric>
#include <string>

#include "base/error.h"
#include "base/os.h"
#include "io/contact_sheet.h"
#include "runtime/compile.h"
#include "train/training_graph.h"

namespace tuff {
namespace {

constexpr double kTooHigh = 4;  // times the least smoothed loss

// Slope of y over x by least squares.
double slope(std::span<const double> x, std::span<const double> y) {
  const auto count = static_cast<double>(x.size());
  double mean_x = 0, mean_y = 0, above = 0, below = 0;
  for (std::size_t i = 0; i < x.size(); ++i) {
    mean_x += x[i] / count;
    mean_y += y[i] / count;
  }
  for (std::size_t i = 0; i < x.size(); ++i) {
    above += (x[i] - mean_x) * (y[i] - mean_y);
    below += (x[i] - mean_x) * (x[i] - mean_x);
  }
  return above / below;
}

}  // namespace

double RateRange::at(std::int64_t step) const {
  const double done = static_cast<double>(step) / static_cast<double>(std::max<std::int64_t>(1, steps - 1));
  return lowest * std::pow(highest / lowest, done);
}

std::vector<double> smooth_losses(std::span<const double> losses, std::size_t half) {
  std::vector<double> smoothed;
  for (std::size_t i = 0; i < losses.size(); ++i) {
    const std::size_t first = i > half ? i - half : 0, last = std::min(i + half + 1, losses.size());
    const auto near = losses.subspan(first, last - first);
    smoothed.push_back(std::accumulate(near.begin(), near.end(), 0.0) / static_cast<double>(near.size()));
  }
  return smoothed;
}

std::optional<double> suggest_rate(std::span<const double> rates, std::span<const double> smoothed) {
  if (smoothed.empty()) return {};
  const auto least = static_cast<std::size_t>(std::ranges::min_element(smoothed) - smoothed.begin());
  const std::size_t window = std::max<std::size_t>(3, rates.size() / 10);
  std::vector<double> logs;
  for (const double rate : rates) logs.push_back(std::log10(rate));
  double steepest = 0;
  std::optional<double> found;
  for (std::size_t first = 0; first + window <= least + 1; ++first) {
    const double fall = slope(std::span(logs).subspan(first, window), smoothed.subspan(first, window));
    if (fall >= steepest) continue;
    steepest = fall;
    found = rates[first + window / 2];
  }
  return found;
}

RateTest find_learning_rate(Device& device, const TrainingTask& task, const RateRange& range,
                            const TrainingHooks& hooks) {
  const std::unique_ptr<Graph> graph = task.objective->graph();
  ParameterStore store(device, *graph);
  CompileOptions options{.storage = storage_on(device, task.options.dtype, hooks.log)};
  options.memory = memory_bytes(task.options);
  const auto step = compile(*graph, device, &store, options);
  store.initialize(seed_of(task.options));
  if (task.init) restore_matching(*task.init, store);
  const auto session = task.objective->start({.device = device, .store = store}, 0, 0);
  const auto half = static_cast<std::size_t>(std::max<std::int64_t>(1, range.steps / 40));
  RateTest test;
  for (std::int64_t number = 0; number < range.steps; ++number) {
    for (const NamedTensor& tensor : session->next()) step->write(tensor.name, tensor.values);
    const double rate = range.at(number);
    step->write("step_state", step_state_tensor(task.options, rate, number));
    step->run();
    const double loss = static_cast<double>(step->read("loss").floats()[0]);
    if (!std::isfinite(loss)) break;
    test.rates.push_back(rate);
    test.losses.push_back(loss);
    test.smoothed = smooth_losses(test.losses, half);
    if (hooks.step) hooks.step({number + 1, range.steps, 1, loss, rate});
    const double least = std::ranges::min(test.smoothed);
    if (test.smoothed.back() > least + (kTooHigh - 1) * std::abs(least)) break;
    test.stopped = hooks.stop && hooks.stop();
    if (test.stopped) return test;
  }
  test.suggestion = suggest_rate(test.rates, test.smoothed);
  return test;
}

void write_rate_test(const std::filesystem::path& folder, const RateTest& test) {
  std::filesystem::create_directories(folder);
  std::string text = "step,learning_rate,loss,smoothed_loss\n";
  Curve loss{"loss", {}, {}}, smoothed{"smoothed", {}, {}};
  const double least = test.smoothed.empty() ? 0 : std::ranges::min(test.smoothed);
  const double highest =
      test.smoothed.empty() ? 0 : 2 * test.smoothed.front() - least;  // what is above isn't looked at
  for (std::size_t i = 0; i < test.rates.size(); ++i) {
    fmt::format_to(std::back_inserter(text), "{},{},{},{}\n", i + 1, test.rates[i], test.losses[i], test.smoothed[i]);
    const double x = std::log10(test.rates[i]);
    loss.x.push_back(x);
    loss.y.push_back(std::min(test.losses[i], highest));
    smoothed.x.push_back(x);
    smoothed.y.push_back(std::min(test.smoothed[i], highest));
  }
  os::write_file(folder / kRateTable, text);
  std::vector<Curve> curves = {loss, smoothed};
  if (test.suggestion) {
    const double x = std::log10(*test.suggestion);
    curves.push_back({fmt::format("suggested: {:.2g}", *test.suggestion), {x, x}, {least, highest}});
  }
  write_image(folder / kRatePlot,
              plot_curves("Learning-rate range test", "log10 of the learning rate", curves).image());
}

}  // namespace tuff
