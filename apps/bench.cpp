// tuff bench: how fast a device runs convolutions of fixed shapes, pass by pass, from its own timestamps.
#include <fmt/format.h>

#include <algorithm>
#include <memory>
#include <nlohmann/json.hpp>
#include <regex>
#include <string>
#include <vector>

#include "apps/bench_cases.h"
#include "apps/commands.h"
#include "apps/options.h"
#include "apps/session.h"
#include "autodiff/gradient.h"
#include "base/error.h"
#include "base/os.h"
#include "base/philox.h"
#include "ops/conv.h"
#include "ops/conv_transpose.h"
#include "runtime/compile.h"

namespace tuff {
namespace {

constexpr int kLeastSamples = 5;
constexpr int kMostSamples = 200;
constexpr double kSecondsPerPass = 1;

struct BenchArguments {
  std::string suite;
  std::string pattern;
  std::string json;
  std::string device;
};

struct BenchCase {
  std::string name;
  bool transposed = false;
  std::vector<std::int64_t> input, weight;
  ConvAttributes attributes;
};

enum class Pass : std::uint8_t { forward, data_gradient, weight_gradient };

std::string_view to_string(Pass pass) {
  switch (pass) {
    case Pass::forward: return "forward";
    case Pass::data_gradient: return "data gradient";
    case Pass::weight_gradient: return "weight gradient";
  }
  return "?";
}

struct Timing {
  double median = 0, p10 = 0, p90 = 0;  // seconds of all dispatches of a pass
  int samples = 0;
  double flops = 0;
  std::string kernels;  // in order: "relayout/gather.f32 conv/register_blocked.vec4"
};

BenchCase parse_case(const nlohmann::json& json) {
  BenchCase bench{.name = json["name"], .transposed = json["op"] == "conv_transpose"};
  const std::int64_t in = json["in_channels"], out = json["out_channels"];
  bench.attributes.groups = json["groups"];
  bench.input = {json["batch"], in};
  bench.weight = bench.transposed ? std::vector{in, out / bench.attributes.groups}
                                  : std::vector{out, in / bench.attributes.groups};
  for (const std::int64_t extent : json["input"]) bench.input.push_back(extent);
  for (const std::int64_t extent : json["kernel"]) bench.weight.push_back(extent);
  bench.attributes.stride = json["stride"].get<std::vector<std::int64_t>>();
  bench.attributes.padding = json["padding"].get<std::vector<std::int64_t>>();
  bench.attributes.dilation = json["dilation"].get<std::vector<std::int64_t>>();
  if (bench.transposed) bench.attributes.output_padding = json["output_padding"].get<std::vector<std::int64_t>>();
  return bench;
}

// A graph that computes this pass alone. Two operations for each multiplication that reaches an output count as its
// work, whatever a kernel does besides.
double build(Graph& graph, const BenchCase& bench, Pass pass) {
  const Value x = graph.input("x", Shape(bench.input));
  const Value weight = graph.input("weight", Shape(bench.weight), DType::f32,
                                   bench.transposed ? Layout::transposed_weight : Layout::weight);
  const Value y =
      bench.transposed ? conv_transpose(x, weight, {}, bench.attributes) : conv(x, weight, {}, bench.attributes);
  const Shape result = y.shape();
  if (pass == Pass::forward) {
    graph.output("y", y);
  } else {
    const Value upstream[] = {graph.input("upstream", result)};
    const Value outputs[] = {y}, wrt[] = {pass == Pass::data_gradient ? x : weight};
    graph.output("gradient", gradient(outputs, upstream, wrt).front());
  }
  const Shape& gathered = bench.transposed ? x.shape() : result;  // each of its pixels multiplies the whole weight once
  return 2.0 * static_cast<double>(gathered.batch() * gathered.spatial()) *
         static_cast<double>(weight.shape().elements());
}

void write_random_inputs(Executable& executable) {
  std::uint64_t seed = 0;
  for (const Value input : executable.graph().inputs()) {
    HostTensor values(input.shape());
    PhiloxStream draws(++seed);
    for (float& value : values.floats()) value = static_cast<float>(draws.uniform(-1, 1));
    executable.write(executable.graph().info(input).name, values);
  }
}

Timing measure(Device& device, const BenchCase& bench, Pass pass) {
  Graph graph;
  Timing timing;
  timing.flops = build(graph, bench, pass);
  const auto executable = compile(graph, device, nullptr);
  write_random_inputs(*executable);
  executable->run();  // the first run pays for what drivers put off
  executable->wait();
  std::vector<double> seconds;
  const double end = os::monotonic_seconds() + kSecondsPerPass;
  while (seconds.size() < kLeastSamples || (seconds.size() < kMostSamples && os::monotonic_seconds() < end)) {
    double sum = 0;
    for (const DispatchTime& time : executable->profile()) sum += time.nanoseconds / 1e9;
    seconds.push_back(sum);
  }
  std::sort(seconds.begin(), seconds.end());
  const auto quantile = [&](double share) {
    return seconds[static_cast<std::size_t>(share * static_cast<double>(seconds.size() - 1))];
  };
  timing.median = quantile(0.5);
  timing.p10 = quantile(0.1);
  timing.p90 = quantile(0.9);
  timing.samples = static_cast<int>(seconds.size());
  for (const PlannedDispatch& planned : executable->plan().dispatches)
    timing.kernels += (timing.kernels.empty() ? "" : " ") + planned.dispatch.shader;
  return timing;
}

std::vector<BenchCase> selected_cases(const std::string& suite, const std::string& pattern) {
  const nlohmann::json all = nlohmann::json::parse(kBenchCases);
  std::vector<BenchCase> found;
  try {
    const std::regex wanted(pattern);
    for (const nlohmann::json& json : all[suite]["conv"])
      if (std::regex_search(json["name"].get<std::string>(), wanted)) found.push_back(parse_case(json));
  } catch (const std::regex_error&) {
    throw Error(fmt::format("--case {}: not a regular expression", pattern));
  }
  if (found.empty()) throw Error(fmt::format("--case {}: no case of the suite {} has such a name", pattern, suite));
  return found;
}

void run_bench(const BenchArguments& arguments) {
  if (!arguments.suite.empty() && arguments.suite != "gpu" && arguments.suite != "cpu")
    throw Error(fmt::format("--suite {}: must be gpu or cpu", arguments.suite));
  const std::unique_ptr<Device> device = open_device(arguments.device);
  const std::string suite = !arguments.suite.empty()                 ? arguments.suite
                            : device->caps().kind == DeviceKind::cpu ? "cpu"
                                                                     : "gpu";
  const std::vector<BenchCase> cases = selected_cases(suite, arguments.pattern);
  nlohmann::ordered_json json = {{"version", 1}, {"device", device->caps().name}, {"suite", suite}};
  json["results"] = nlohmann::ordered_json::array();
  fmt::print("{:<18} {:<16} {:>10} {:>9} {:>8}  {}\n", "case", "pass", "ms", "GFLOP/s", "spread", "shaders");
  for (const BenchCase& bench : cases)
    for (const Pass pass : {Pass::forward, Pass::data_gradient, Pass::weight_gradient}) {
      const Timing timing = measure(*device, bench, pass);
      fmt::print("{:<18} {:<16} {:>10.3f} {:>9.2f} {:>7.0f}%  {}\n", bench.name, to_string(pass), timing.median * 1e3,
                 timing.flops / timing.median / 1e9, 100 * (timing.p90 - timing.p10) / timing.median, timing.kernels);
      std::fflush(stdout);
      json["results"].push_back({{"case", bench.name},
                                 {"pass", to_string(pass)},
                                 {"seconds", timing.median},
                                 {"seconds_p10", timing.p10},
                                 {"seconds_p90", timing.p90},
                                 {"samples", timing.samples},
                                 {"flops", timing.flops},
                                 {"shaders", timing.kernels}});
    }
  if (!arguments.json.empty()) os::write_file(arguments.json, json.dump(2) + "\n");
}

}  // namespace

void add_bench_command(CLI::App& tuff) {
  CLI::App* command = tuff.add_subcommand("bench", "Time convolutions of fixed shapes on a device");
  command->footer(
      "Each pass is run for a second, five times at least; the median counts, the spread is from the tenth to the\n"
      "ninetieth percentile. Two operations a multiplication.");
  const auto arguments = std::make_shared<BenchArguments>();
  command->add_option("--suite", arguments->suite, "sizes for a GPU or a software driver [by the device]")
      ->type_name("gpu|cpu");
  command->add_option("--case", arguments->pattern, "only cases whose names match")->type_name("REGEX");
  command->add_option("--json", arguments->json, "also write the times as JSON")->type_name("FILE");
  add_device_option(*command, arguments->device);
  command->callback([arguments] { run_bench(*arguments); });
}

}  // namespace tuff
