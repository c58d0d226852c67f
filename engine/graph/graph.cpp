#include "graph/graph.h"

#include <fmt/format.h>

#include <algorithm>
#include <cassert>
#include <cmath>

#include "base/error.h"

namespace tuff {

const TensorType& Value::type() const {
  return graph_->info(*this).type;
}

Initializer Initializer::he_normal(std::int64_t fan_in) {
  return {Kind::normal, 0, std::sqrt(2.0f / static_cast<float>(fan_in))};
}

Initializer Initializer::of(HostTensor values) {
  return {Kind::values, 0, 0, std::make_shared<const HostTensor>(std::move(values))};
}

std::vector<Value> Op::gradient(const GradientContext&) const {
  throw Error(fmt::format("{}: has no gradient; nothing that a loss depends on may pass through it", name()));
}

Op::HalfOperands Op::half_operands(std::span<const TensorType>) const {
  HalfOperands half;
  for (const auto& [output, input] : views()) {
    half.inputs.push_back(input);
    half.outputs.push_back(output);
  }
  return half;
}

std::vector<TensorType> infer_types(const Op& op, std::span<const TensorType> inputs) {
  const auto is_half = [](const TensorType& type) { return type.dtype == DType::f16; };
  if (std::ranges::none_of(inputs, is_half)) return op.infer(inputs);
  std::vector<TensorType> widened(inputs.begin(), inputs.end());
  for (TensorType& type : widened)
    if (is_half(type)) type.dtype = DType::f32;
  const Op::HalfOperands half = op.half_operands(widened);
  for (std::size_t index = 0; index < inputs.size(); ++index) {
    const bool may = std::ranges::find(half.inputs, static_cast<int>(index)) != half.inputs.end();
    if (is_half(inputs[index]) && !may)
      throw Error(fmt::format("{}: input {} is {}, the op takes it as f32 only; cast it", op.name(), index,
                              to_string(inputs[index])));
    if (!is_half(inputs[index]) && may)
      throw Error(fmt::format("{}: input {} is {}, others are f16; cast one or the other", op.name(), index,
                              to_string(inputs[index])));
  }
  std::vector<TensorType> outputs = op.infer(widened);
  for (const int output : half.outputs) outputs[static_cast<std::size_t>(output)].dtype = DType::f16;
  return outputs;
}

Value Graph::add_value(TensorType type, Source source, std::string name) {
  values_.push_back({std::move(type), std::move(source), std::move(name)});
  return {this, static_cast<std::uint32_t>(values_.size() - 1)};
}

Value Graph::input(std::string name, Shape shape, DType dtype, Layout layout) {
  for (const ValueInfo& value : values_)
    if (value.source.kind == Source::Kind::input && value.name == name)
      throw Error(fmt::format("graph: two inputs are named \"{}\"", name));
  return add_value({dtype, std::move(shape), layout}, {Source::Kind::input}, std::move(name));
}

std::uint64_t Graph::arena_elements(const std::string& arena) const {
  std::uint64_t end = 0;
  for (const Variable& variable : variables_)
    if (variable.arena == arena) end = variable.offset + static_cast<std::uint64_t>(variable.type.shape.elements());
  return (end + kVariableAlignment - 1) / kVariableAlignment * kVariableAlignment;
}

Value Graph::declare(const std::string& name, TensorType type, Initializer initializer, const std::string& arena) {
  for (const Variable& variable : variables_) {
    if (variable.name != name) continue;
    if (variable.arena != arena || !(variable.type == type))
      throw Error(fmt::format("graph: \"{}\" is declared as {} in {} and again as {} in {}", name,
                              to_string(variable.type), variable.arena, to_string(type), arena));
    for (std::uint32_t id = 0; id < values_.size(); ++id) {
      const ValueInfo& value = values_[id];
      if (value.source.kind == Source::Kind::arena && value.name == arena && value.source.offset == variable.offset &&
          value.type == type)
        return {this, id};
    }
  }
  if (arena == "parameters" && parameters_frozen_)
    throw Error(fmt::format("graph: parameter \"{}\" is declared after the flat arenas were taken", name));
  if (initializer.kind == Initializer::Kind::values && initializer.values->shape != type.shape)
    throw Error(fmt::format("graph: \"{}\" is {}, the values that it starts with are {}", name, to_string(type),
                            to_string(initializer.values->shape)));
  const std::uint64_t offset = arena_elements(arena);
  variables_.push_back({name, arena, offset, type, initializer});
  Source source{Source::Kind::arena};
  source.offset = offset;
  return add_value(std::move(type), std::move(source), arena);
}

Value Graph::parameter(const std::string& name, Shape shape, Initializer initializer, Layout layout) {
  const auto redirected = redirected_.find(name);
  if (redirected != redirected_.end()) {
    const TensorType type{DType::f32, shape, layout};
    if (redirected->second.type() == type) return redirected->second;
    throw Error(fmt::format("graph: \"{}\" is redirected to {} and declared as {}", name,
                            to_string(redirected->second.type()), to_string(type)));
  }
  return declare(name, {DType::f32, std::move(shape), layout}, initializer, "parameters");
}

Value Graph::buffer(const std::string& name, Shape shape, Initializer initializer) {
  return declare(name, {DType::f32, std::move(shape)}, initializer, "buffers");
}

Value Graph::arena(const std::string& name) {
  if (name != "buffers") parameters_frozen_ = true;
  const std::uint64_t elements = arena_elements(name == "buffers" ? name : "parameters");
  if (elements == 0) throw Error(fmt::format("graph: the flat arena \"{}\" is empty, nothing was declared", name));
  return arena(name, {0, elements});
}

Value Graph::arena(const std::string& name, const ArenaRange& range) {
  if (name != "buffers") parameters_frozen_ = true;
  const std::uint64_t end = arena_elements(name == "buffers" ? name : "parameters");
  if (range.elements == 0 || range.first + range.elements > end)
    throw Error(fmt::format("graph: elements {} to {} of the flat arena \"{}\", which has {}", range.first,
                            range.first + range.elements, name, end));
  Source source{Source::Kind::arena};
  source.offset = range.first;
  return add_value({DType::f32, Shape{static_cast<std::int64_t>(range.elements)}}, std::move(source), name);
}

void Graph::redirect(const std::string& name, Value value) {
  redirected_[name] = value;
}

Value Graph::constant(HostTensor data, Layout layout) {
  TensorType type{data.dtype, data.shape, layout};
  Source source{Source::Kind::constant};
  source.data = std::make_shared<const HostTensor>(std::move(data));
  return add_value(std::move(type), std::move(source), {});
}

Value Graph::scalar(float value) {
  return constant(HostTensor::from_floats({}, {&value, 1}));
}

void Graph::output(std::string name, Value value) {
  for (const Output& output : outputs_)
    if (output.name == name) throw Error(fmt::format("graph: two outputs are named \"{}\"", name));
  outputs_.push_back({std::move(name), value.id()});
}

std::vector<Value> Graph::add(std::shared_ptr<const Op> op, std::vector<Value> inputs) {
  std::vector<TensorType> types;
  const Annotation noted = annotation();
  Node node{.op = op, .inputs = {}, .outputs = {}, .label = noted.label, .full_precision = noted.full_precision};
  for (const Value input : inputs) {
    if (!input || &input.graph() != this)
      throw Error(fmt::format("{}: an input is empty or belongs to another graph", op->name()));
    types.push_back(input.type());
    node.inputs.push_back(input.id());
  }
  std::vector<Value> outputs;
  const std::vector<TensorType> inferred = infer_types(*op, types);
  for (std::uint32_t index = 0; index < inferred.size(); ++index) {
    Source source{Source::Kind::node, static_cast<std::uint32_t>(nodes_.size()), index};
    outputs.push_back(add_value(inferred[index], std::move(source), {}));
    node.outputs.push_back(outputs.back().id());
  }
  nodes_.push_back(std::move(node));
  return outputs;
}

std::vector<Value> Graph::copy_sources(const Graph& other) {
  assert(values_.empty() && nodes_.empty());
  variables_ = other.variables_;
  parameters_frozen_ = other.parameters_frozen_;
  std::vector<Value> copies(other.values_.size());
  for (std::size_t id = 0; id < copies.size(); ++id) {
    const ValueInfo& value = other.values_[id];
    if (value.source.kind != Source::Kind::node) copies[id] = add_value(value.type, value.source, value.name);
  }
  return copies;
}

std::vector<Value> Graph::inputs() const {
  std::vector<Value> result;
  for (std::uint32_t id = 0; id < values_.size(); ++id)
    if (values_[id].source.kind == Source::Kind::input) result.emplace_back(const_cast<Graph*>(this), id);
  return result;
}

const Node* Graph::producer(Value value) const {
  const Source& source = info(value).source;
  return source.kind == Source::Kind::node ? &nodes_[source.node] : nullptr;
}

Graph::Scope Graph::scope(const std::string& label) {
  const Annotation outer = annotation();
  return {*this, {outer.label.empty() ? label : outer.label + "." + label, outer.full_precision}};
}

Graph::Scope Graph::full_precision() {
  return {*this, {annotation().label, true}};
}

Graph::Scope Graph::scope_of(const Node& node) {
  return {*this, {node.label, node.full_precision}};
}

Graph::Scope::Scope(Graph& graph, Annotation annotation) : graph_(graph) {
  graph.annotations_.push_back(std::move(annotation));
}

Graph::Scope::~Scope() {
  graph_.annotations_.pop_back();
}

}  // namespace tuff
