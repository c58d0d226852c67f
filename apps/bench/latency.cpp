#include "apps/bench/latency.h"

#include <fmt/format.h>

#include <algorithm>
#include <memory>
#include <nlohmann/json.hpp>
#include <utility>
#include <vector>

#include "apps/bench/report.h"
#include "apps/bench/samples.h"
#include "apps/session.h"
#include "base/error.h"
#include "base/os.h"
#include "base/philox.h"
#include "base/process.h"
#include "base/text.h"
#include "ops/kernel_table.h"
#include "plan/plan.h"
#include "runtime/compile.h"
#include "tasks/dense_task.h"
#include "tasks/networks.h"
#include "train/predict.h"
#include "train/training_graph.h"

namespace tuff::bench {
namespace {

// What the time until the first result went to.
class Startup {
 public:
  void lap(std::string stage) {
    const double now = os::process_seconds();
    stages.emplace_back(std::move(stage), now - last_);
    last_ = now;
  }
  double seconds() const { return last_; }

  std::vector<std::pair<std::string, double>> stages;

 private:
  double last_ = 0;
};

// Predictions of images of one size: the first, those that find its pipelines but not its executable, and those that
// find all there.
struct SizeTime {
  std::string what;
  std::int64_t height = 0, width = 0;
  double first = 0, anew = 0, again = 0;  // seconds; the last two are medians
  std::uint64_t pipelines = 0;            // made for the first
  double added() const { return std::max(0.0, anew - again); }
};

constexpr int kSizeRounds = 9;

Image random_image(std::int64_t channels, std::int64_t height, std::int64_t width) {
  Image image(channels, height, width);
  PhiloxStream draws(7);
  for (float& value : image.values) value = static_cast<float>(draws.uniform(0, 1));
  return image;
}

struct Subject {
  Network network;
  std::unique_ptr<Device> device;
  std::unique_ptr<ParameterStore> store;
  DType storage = DType::f32;
};

Subject open_subject(const LatencyArguments& arguments, Startup& startup) {
  TrainOptions options = default_options("unet");
  if (arguments.base > 0) options.base = arguments.base;
  if (arguments.depth > 0) options.depth = arguments.depth;
  std::optional<Model> model;
  if (!arguments.model.empty()) model = load_dense_model(arguments.model);
  Subject subject;
  subject.network = model ? make_dense_task(model->options, model->format)->network() : make_network(options, 1);
  if (subject.network.rank != 2) throw Error("bench latency: times images; the model takes volumes");
  const NetworkAxis& axis = subject.network.axis('x');
  if (axis.output_size(arguments.size) == 0)
    throw Error(fmt::format("--size {}: the net can't take this size; use {}", arguments.size,
                            sizes_text(axis.nearest_sizes(arguments.size))));
  startup.lap("model");
  subject.device = open_device(arguments.device, {.cached = !arguments.cold});
  subject.storage = storage_on(*subject.device, arguments.dtype);
  startup.lap("instance and device");
  const auto graph = inference_graph(subject.network, 1, {arguments.size, arguments.size});
  subject.store = std::make_unique<ParameterStore>(*subject.device, *graph);
  if (model)
    restore_averaged(*model, *subject.store);
  else
    subject.store->initialize(0);
  startup.lap("parameters");
  return subject;
}

std::unique_ptr<Executable> first_result(Subject& subject, const HostTensor& images, Startup& startup) {
  const auto graph = inference_graph(subject.network, 1, {images.shape[2], images.shape[3]});
  auto lowered = prepared(*graph, {.storage = subject.storage});
  Plan plan = lower(*lowered, subject.device->caps(), kernel_table());
  startup.lap("graph and plan");
  std::vector<PipelineRequest> requests;
  for (const PlannedDispatch& planned : plan.dispatches)
    requests.push_back({planned.dispatch.shader, planned.dispatch.specialization, false});
  subject.device->compile(requests);
  startup.lap("pipelines");
  auto executable = std::make_unique<Executable>(std::move(lowered), std::move(plan), *subject.device,
                                                 subject.store.get(), Executable::Options{});
  startup.lap("memory and commands");
  executable->write("images", images);
  executable->run();
  executable->read("logits");
  startup.lap("first run");
  return executable;
}

struct Frames {
  Samples samples;
  double p99 = 0, longest = 0;
  double host = 0;  // median of the calling thread's CPU seconds to submit a run
};

// Image in, logits out, one after the other.
Frames time_frames(Executable& executable, const HostTensor& images, std::int64_t count) {
  std::vector<double> seconds, host;
  const auto frame = [&] {
    const double begin = os::monotonic_seconds();
    executable.write("images", images);
    const double cpu = os::thread_cpu_seconds();
    executable.run();
    host.push_back(os::thread_cpu_seconds() - cpu);
    executable.read("logits");
    seconds.push_back(os::monotonic_seconds() - begin);
    return seconds.back();
  };
  Frames result{.samples = collect({static_cast<int>(count), 0}, frame)};
  std::ranges::sort(seconds);
  std::ranges::sort(host);
  result.p99 = seconds[std::min(seconds.size() - 1, seconds.size() * 99 / 100)];
  result.longest = seconds.back();
  result.host = host[host.size() / 2];
  return result;
}

// `other` has another size: its executable takes the place of this size's.
SizeTime time_size(Subject& subject, Predictor& predictor, const char* what, std::int64_t height, std::int64_t width,
                   const Image& other) {
  const Image image = random_image(subject.network.in_channels, height, width);
  SizeTime time{.what = what, .height = height, .width = width};
  const std::uint64_t before = subject.device->counters().pipelines;
  const auto seconds = [&] {
    const double begin = os::monotonic_seconds();
    predictor.predict(image);
    return os::monotonic_seconds() - begin;
  };
  time.first = seconds();
  time.pipelines = subject.device->counters().pipelines - before;
  std::vector<double> anew, again;
  for (int round = 0; round < kSizeRounds; ++round) {
    predictor.predict(other);
    anew.push_back(seconds());
    again.push_back(seconds());
  }
  time.anew = median(std::move(anew));
  time.again = median(std::move(again));
  return time;
}

// With room for one executable, so that each size finds its own gone.
std::vector<SizeTime> time_sizes(Subject& subject, std::int64_t size) {
  Predictor predictor(*subject.device, *subject.store, subject.network, {.executables = 1, .storage = subject.storage});
  const auto larger = [&](std::int64_t by) { return subject.network.axis('x').nearest_sizes(size + by - 1).second; };
  const std::int64_t height = larger(size / 4), width = larger(size / 2);
  const std::int64_t least = subject.network.axis('x').nearest_sizes(1).second;
  const Image other = random_image(subject.network.in_channels, least, least);
  std::vector<SizeTime> times;
  const auto time = [&](const char* what, std::int64_t image_height, std::int64_t image_width) {
    times.push_back(time_size(subject, predictor, what, image_height, image_width, other));
  };
  time("as before", size, size);
  time("another size", height, width);
  time("a third", width, height);
  return times;
}

void print(const Startup& startup, const Frames& frames, const std::vector<SizeTime>& sizes) {
  fmt::print("{:<28} {:>10}\n", "until the first result", "ms");
  for (const auto& [stage, seconds] : startup.stages) fmt::print("  {:<26} {:>10.1f}\n", stage, seconds * 1e3);
  fmt::print("  {:<26} {:>10.1f}\n\n", "all", startup.seconds() * 1e3);
  fmt::print("{} frames: p50 {:.2f} ms, p90 {:.2f}, p99 {:.2f}, longest {:.2f}; {:.0f} us of CPU to submit one\n\n",
             frames.samples.count, frames.samples.median * 1e3, frames.samples.p90 * 1e3, frames.p99 * 1e3,
             frames.longest * 1e3, frames.host * 1e6);
  fmt::print("{:<28} {:>10} {:>10} {:>10} {:>10} {:>10}\n", "another size", "first ms", "pipelines", "anew ms",
             "again ms", "added ms");
  for (const SizeTime& size : sizes)
    fmt::print("  {:<26} {:>10.1f} {:>10} {:>10.1f} {:>10.1f} {:>10.1f}\n",
               fmt::format("{}, {}x{}", size.what, size.height, size.width), size.first * 1e3, size.pipelines,
               size.anew * 1e3, size.again * 1e3, size.added() * 1e3);
  fmt::print("anew: its pipelines are there, its executable isn't; again: both are. Medians of {}.\n", kSizeRounds);
}

nlohmann::ordered_json report(const Subject& subject, const LatencyArguments& arguments, const Startup& startup,
                              const Frames& frames, const std::vector<SizeTime>& sizes) {
  nlohmann::ordered_json json = begin_report(*subject.device, "latency", {});
  json.erase("peaks");
  json["cold"] = arguments.cold;
  for (const auto& [stage, seconds] : startup.stages) json["startup"][stage] = seconds;
  json["startup"]["all"] = startup.seconds();
  nlohmann::ordered_json result =
      to_json(fmt::format("{}_{}", subject.network.name, arguments.size), frames.samples, false, 0, 0, {});
  result["pass"] = "frame";
  result["dtype"] = to_string(subject.storage);
  result["p99"] = frames.p99;
  result["longest"] = frames.longest;
  result["host_cpu"] = frames.host;
  json["results"].push_back(std::move(result));
  for (const SizeTime& size : sizes)
    json["sizes"].push_back({{"what", size.what},
                             {"height", size.height},
                             {"width", size.width},
                             {"first", size.first},
                             {"anew", size.anew},
                             {"again", size.again},
                             {"pipelines", size.pipelines}});
  return json;
}

// Drivers read these when they are loaded: Mesa's and NVIDIA's.
void disable_driver_caches() {
  os::set_environment("MESA_SHADER_CACHE_DISABLE", "true");
  os::set_environment("__GL_SHADER_DISK_CACHE", "0");
}

}  // namespace

void run_latency(const LatencyArguments& arguments) {
  if (arguments.frames < 1) throw Error(fmt::format("--frames {}: must be 1 or more", arguments.frames));
  if (arguments.cold) disable_driver_caches();
  Startup startup;
  startup.lap("process");
  Subject subject = open_subject(arguments, startup);
  HostTensor images(Shape{1, subject.network.in_channels, arguments.size, arguments.size});
  std::ranges::copy(random_image(subject.network.in_channels, arguments.size, arguments.size).values,
                    images.floats().begin());
  auto executable = first_result(subject, images, startup);
  const Frames frames = time_frames(*executable, images, arguments.frames);
  executable.reset();
  const std::vector<SizeTime> sizes = time_sizes(subject, arguments.size);
  print(startup, frames, sizes);
  if (!arguments.json.empty())
    os::write_file(arguments.json, report(subject, arguments, startup, frames, sizes).dump(2) + "\n");
}

}  // namespace tuff::bench
