// tuff explain: what becomes of a model on a device: the graph, what the passes make of it, which kernels
// run it and why others don't, and where its memory lies.
#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "apps/commands.h"
#include "apps/model_graph.h"
#include "apps/options.h"
#include "apps/receptive_field.h"
#include "apps/session.h"
#include "base/error.h"
#include "base/os.h"
#include "graph/dump.h"
#include "io/image.h"
#include "plan/plan.h"
#include "runtime/compile.h"

namespace tuff {
namespace {

struct ExplainArguments {
  std::string model;
  std::string device;
  std::string dot;
  std::string tile = "auto";
  std::string memory;
  bool train = false;
  bool autotune = false;
  bool field = false;
  std::string picture;
};

double mib(std::uint64_t bytes) {
  return static_cast<double>(bytes) / (1 << 20);
}

std::string node_title(const Graph& graph, std::uint32_t index) {
  const Node& node = graph.nodes()[index];
  std::string title = fmt::format("{:<3} {:<24} {}", index, node.label, node.op->name());
  const std::string attributes = node.op->attributes();
  if (!attributes.empty()) title += " " + attributes;
  return title;
}

void print_kernels(const Graph& graph, const Plan& plan) {
  fmt::print(
      "\n== Kernels: the first candidate of an op's list that doesn't refuse, or the one that tuning chose ==\n");
  for (const Selection& selection : plan.selections) {
    fmt::print("{}\n", node_title(graph, selection.node));
    fmt::print("      runs {}{}", selection.kernel, selection.tuned ? ", as tuning chose" : "");
    if (!selection.not_tried.empty())
      fmt::print("; {}: {}", selection.tuned ? "others" : "slower and not tried", fmt::join(selection.not_tried, ", "));
    fmt::print("\n");
    for (const Selection::Refused& refused : selection.refused)
      fmt::print("      not {}: {}\n", refused.kernel, refused.reason);
  }
}

std::string_view segment_text(Segment::Kind kind) {
  switch (kind) {
    case Segment::Kind::scratch: return "activations and workspace";
    case Segment::Kind::store: return "parameter store";
    case Segment::Kind::input: return "inputs";
    case Segment::Kind::constant: return "constants";
  }
  return "?";
}

// The value of the node that ran last before the dispatch, where several share memory in turn.
std::string range_text(const Graph& graph, const Plan& plan, const ScratchRange& range) {
  if (range.values.empty()) return "workspace of " + graph.nodes()[range.node].label;
  std::vector<std::size_t> step(graph.nodes().size());
  for (std::size_t i = 0; i < plan.order.size(); ++i) step[plan.order[i]] = i;
  const std::size_t now =
      step[plan.dispatches[std::min<std::size_t>(plan.peak_dispatch, plan.dispatches.size() - 1)].node];
  std::uint32_t latest = range.values.front();
  for (const std::uint32_t value : range.values)
    if (step[graph.values()[value].source.node] <= now) latest = value;
  const Node& node = graph.nodes()[graph.values()[latest].source.node];
  return fmt::format("{:<10} {} {}", fmt::format("%{}", latest), node.label, node.op->name());
}

void print_peak(const Graph& graph, const Plan& plan) {
  constexpr std::size_t kShown = 24;
  const std::vector<std::size_t> alive = alive_at(plan, plan.peak_dispatch);
  if (alive.empty() || plan.dispatches.empty()) return;
  const auto at = std::min<std::size_t>(plan.peak_dispatch, plan.dispatches.size() - 1);
  fmt::print("alive at the peak, which is dispatch {} of {} ({}):\n", at, plan.dispatches.size(),
             graph.nodes()[plan.dispatches[at].node].label);
  std::uint64_t rest = 0;
  for (std::size_t i = 0; i < alive.size(); ++i) {
    const ScratchRange& range = plan.scratch[alive[i]];
    if (i < kShown)
      fmt::print("{:>10.2f} MiB  {}\n", mib(range.bytes), range_text(graph, plan, range));
    else
      rest += range.bytes;
  }
  if (alive.size() > kShown) fmt::print("{:>10.2f} MiB  {} smaller ones\n", mib(rest), alive.size() - kShown);
}

void print_memory(const Graph& graph, const PlannedGraph& ready, std::uint64_t allowed) {
  const Plan& plan = ready.plan;
  fmt::print("\n== Memory ==\n");
  std::uint64_t values = 0;
  for (const ScratchRange& range : plan.scratch)
    for (const std::uint32_t value : range.values) values += plan.values[value].bytes;
  for (const Segment& segment : plan.segments)
    fmt::print("{:>10.2f} MiB  {}{}\n", mib(segment.bytes), segment_text(segment.kind),
               segment.name.empty() ? "" : " \"" + segment.name + "\"");
  fmt::print("{:>10.2f} MiB  in all, with staging of inputs and outputs\n", mib(ready.bytes()));
  if (ready.repetitions > 0) fmt::print("{} operations are computed twice to save memory\n", ready.repetitions);
  if (allowed > 0 && ready.bytes() > allowed)
    fmt::print("more than the {:.2f} MiB of --memory: there is no way to take less\n", mib(allowed));
  fmt::print("activations one beside the other would take {:.2f} MiB; {}\n", mib(values), describe_arena(plan));
  print_peak(graph, plan);
}

void print_dispatches(const Plan& plan) {
  std::map<std::string, int> pipelines;
  double flops = 0;
  for (const PlannedDispatch& planned : plan.dispatches) {
    std::string key = planned.dispatch.shader;
    for (const std::uint32_t constant : planned.dispatch.specialization) key += fmt::format(" {}", constant);
    ++pipelines[key];
    flops += planned.dispatch.flops;
  }
  const auto barriers = std::count_if(plan.dispatches.begin(), plan.dispatches.end(),
                                      [](const PlannedDispatch& planned) { return planned.barrier_before; });
  fmt::print("\n== Commands ==\n{} dispatches of {} pipelines, {} barriers, {:.3f} GFLOP\n", plan.dispatches.size(),
             pipelines.size(), barriers, flops / 1e9);
  if (plan.setup > 0) fmt::print("the first {} run once, until parameters change\n", plan.setup);
}

void run_explain_field(const ExplainArguments& arguments) {
  if (arguments.train || !arguments.dot.empty())
    throw Error(fmt::format("--{}: doesn't go with --receptive-field", arguments.train ? "train" : "dot"));
  if (!arguments.picture.empty()) check_image_name(arguments.picture);
  std::unique_ptr<Device> device;
  explain_field(arguments.model, parse_tile(arguments.tile), arguments.picture, [&]() -> Device& {
    device = open_device(arguments.device);
    return *device;
  });
}

void run_explain(const ExplainArguments& arguments) {
  if (arguments.field) return run_explain_field(arguments);
  if (!arguments.picture.empty()) throw Error("--picture: goes with --receptive-field");
  const Model model = load_model(arguments.model);
  const ModelGraph built = model_graph(model, {.train = arguments.train, .side = parse_tile(arguments.tile)});
  const Graph& graph = *built.graph;
  const auto device = open_device(arguments.device);
  const std::uint64_t allowed = parse_memory(arguments.memory);
  const DType storage = arguments.train ? storage_on(*device, model.options.dtype) : DType::f32;
  const auto tuner = open_tuner(*device, arguments.autotune);
  const PlannedGraph ready =
      planned(graph, device->caps(), {.storage = storage, .tuner = tuner.get(), .memory = allowed});
  const Graph& lowered = *ready.graph;

  fmt::print("{} on {}, {}\n", arguments.model, device->caps().name, built.title);
  fmt::print("\n== Graph as built, {} nodes ==\n{}", graph.nodes().size(), dump_text(graph));
  fmt::print("\n== Graph after the passes, {} nodes ==\n{}", lowered.nodes().size(), dump_text(lowered));
  print_kernels(lowered, ready.plan);
  print_memory(lowered, ready, allowed);
  print_dispatches(ready.plan);
  if (!arguments.dot.empty()) os::write_file(arguments.dot, dump_dot(lowered));
}

}  // namespace

void add_explain_command(CLI::App& tuff) {
  CLI::App* command = tuff.add_subcommand("explain", "Show a model's graph, kernels and memory on a device");
  const auto arguments = std::make_shared<ExplainArguments>();
  add_model_option(*command, arguments->model);
  command->add_option("--dot", arguments->dot, "write the graph after the passes for Graphviz")->type_name("FILE");
  command->add_option("--tile", arguments->tile, "side of the input [as in training]")->type_name("PIXELS|auto");
  add_memory_option(*command, arguments->memory,
                    "device memory that it may take, e.g. 100M; what doesn't fit is computed twice");
  command->add_flag("--train", arguments->train, "a training step instead of prediction or reconstruction");
  command->add_flag(
      "--receptive-field", arguments->field,
      "instead: which input pixels an output pixel depends on, of a run or an ONNX file, by its layers and "
      "by gradients");
  command->add_option("--picture", arguments->picture, "of the receptive field: the gradient of one output pixel")
      ->type_name("FILE");
  add_autotune_option(*command, arguments->autotune);
  add_device_option(*command, arguments->device);
  command->callback([arguments] { run_explain(*arguments); });
}

}  // namespace tuff
