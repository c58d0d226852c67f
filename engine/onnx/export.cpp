#include "onnx/export.h"

#include <fmt/format.h>

#include <algorithm>

#include "onnx/export_node.h"

namespace tuff::onnx {
namespace {

constexpr std::int64_t kOpset = 18, kIrVersion = 8;  // ONNX 1.13 of 2022; single operators ask for more

const ExporterRow* find_exporter(std::string_view name) {
  for (const auto& table :
       {index_exporters(), layer_exporters(), movement_exporters(), pointwise_exporters(), product_exporters()}) {
    const auto row = std::ranges::find(table, name, &ExporterRow::op);
    if (row != table.end()) return &*row;
  }
  return nullptr;
}

class Exporter {
 public:
  explicit Exporter(const Imported& net) : net_(net), graph_(*net.graph), writer_(model_) {}

  Model run() {
    model_.source = "ONNX export";
    model_.opset = kOpset;
    model_.producer = "tuff";
    names_.resize(graph_.values().size());
    mark_needed();
    reserve_names();
    for (const ImportedPort& port : net_.inputs)
      if (port.in_graph) add_input(port);
    for (std::size_t id = 0; id < names_.size(); ++id)
      if (needed_[id]) name_source(id);
    for (const tuff::Node& node : graph_.nodes()) add_node(node);
    writer_.set_label("");
    for (const ImportedPort& port : net_.outputs) add_output(port);
    model_.ir_version = model_.opset >= 21 ? 10 : model_.opset >= 19 ? 9 : kIrVersion;
    return std::move(model_);
  }

 private:
  // What the outputs depend on.
  void mark_needed() {
    needed_.assign(names_.size(), false);
    for (const ImportedPort& port : net_.outputs)
      if (port.in_graph) needed_[graph_output(port.name)] = true;
    for (auto node = graph_.nodes().rbegin(); node != graph_.nodes().rend(); ++node)
      if (std::ranges::any_of(node->outputs, [&](std::uint32_t id) { return needed_[id]; }))
        for (const std::uint32_t id : node->inputs) needed_[id] = true;
  }

  std::uint32_t graph_output(const std::string& name) const {
    const auto found = std::ranges::find(graph_.outputs(), name, &Output::name);
    if (found == graph_.outputs().end()) throw Error(fmt::format("ONNX export: the graph has no output \"{}\"", name));
    return found->value;
  }

  void reserve_names() {
    for (const std::vector<ImportedPort>* ports : {&net_.inputs, &net_.outputs, &net_.initializers})
      for (const ImportedPort& port : *ports) writer_.reserve(port.name);
    for (const Variable& variable : graph_.variables()) writer_.reserve(variable.name);
  }

  static Port described(const ImportedPort& port) {
    Port result{.name = port.name, .data_type = data_type(port.type), .shape = std::vector<Dimension>{}};
    for (const std::int64_t extent : port.shape) result.shape->push_back({.extent = extent});
    return result;
  }

  // As the graph sees it: f32, integers i32.
  static ElementType in_graph(ElementType type) { return is_integer(type) ? ElementType::i32 : ElementType::f32; }

  void add_input(const ImportedPort& port) {
    model_.inputs.push_back(described(port));
    for (const Value value : graph_.inputs())
      if (graph_.info(value).name == port.name && needed_[value.id()])
        names_[value.id()] =
            port.type == in_graph(port.type) ? port.name : writer_.cast(port.name, in_graph(port.type));
  }

  void name_source(std::size_t id) {
    const ValueInfo& info = graph_.values()[id];
    switch (info.source.kind) {
      case Source::Kind::node: break;
      case Source::Kind::input:
        if (names_[id].empty())
          throw Error(fmt::format("ONNX export: the input \"{}\" isn't among those of the model", info.name));
        break;
      case Source::Kind::constant: names_[id] = writer_.constant(from_tensor(*info.source.data)); break;
      case Source::Kind::arena: names_[id] = add_variable(info); break;
    }
  }

  std::string add_variable(const ValueInfo& info) {
    for (const Variable& variable : graph_.variables()) {
      if (variable.arena != info.name || variable.offset != info.source.offset ||
          variable.type.shape != info.type.shape)
        continue;
      if (added_.insert(variable.name).second)
        writer_.initializer(variable.name, from_tensor(net_.variables.at(variable.name)));
      return variable.name;
    }
    throw Unsupported(fmt::format("ONNX export: the whole arena \"{}\" is part of the graph, which trains", info.name),
                      {"arena"});
  }

  void add_node(const tuff::Node& node) {
    const bool wanted = std::ranges::any_of(node.outputs, [&](std::uint32_t id) { return needed_[id]; });
    if (!wanted) return;
    writer_.set_label(node.label);
    ExportNode context(graph_, node, writer_, names_, needed_);
    const ExporterRow* row = find_exporter(node.op->name());
    if (row == nullptr) context.unsupported("ONNX has no such operator");
    row->write(context);
    for (std::size_t i = 0; i < node.outputs.size(); ++i)
      if (context.wants(i) && names_[node.outputs[i]].empty()) context.unsupported(fmt::format("its output {}", i));
  }

  void add_output(const ImportedPort& port) {
    model_.outputs.push_back(described(port));
    if (!port.in_graph) return writer_.emit_as(port.name, "Identity", {writer_.constant(*port.known)});
    const std::uint32_t id = graph_output(port.name);
    const std::string& name = names_[id];
    if (port.type == ElementType::boolean) return writer_.emit_as(port.name, "Identity", {writer_.as_bool(name)});
    const bool same = port.type == (graph_.values()[id].type.dtype == DType::i32 ? ElementType::i32 : ElementType::f32);
    writer_.emit_as(port.name, same ? "Identity" : "Cast", {name},
                    same ? AttributeList{} : AttributeList{{"to", data_type(port.type)}});
  }

  const Imported& net_;
  const Graph& graph_;
  Model model_;
  GraphWriter writer_;
  std::vector<std::string> names_;  // of each value
  std::vector<bool> needed_;
  std::set<std::string> added_;
};

}  // namespace

Model export_model(const Imported& net) {
  return Exporter(net).run();
}

}  // namespace tuff::onnx
