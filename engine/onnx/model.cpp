#include "onnx/model.h"

#include <fmt/format.h>

#include <algorithm>
#include <set>

#include "base/error.h"
#include "base/os.h"
#include "onnx/tensor.h"
#include "onnx/wire.h"

namespace tuff::onnx {
namespace {

namespace fs = std::filesystem;

struct Place {  // what every part of a file needs to know
  const std::string& source;
  const fs::path& folder;
};

Attribute::Kind attribute_kind(std::int64_t type) {
  using Kind = Attribute::Kind;
  static constexpr Kind kKinds[] = {Kind::none,  Kind::number,  Kind::integer,  Kind::text, Kind::tensor,
                                    Kind::other, Kind::numbers, Kind::integers, Kind::texts};
  return type >= 0 && type < std::ssize(kKinds) ? kKinds[type] : Kind::other;
}

std::pair<std::string, Attribute> read_attribute(WireReader reader, const Place& place) {
  using Kind = Attribute::Kind;
  static constexpr Kind kByField[] = {Kind::none,   Kind::none,  Kind::number,  Kind::integer,  Kind::text,
                                      Kind::tensor, Kind::other, Kind::numbers, Kind::integers, Kind::texts};
  std::string name;
  Attribute attribute;
  Kind filled = Kind::none;  // IR 1 has no field 20: the kind is that of the field that is there
  while (reader.next()) {
    if (reader.field() < std::size(kByField) && reader.field() > 1) filled = kByField[reader.field()];
    switch (reader.field()) {
      case 1: name = reader.label(); break;
      case 2: attribute.number = reader.float32(); break;
      case 3: attribute.integer = reader.integer(); break;
      case 4: attribute.text = reader.label(); break;
      case 5: attribute.tensor = read_tensor(reader.message(), place.source, place.folder); break;
      case 7: reader.floats([&](float value) { attribute.numbers.push_back(value); }); break;
      case 8: reader.varints([&](std::int64_t value) { attribute.integers.push_back(value); }); break;
      case 9: attribute.texts.emplace_back(reader.label()); break;
      case 20: attribute.kind = attribute_kind(reader.integer()); break;
      default: reader.skip();
    }
  }
  if (attribute.kind == Kind::none) attribute.kind = filled;
  return {std::move(name), std::move(attribute)};
}

std::string describe(const Node& node) {
  return node.name.empty() ? node.op : fmt::format("{} \"{}\"", node.op, node.name);
}

Node read_node(WireReader reader, const Place& place) {
  Node node;
  while (reader.next()) {
    switch (reader.field()) {
      case 1: node.inputs.emplace_back(reader.label()); break;
      case 2: node.outputs.emplace_back(reader.label()); break;
      case 3: node.name = reader.label(); break;
      case 4: node.op = reader.label(); break;
      case 5: {
        auto [name, attribute] = read_attribute(reader.message(), place);
        if (!node.attributes.emplace(name, std::move(attribute)).second)
          throw Error(fmt::format("{}: {} has the attribute \"{}\" twice", place.source, describe(node), name));
        break;
      }
      case 7: node.domain = reader.label(); break;
      default: reader.skip();
    }
  }
  if (node.domain == "ai.onnx") node.domain.clear();
  return node;
}

Dimension read_dimension(WireReader reader) {
  Dimension dimension;
  while (reader.next()) {
    if (reader.field() == 1)
      dimension.extent = reader.integer();
    else if (reader.field() == 2)
      dimension.name = reader.label();
    else
      reader.skip();
  }
  return dimension;
}

std::vector<Dimension> read_shape(WireReader reader) {
  std::vector<Dimension> shape;
  while (reader.next()) {
    if (reader.field() == 1)
      shape.push_back(read_dimension(reader.message()));
    else
      reader.skip();
  }
  return shape;
}

void read_tensor_type(WireReader reader, Port& port) {
  while (reader.next()) {
    if (reader.field() == 1)
      port.data_type = reader.integer();
    else if (reader.field() == 2)
      port.shape = read_shape(reader.message());
    else
      reader.skip();
  }
}

Port read_port(WireReader reader) {
  Port port;
  while (reader.next()) {
    if (reader.field() == 1) {
      port.name = reader.label();
    } else if (reader.field() == 2) {
      WireReader type = reader.message();
      while (type.next()) {
        if (type.field() == 1) {
          read_tensor_type(type.message(), port);
        } else {
          if (type.type() == WireType::bytes && type.field() != 6) port.tensor = false;  // 6: denotation
          type.skip();
        }
      }
    } else {
      reader.skip();
    }
  }
  return port;
}

void read_graph(WireReader reader, const Place& place, Model& model) {
  while (reader.next()) {
    switch (reader.field()) {
      case 1: model.nodes.push_back(read_node(reader.message(), place)); break;
      case 2: model.graph_name = reader.label(); break;
      case 5: model.initializers.push_back(read_tensor(reader.message(), place.source, place.folder)); break;
      case 11: model.inputs.push_back(read_port(reader.message())); break;
      case 12: model.outputs.push_back(read_port(reader.message())); break;
      case 15:
        model.sparse = true;
        reader.skip();
        break;
      default: reader.skip();
    }
  }
}

void read_opset(WireReader reader, Model& model) {
  std::string domain;
  std::int64_t version = 0;
  while (reader.next()) {
    if (reader.field() == 1)
      domain = reader.label();
    else if (reader.field() == 2)
      version = reader.integer();
    else
      reader.skip();
  }
  if (domain.empty() || domain == "ai.onnx")
    model.opset = version;
  else
    model.opsets[domain] = version;
}

std::pair<std::string, std::string> read_property(WireReader reader) {
  std::pair<std::string, std::string> property;
  while (reader.next()) {
    if (reader.field() == 1)
      property.first = reader.text();
    else if (reader.field() == 2)
      property.second = reader.text();
    else
      reader.skip();
  }
  return property;
}

// Every name is given once, by an input, an initializer or a node, and no node reads one that comes later: so there
// are no cycles.
void check_names(const Model& model) {
  std::set<std::string_view> known;
  for (const NamedTensor& tensor : model.initializers)
    if (!known.insert(tensor.name).second)
      throw Error(fmt::format("{}: two initializers are named \"{}\"", model.source, tensor.name));
  std::set<std::string_view> inputs;
  for (const Port& port : model.inputs) {
    if (!inputs.insert(port.name).second)
      throw Error(fmt::format("{}: two inputs are named \"{}\"", model.source, port.name));
    known.insert(port.name);
  }
  for (const Node& node : model.nodes) {
    for (const std::string& name : node.inputs)
      if (!name.empty() && !known.contains(name))
        throw Error(fmt::format("{}: {} reads \"{}\", which nothing before it gives (nodes out of order, or a cycle)",
                                model.source, describe(node), name));
    for (const std::string& name : node.outputs)
      if (!name.empty() && !known.insert(name).second)
        throw Error(fmt::format("{}: {} gives \"{}\", which is there already", model.source, describe(node), name));
  }
  std::set<std::string_view> outputs;
  for (const Port& port : model.outputs) {
    if (!known.contains(port.name))
      throw Error(fmt::format("{}: its output \"{}\" is given by nothing", model.source, port.name));
    if (!outputs.insert(port.name).second)
      throw Error(fmt::format("{}: two outputs are named \"{}\"", model.source, port.name));
  }
}

}  // namespace

std::vector<Port> Model::free_inputs() const {
  std::set<std::string_view> initialized;
  for (const NamedTensor& tensor : initializers) initialized.insert(tensor.name);
  std::vector<Port> ports;
  for (const Port& port : inputs)
    if (!initialized.contains(port.name)) ports.push_back(port);
  return ports;
}

Model parse(std::span<const std::byte> bytes) {
  return parse_model(bytes, "model", {});
}

Model parse_model(std::span<const std::byte> bytes, const std::string& source, const fs::path& folder) {
  Model model;
  model.source = source;
  const Place place{source, folder};
  WireReader reader(bytes, source);
  bool graph = false;
  while (reader.next()) {
    switch (reader.field()) {
      case 1: model.ir_version = reader.integer(); break;
      case 2: model.producer = reader.label(); break;
      case 7:
        if (graph) reader.fail("it has two graphs");
        read_graph(reader.message(), place, model);
        graph = true;
        break;
      case 8: read_opset(reader.message(), model); break;
      case 14: model.metadata.insert(read_property(reader.message())); break;
      case 25:
        model.functions = true;
        reader.skip();
        break;
      default: reader.skip();
    }
  }
  if (!graph) reader.fail("it has no graph");
  if (model.ir_version < 1) reader.fail("it has no IR version");
  if (model.opset == 0 && model.opsets.empty()) model.opset = 1;  // IR 1 and 2 didn't say
  check_names(model);
  return model;
}

Model read_model(const fs::path& path) {
  const fs::path folder = path.parent_path();
  return parse_model(os::read_file(path), path.string(), folder.empty() ? fs::path(".") : folder);
}

NamedTensor parse_tensor(std::span<const std::byte> bytes, const std::string& source) {
  return read_tensor(WireReader(bytes, source), source, {});
}

}  // namespace tuff::onnx
