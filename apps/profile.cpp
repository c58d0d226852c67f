// tuff profile: where the time goes, dispatch by dispatch, from the device's own timestamps.
#include <fmt/format.h>

#include <algorithm>
#include <memory>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "apps/bench/samples.h"
#include "apps/commands.h"
#include "apps/model_graph.h"
#include "apps/options.h"
#include "apps/session.h"
#include "base/error.h"
#include "base/os.h"
#include "runtime/compile.h"
#include "runtime/parameter_store.h"
#include "train/checkpoint.h"

namespace tuff {
namespace {

struct ProfileArguments {
  std::string model;
  std::string device;
  std::string tile = "auto";
  std::string memory;
  std::string json;
  std::int64_t batch = 0;
  std::int64_t runs = 5;
  bool train = false;
  bool by_time = false;
  bool autotune = false;
};

struct TimingInput {
  std::string name;
  HostTensor values;
};

// Any values do for timing, as long as none is a denormal, an infinity or no number.
std::vector<TimingInput> timing_inputs(const Executable& executable) {
  std::vector<TimingInput> inputs;
  for (const Value input : executable.graph().inputs()) {
    HostTensor values(input.shape(), input.dtype());
    if (input.dtype() == DType::f32) {
      std::span<float> floats = values.floats();
      for (std::size_t i = 0; i < floats.size(); ++i) floats[i] = static_cast<float>(i % 97) / 97.0f;
    }
    inputs.push_back({executable.graph().info(input).name, std::move(values)});
  }
  return inputs;
}

void write(Executable& executable, const std::vector<TimingInput>& inputs) {
  for (const TimingInput& input : inputs) executable.write(input.name, input.values);
}

struct Row {
  std::size_t dispatch = 0;
  double nanoseconds = 0;
};

// Leaves out what is computed once for all runs.
struct Totals {
  double nanoseconds = 0;       // of all dispatches, one by one
  double flops = 0, bytes = 0;  // that they compute and move
  double run_seconds = 0;       // from input to output: the median
  double host_seconds = 0;      // of a run that the thread works, besides copying the inputs
  std::uint64_t activation_bytes = 0, store_bytes = 0, other_bytes = 0;  // of device memory
  std::uint64_t memory() const { return activation_bytes + store_bytes + other_bytes; }
};

// The median over runs of each dispatch's time.
std::vector<Row> measure_dispatches(Executable& executable, std::int64_t runs) {
  std::vector<std::vector<double>> times(executable.plan().dispatches.size());
  for (std::int64_t run = 0; run < runs; ++run)
    for (const DispatchTime& time : executable.profile()) times[time.dispatch].push_back(time.nanoseconds);
  std::vector<Row> rows;
  for (std::size_t dispatch = 0; dispatch < times.size(); ++dispatch)
    rows.push_back({dispatch, bench::median(times[dispatch])});
  return rows;
}

Totals measure_totals(Executable& executable, const std::vector<TimingInput>& inputs, const std::vector<Row>& rows,
                      std::int64_t runs) {
  Totals totals;
  const Plan& plan = executable.plan();
  for (const Row& row : rows) {
    if (row.dispatch < plan.setup) continue;
    totals.nanoseconds += row.nanoseconds;
    totals.flops += plan.dispatches[row.dispatch].dispatch.flops;
    totals.bytes += plan.dispatches[row.dispatch].dispatch.bytes;
  }
  std::vector<double> seconds, host;
  for (std::int64_t run = 0; run < runs; ++run) {
    const double begin = os::monotonic_seconds();
    write(executable, inputs);
    const double host_begin = os::thread_cpu_seconds();
    executable.run();
    executable.wait();
    seconds.push_back(os::monotonic_seconds() - begin);
    host.push_back(os::thread_cpu_seconds() - host_begin);
  }
  totals.run_seconds = bench::median(seconds);
  totals.host_seconds = bench::median(host);
  totals.activation_bytes = plan.scratch_bytes();
  totals.other_bytes = executable.device_bytes() - totals.activation_bytes;
  for (const Segment& segment : plan.segments)
    if (segment.kind == Segment::Kind::store) totals.store_bytes += segment.bytes;
  return totals;
}

Selection selection_of(const Plan& plan, std::uint32_t node) {
  for (const Selection& selection : plan.selections)
    if (selection.node == node) return selection;
  return {};
}

std::string kernel_text(const Plan& plan, std::uint32_t node) {
  const Selection selection = selection_of(plan, node);
  return selection.kernel + (selection.tuned ? " (tuned)" : "");
}

void print_rows(const Executable& executable, const std::vector<Row>& rows, double total) {
  const Plan& plan = executable.plan();
  fmt::print("{:>5} {:>10} {:>6} {:>9} {:>8}  {:<28} {}\n", "#", "ms", "%", "GFLOP/s", "GB/s", "where",
             "op, kernel, shader");
  for (const Row& row : rows) {
    const PlannedDispatch& planned = plan.dispatches[row.dispatch];
    const Node& node = executable.graph().nodes()[planned.node];
    const double ns = std::max(1.0, row.nanoseconds);
    const std::string share = row.dispatch < plan.setup ? "once" : fmt::format("{:.2f}", 100 * ns / total);
    fmt::print("{:>5} {:>10.4f} {:>6} {:>9.2f} {:>8.2f}  {:<28} {} {} {}\n", row.dispatch, ns / 1e6, share,
               planned.dispatch.flops / ns, planned.dispatch.bytes / ns, node.label, node.op->name(),
               kernel_text(plan, planned.node), planned.dispatch.shader);
  }
}

void print_totals(const Executable& executable, const Totals& totals) {
  const auto mib = [](std::uint64_t bytes) { return static_cast<double>(bytes) / (1 << 20); };
  const std::size_t submissions = executable.submissions_per_run();
  fmt::print("\nall dispatches one by one: {:.3f} ms, {:.2f} GFLOP/s, {:.2f} GB/s, {:.3f} GFLOP\n",
             totals.nanoseconds / 1e6, totals.flops / totals.nanoseconds, totals.bytes / totals.nanoseconds,
             totals.flops / 1e9);
  fmt::print(
      "a run from input to output: {:.3f} ms; beside copying inputs the host works {:.0f} us ({} submission{})\n",
      totals.run_seconds * 1e3, totals.host_seconds * 1e6, submissions, submissions == 1 ? "" : "s");
  fmt::print(
      "device memory: {:.1f} MiB: activations and workspace {:.1f}, parameters and optimizer {:.1f}, inputs, constants "
      "and staging {:.1f}\n",
      mib(totals.memory()), mib(totals.activation_bytes), mib(totals.store_bytes), mib(totals.other_bytes));
  fmt::print("{}\n", describe_arena(executable.plan()));
}

std::string to_json(const Executable& executable, const std::string& device, const std::vector<Row>& rows,
                    const Totals& totals) {
  const Plan& plan = executable.plan();
  nlohmann::ordered_json json;
  json["device"] = device;
  json["run_seconds"] = totals.run_seconds;
  json["host_seconds"] = totals.host_seconds;
  json["dispatch_seconds"] = totals.nanoseconds / 1e9;
  json["flops"] = totals.flops;
  json["bytes"] = totals.bytes;
  json["submissions"] = executable.submissions_per_run();
  json["memory_bytes"] = {{"total", totals.memory()},
                          {"activations", totals.activation_bytes},
                          {"store", totals.store_bytes},
                          {"liveness_bound", plan.peak_live_bytes}};
  json["dispatches"] = nlohmann::ordered_json::array();
  for (const Row& row : rows) {
    const PlannedDispatch& planned = plan.dispatches[row.dispatch];
    const Node& node = executable.graph().nodes()[planned.node];
    json["dispatches"].push_back({{"index", row.dispatch},
                                  {"where", node.label},
                                  {"op", node.op->name()},
                                  {"kernel", selection_of(plan, planned.node).kernel},
                                  {"tuned", selection_of(plan, planned.node).tuned},
                                  {"shader", planned.dispatch.shader},
                                  {"once", row.dispatch < plan.setup},
                                  {"seconds", row.nanoseconds / 1e9},
                                  {"flops", planned.dispatch.flops},
                                  {"bytes", planned.dispatch.bytes}});
  }
  return json.dump(2) + "\n";
}

void run_profile(const ProfileArguments& arguments) {
  if (arguments.runs < 1) throw Error(fmt::format("--runs {}: must be at least 1", arguments.runs));
  const Model model = load_model(arguments.model);
  const ModelGraph built =
      model_graph(model, {.train = arguments.train, .side = parse_tile(arguments.tile), .batch = arguments.batch});
  const auto device = open_device(arguments.device);
  ParameterStore store(*device, *built.graph);
  restore_averaged(model, store);
  const DType storage = arguments.train ? storage_on(*device, model.options.dtype) : DType::f32;
  const auto tuner = open_tuner(*device, arguments.autotune);
  const auto executable = compile(*built.graph, *device, &store,
                                  {.storage = storage, .tuner = tuner.get(), .memory = parse_memory(arguments.memory)});
  const std::vector<TimingInput> inputs = timing_inputs(*executable);
  write(*executable, inputs);
  executable->run();  // the first run pays for what drivers put off
  executable->wait();
  std::vector<Row> rows = measure_dispatches(*executable, arguments.runs);
  const Totals totals = measure_totals(*executable, inputs, rows, arguments.runs);
  if (arguments.by_time)
    std::stable_sort(rows.begin(), rows.end(),
                     [](const Row& a, const Row& b) { return a.nanoseconds > b.nanoseconds; });
  if (!arguments.json.empty()) {
    const std::string json = to_json(*executable, device->caps().name, rows, totals);
    if (arguments.json == "-") {
      fmt::print("{}", json);
      return;
    }
    os::write_file(arguments.json, json);
  }
  fmt::print("{} on {}, {}\n\n", arguments.model, device->caps().name, built.title);
  print_rows(*executable, rows, totals.nanoseconds);
  print_totals(*executable, totals);
}

}  // namespace

void add_profile_command(CLI::App& tuff) {
  CLI::App* command = tuff.add_subcommand("profile", "Measure a model's dispatches on a device");
  const auto arguments = std::make_shared<ProfileArguments>();
  add_model_option(*command, arguments->model);
  command->add_flag("--train", arguments->train, "a training step instead of prediction or reconstruction");
  command->add_option("--tile", arguments->tile, "side of the input [as in training]")->type_name("PIXELS|auto");
  command->add_option("--batch", arguments->batch, "images at once [1; --train: as in training]")->type_name("N");
  add_memory_option(*command, arguments->memory,
                    "device memory that it may take, e.g. 100M; what doesn't fit is computed twice");
  command->add_option("--runs", arguments->runs, "repetitions; the median counts [5]")->type_name("N");
  command->add_flag("--by-time", arguments->by_time, "slowest first, instead of in order");
  command
      ->add_option("--json", arguments->json, "write the times as JSON; - is the standard output, instead of the table")
      ->type_name("FILE|-");
  add_autotune_option(*command, arguments->autotune);
  add_device_option(*command, arguments->device);
  command->callback([arguments] { run_profile(*arguments); });
}

}  // namespace tuff
