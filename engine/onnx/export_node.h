// What export handlers write with: GraphWriter adds ONNX nodes and constants to a model, ExportNode is one node of a
// graph.
#pragma once

#include <algorithm>
#include <map>
#include <set>
#include <span>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "graph/graph.h"
#include "onnx/model.h"
#include "onnx/shapes.h"

namespace tuff::onnx {

struct NamedAttribute {
  std::string name;
  std::variant<std::int64_t, float, std::string, Extents> value;
};
using AttributeList = std::vector<NamedAttribute>;

class GraphWriter {
 public:
  explicit GraphWriter(Model& model) : model_(model) {}

  // Names that nothing else may take.
  void reserve(const std::string& name) { taken_.insert(name); }
  std::string fresh_name();
  void set_label(std::string label) { label_ = std::move(label); }
  // At least this opset is needed to read the model.
  void require_opset(std::int64_t opset) { model_.opset = std::max(model_.opset, opset); }

  // A node; its outputs' new names, or its output's. Inputs named "" are left out.
  std::vector<std::string> emit(const std::string& op, std::vector<std::string> inputs, const AttributeList& attributes,
                                std::size_t outputs);
  std::string emit(const std::string& op, std::vector<std::string> inputs, const AttributeList& attributes = {}) {
    return emit(op, std::move(inputs), attributes, 1)[0];
  }
  // A node that gives a value whose name is known already.
  void emit_as(const std::string& name, const std::string& op, std::vector<std::string> inputs,
               const AttributeList& attributes = {});

  // Constants are nodes: initializers are weights alone, by their names.
  std::string constant(Array array);
  std::string scalar(float value);
  std::string integers(const Extents& values);  // an i64 vector
  void initializer(const std::string& name, Array array);

  // Compositions. None adds a node that changes nothing.
  std::string cast(const std::string& x, ElementType to);
  std::string reshape(const std::string& x, const Extents& from, const Extents& to);
  std::string transpose(const std::string& x, const std::vector<int>& permutation);
  // Conditions are f32 in a graph and booleans in ONNX: as_float() remembers what it was made of, as_bool() undoes it.
  std::string as_float(const std::string& boolean);
  std::string as_bool(const std::string& number);

 private:
  Model& model_;
  std::set<std::string> taken_;
  std::map<std::string, std::string> booleans_;   // f32 name: the boolean's
  std::map<std::uint32_t, std::string> scalars_;  // by their bits
  std::string label_;
  int count_ = 0;
};

class ExportNode {
 public:
  // `names`: of each value of the graph, empty where nothing needs it.
  ExportNode(const Graph& graph, const tuff::Node& node, GraphWriter& writer, std::vector<std::string>& names,
             const std::vector<bool>& needed);

  GraphWriter& writer() const { return writer_; }
  const tuff::Op& op() const { return *node_.op; }
  template <class T>
  const T& as() const {
    return dynamic_cast<const T&>(*node_.op);
  }

  std::size_t inputs() const { return node_.inputs.size(); }
  const TensorType& input_type(std::size_t i) const { return graph_.values()[node_.inputs[i]].type; }
  const TensorType& output_type(std::size_t i) const { return graph_.values()[node_.outputs[i]].type; }
  Extents input_shape(std::size_t i) const { return input_type(i).shape.extents(); }
  Extents output_shape(std::size_t i = 0) const { return output_type(i).shape.extents(); }
  const std::string& input(std::size_t i) const { return names_[node_.inputs[i]]; }
  std::vector<std::string> input_names() const;
  bool wants(std::size_t output) const { return output < node_.outputs.size() && needed_[node_.outputs[output]]; }

  // What the op's canonical text says: "axis=1 log=true". Extents "2x3"; lists "0,2,1".
  bool has(const std::string& name) const { return fields_.contains(name); }
  std::string text(const std::string& name) const;
  std::int64_t integer(const std::string& name) const;
  double number(const std::string& name) const;
  bool flag(const std::string& name) const { return has(name) && text(name) != "false"; }
  Extents extents(const std::string& name) const;  // empty where absent

  void set(std::string name) { set(0, std::move(name)); }
  void set(std::size_t output, std::string name) { names_[node_.outputs[output]] = std::move(name); }

  [[noreturn]] void unsupported(const std::string& reason) const;

 private:
  const Graph& graph_;
  const tuff::Node& node_;
  GraphWriter& writer_;
  std::vector<std::string>& names_;
  const std::vector<bool>& needed_;
  std::map<std::string, std::string> fields_;
};

struct ExporterRow {
  std::string_view op;  // Op::name()
  void (*write)(ExportNode&);
};

std::span<const ExporterRow> index_exporters();
std::span<const ExporterRow> layer_exporters();
std::span<const ExporterRow> movement_exporters();
std::span<const ExporterRow> pointwise_exporters();
std::span<const ExporterRow> product_exporters();

}  // namespace tuff::onnx
