// tuff explain: what becomes of a model on a device: the graph, what the passes make of it, which kernels
// run it and why others don't, and where its memory lies.
#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <memory>
#include <string>

#include "apps/commands.h"
#include "apps/model_graph.h"
#include "apps/options.h"
#include "apps/session.h"
#include "base/error.h"
#include "base/os.h"
#include "graph/dump.h"
#include "ops/kernel_table.h"
#include "passes/optimize.h"
#include "plan/plan.h"

namespace tuff {
namespace {

struct ExplainArguments {
  std::string model;
  std::string device;
  std::string dot;
  std::string tile = "auto";
  bool train = false;
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
  fmt::print("\n== Kernels: the first candidate of an op's list that doesn't refuse ==\n");
  for (const Selection& selection : plan.selections) {
    fmt::print("{}\n", node_title(graph, selection.node));
    fmt::print("      runs {}", selection.kernel);
    if (!selection.not_tried.empty()) fmt::print("; slower and not tried: {}", fmt::join(selection.not_tried, ", "));
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

void print_memory(const Graph& graph, const Plan& plan) {
  fmt::print("\n== Memory ==\n");
  std::uint64_t values = 0;
  for (std::uint32_t id = 0; id < graph.values().size(); ++id)
    if (plan.values[id].bytes > 0 && plan.segments[plan.values[id].segment].kind == Segment::Kind::scratch)
      values += plan.values[id].bytes;
  for (const Segment& segment : plan.segments)
    fmt::print("{:>10.2f} MiB  {}{}\n", mib(segment.bytes), segment_text(segment.kind),
               segment.name.empty() ? "" : " \"" + segment.name + "\"");
  fmt::print("activations one beside the other would take {:.2f} MiB; at least {:.2f} MiB are alive at once\n",
             mib(values), mib(plan.peak_live_bytes));
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
}

void run_explain(const ExplainArguments& arguments) {
  const Model model = load_model(arguments.model);
  const ModelGraph built = model_graph(model, {.train = arguments.train, .side = parse_tile(arguments.tile)});
  const Graph& graph = *built.graph;
  const auto device = open_device(arguments.device);
  const auto optimized = optimize(graph);
  const Plan plan = lower(*optimized, device->caps(), kernel_table());

  fmt::print("{} on {}, {}\n", arguments.model, device->caps().name, built.title);
  fmt::print("\n== Graph as built, {} nodes ==\n{}", graph.nodes().size(), dump_text(graph));
  fmt::print("\n== Graph after the passes, {} nodes ==\n{}", optimized->nodes().size(), dump_text(*optimized));
  print_kernels(*optimized, plan);
  print_memory(*optimized, plan);
  print_dispatches(plan);
  if (!arguments.dot.empty()) os::write_file(arguments.dot, dump_dot(*optimized));
}

}  // namespace

void add_explain_command(CLI::App& tuff) {
  CLI::App* command = tuff.add_subcommand("explain", "Show a model's graph, kernels and memory on a device");
  const auto arguments = std::make_shared<ExplainArguments>();
  add_model_option(*command, arguments->model);
  command->add_option("--dot", arguments->dot, "write the graph after the passes for Graphviz")->type_name("FILE");
  command->add_option("--tile", arguments->tile, "side of the input [as in training]")->type_name("PIXELS|auto");
  command->add_flag("--train", arguments->train, "a training step instead of prediction or reconstruction");
  add_device_option(*command, arguments->device);
  command->callback([arguments] { run_explain(*arguments); });
}

}  // namespace tuff
