#include "onnx/frozen.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <map>
#include <set>

#include "base/error.h"
#include "onnx/import.h"

namespace tuff::onnx {
namespace {

// The one input that isn't an initializer.
const Port& image_input(const Model& model, const std::vector<Port>& inputs) {
  if (inputs.size() != 1)
    throw Error(fmt::format("{}: has {} inputs; a model of one, the image, is wanted", model.source, inputs.size()));
  const Port& port = inputs.front();
  if (port.shape && port.shape->size() != 4)
    throw Error(fmt::format("{}: its input \"{}\" has {} axes; one of images, (N, C, H, W), is wanted", model.source,
                            port.name, port.shape->size()));
  return port;
}

// Copies an imported graph's nodes behind an image of another graph.
class Splicer {
 public:
  Splicer(Graph& to, const Imported& net) : to_(to), net_(net), shared_(net.graph->values().size()) {
    for (std::uint32_t id = 0; id < shared_.size(); ++id) {
      const ValueInfo& info = net.graph->values()[id];
      if (info.source.kind == Source::Kind::constant) shared_[id] = to.constant(*info.source.data, info.type.layout);
      if (info.source.kind == Source::Kind::arena) shared_[id] = to.constant(weight(info), info.type.layout);
    }
  }

  Value apply(Value image) const {
    const Graph& from = *net_.graph;
    std::vector<Value> values = shared_;
    for (const Value input : from.inputs()) values[input.id()] = image;
    for (const tuff::Node& node : from.nodes()) {
      if (!node.op->written_inputs().empty()) continue;  // statistics stay
      std::vector<Value> inputs;
      for (const std::uint32_t input : node.inputs) inputs.push_back(values[input]);
      const Graph::Scope scope = to_.scope(node.label);
      const std::vector<Value> outputs = to_.add(node.op, std::move(inputs));
      for (std::size_t i = 0; i < outputs.size(); ++i) values[node.outputs[i]] = outputs[i];
    }
    return values[from.outputs().front().value];
  }

 private:
  HostTensor weight(const ValueInfo& info) const {
    for (const Variable& variable : net_.graph->variables())
      if (variable.arena == info.name && variable.offset == info.source.offset) return net_.variables.at(variable.name);
    throw Error("a value of the imported graph's store is no variable");
  }

  Graph& to_;
  const Imported& net_;
  std::vector<Value> shared_;  // by value of the imported graph: constants
};

}  // namespace

Model up_to(Model model, const std::string& value) {
  if (model.outputs.empty()) throw Error(fmt::format("{}: has no output", model.source));
  const std::string wanted = value.empty() ? model.outputs.front().name : value;
  std::set<std::string> needed = {wanted};
  std::vector<Node> nodes;
  std::vector<std::string> names;
  for (auto node = model.nodes.rbegin(); node != model.nodes.rend(); ++node) {
    names.insert(names.end(), node->outputs.begin(), node->outputs.end());
    const auto is_needed = [&](const std::string& output) { return !output.empty() && needed.contains(output); };
    if (std::ranges::none_of(node->outputs, is_needed)) continue;
    needed.insert(node->inputs.begin(), node->inputs.end());
    nodes.insert(nodes.begin(), *node);
  }
  if (nodes.empty()) {
    std::ranges::reverse(names);
    if (names.size() > 8) names.resize(8);
    throw Error(
        fmt::format("{}: computes no \"{}\"; it begins with {} ...", model.source, wanted, fmt::join(names, ", ")));
  }
  model.nodes = std::move(nodes);
  std::erase_if(model.inputs, [&](const Port& port) { return !needed.contains(port.name); });
  std::erase_if(model.initializers, [&](const NamedTensor& tensor) { return !needed.contains(tensor.name); });
  model.outputs = {Port{.name = wanted}};
  return model;
}

std::vector<Value> add_frozen(Graph& graph, const Model& model, std::span<const Value> images) {
  const std::string input = image_input(model, model.free_inputs()).name;
  Model any_size = model;
  for (Port& port : any_size.inputs)
    if (port.name == input) port.shape.reset();
  const Feed feed{.name = input, .shape = images.front().shape().extents()};
  const Imported net = import_model(any_size, {&feed, 1});
  if (!net.outputs.front().in_graph)
    throw Error(fmt::format("{}: \"{}\" doesn't depend on the image", model.source, net.outputs.front().name));
  const Splicer splicer(graph, net);
  std::vector<Value> outputs;
  for (const Value image : images) outputs.push_back(splicer.apply(image));
  return outputs;
}

std::int64_t image_channels(const Model& model) {
  const std::vector<Port> inputs = model.free_inputs();
  const Port& port = image_input(model, inputs);
  return port.shape ? (*port.shape)[1].extent.value_or(0) : 0;
}

}  // namespace tuff::onnx
