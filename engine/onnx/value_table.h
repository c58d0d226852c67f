// The importer's knowledge of every named value of a model: numbers on the host, a Value of the graph, or both.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "graph/graph.h"
#include "io/array.h"
#include "onnx/model.h"

namespace tuff::onnx {

struct Entry {
  ElementType type = ElementType::f32;
  std::vector<std::int64_t> shape;
  // Computed in the graph, from floating-point inputs or parameters. What isn't live has numbers.
  bool live = false;
  bool differentiable = false;  // live and floating, and a gradient that was asked for flows through it
  std::shared_ptr<const Array> numbers;
  Value value;  // made when first asked for, where `live` or not
  // Live ones: what becomes of an initializer, and the node whose numbers may still be computed when they are needed.
  enum class Role : std::uint8_t { computed, parameter, buffer };
  Role role = Role::computed;
  Layout layout = Layout::channels_last;  // of a parameter
  const Node* producer = nullptr;
};

class ValueTable {
 public:
  ValueTable(const Model& model, Graph& graph) : model_(model), graph_(graph) {}

  const Model& model() const { return model_; }
  Graph& graph() const { return graph_; }

  void insert(const std::string& name, Entry entry) { entries_[name] = std::move(entry); }
  bool contains(const std::string& name) const { return entries_.contains(name); }
  const Entry& at(const std::string& name) const;

  // A Value of the graph: f32 for floats and booleans, i32 for integers. Declares parameters, adds constants.
  Value value(const std::string& name);
  // The numbers, or null where they depend on what only the device computes.
  const Array* numbers(const std::string& name, int depth = 0);

  // Parameters and buffers that value() declared, with their first contents.
  std::map<std::string, HostTensor> variables;

 private:
  const Model& model_;
  Graph& graph_;
  std::map<std::string, Entry> entries_;
};

}  // namespace tuff::onnx
