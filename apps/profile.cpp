// tuff profile: where the time goes, dispatch by dispatch, from the device's own timestamps.
#include <fmt/format.h>

#include <algorithm>
#include <memory>
#include <string>
#include <vector>

#include "apps/commands.h"
#include "apps/options.h"
#include "apps/session.h"
#include "base/error.h"
#include "base/os.h"
#include "runtime/compile.h"
#include "train/training_graph.h"

namespace tuff {
namespace {

struct ProfileArguments {
  std::string model;
  std::string device;
  std::string tile = "auto";
  std::int64_t batch = 0;
  std::int64_t runs = 5;
  bool train = false;
  bool by_time = false;
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

// The median over runs of each dispatch's time.
std::vector<Row> measure_dispatches(Executable& executable, std::int64_t runs) {
  std::vector<std::vector<double>> times(executable.plan().dispatches.size());
  for (std::int64_t run = 0; run < runs; ++run)
    for (const DispatchTime& time : executable.profile()) times[time.dispatch].push_back(time.nanoseconds);
  std::vector<Row> rows;
  for (std::size_t dispatch = 0; dispatch < times.size(); ++dispatch) {
    std::sort(times[dispatch].begin(), times[dispatch].end());
    rows.push_back({dispatch, times[dispatch][times[dispatch].size() / 2]});
  }
  return rows;
}

void print_rows(const Executable& executable, const std::vector<Row>& rows, double total) {
  const Plan& plan = executable.plan();
  std::vector<std::string> kernels(executable.graph().nodes().size());
  for (const Selection& selection : plan.selections) kernels[selection.node] = selection.kernel;
  fmt::print("{:>5} {:>10} {:>6} {:>9} {:>8}  {:<28} {}\n", "#", "ms", "%", "GFLOP/s", "GB/s", "where", "op, kernel, shader");
  for (const Row& row : rows) {
    const PlannedDispatch& planned = plan.dispatches[row.dispatch];
    const Node& node = executable.graph().nodes()[planned.node];
    const double ns = std::max(1.0, row.nanoseconds);
    fmt::print("{:>5} {:>10.4f} {:>6.2f} {:>9.2f} {:>8.2f}  {:<28} {} {} {}\n", row.dispatch, ns / 1e6, 100 * ns / total,
               planned.dispatch.flops / ns, planned.dispatch.bytes / ns, node.label, node.op->name(),
               kernels[planned.node], planned.dispatch.shader);
  }
}

void print_totals(Executable& executable, const std::vector<TimingInput>& inputs, const std::vector<Row>& rows, double total, std::int64_t runs) {
  double flops = 0, bytes = 0;
  for (const Row& row : rows) {
    flops += executable.plan().dispatches[row.dispatch].dispatch.flops;
    bytes += executable.plan().dispatches[row.dispatch].dispatch.bytes;
  }
  const double begin = os::monotonic_seconds(), host_begin = os::thread_cpu_seconds();
  for (std::int64_t run = 0; run < runs; ++run) {
    write(executable, inputs);
    executable.run();
    executable.wait();
  }
  const double host = os::thread_cpu_seconds() - host_begin;
  const double each = (os::monotonic_seconds() - begin) / static_cast<double>(runs);
  fmt::print("\nall dispatches one by one: {:.3f} ms, {:.2f} GFLOP/s, {:.2f} GB/s, {:.3f} GFLOP\n", total / 1e6, flops / total,
             bytes / total, flops / 1e9);
  fmt::print("a run from input to output: {:.3f} ms; the host works {:.0f} us of it to write, submit and wait ({} submission{})\n", each * 1e3,
             host / static_cast<double>(runs) * 1e6, executable.submissions_per_run(),
             executable.submissions_per_run() == 1 ? "" : "s");
}

void run_profile(const ProfileArguments& arguments) {
  if (arguments.runs < 1) throw Error(fmt::format("--runs {}: must be at least 1", arguments.runs));
  const std::int64_t tile = parse_tile(arguments.tile);
  LoadedModel loaded = open_model(load_model(arguments.model), arguments.device);
  TrainOptions options = loaded.model.options;
  if (tile > 0) options.crop = tile;
  check_crop(loaded.network, options);
  if (arguments.train && arguments.batch > 0) options.batch = arguments.batch;
  const auto graph = arguments.train ? training_graph(loaded.network, options)
                                     : inference_graph(loaded.network, std::max<std::int64_t>(1, arguments.batch),
                                                       options.crop, options.crop);
  const auto executable = compile(*graph, *loaded.device, loaded.store.get());
  const std::vector<TimingInput> inputs = timing_inputs(*executable);
  write(*executable, inputs);
  executable->run();  // the first run pays for what drivers put off
  executable->wait();
  std::vector<Row> rows = measure_dispatches(*executable, arguments.runs);
  double total = 0;
  for (const Row& row : rows) total += row.nanoseconds;
  if (arguments.by_time)
    std::stable_sort(rows.begin(), rows.end(), [](const Row& a, const Row& b) { return a.nanoseconds > b.nanoseconds; });
  fmt::print("{} on {}, {} of {}x{} pixels\n\n", arguments.model, loaded.device->caps().name,
             arguments.train ? fmt::format("a training step with {} crops", options.batch) : "prediction", options.crop,
             options.crop);
  print_rows(*executable, rows, total);
  print_totals(*executable, inputs, rows, total, arguments.runs);
}

}  // namespace

void add_profile_command(CLI::App& tuff) {
  CLI::App* command = tuff.add_subcommand("profile", "Measure a model's dispatches on a device");
  const auto arguments = std::make_shared<ProfileArguments>();
  add_model_option(*command, arguments->model);
  command->add_flag("--train", arguments->train, "a training step instead of prediction");
  command->add_option("--tile", arguments->tile, "side of the input [the crop of the training]")->type_name("PIXELS|auto");
  command->add_option("--batch", arguments->batch, "images at once [1; --train: as in training]")->type_name("N");
  command->add_option("--runs", arguments->runs, "repetitions; the median counts [5]")->type_name("N");
  command->add_flag("--by-time", arguments->by_time, "slowest first, instead of in order");
  add_device_option(*command, arguments->device);
  command->callback([arguments] { run_profile(*arguments); });
}

}  // namespace tuff
