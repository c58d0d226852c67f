// A static graph of typed values and the nodes that compute them: plain data, known shapes, no device.
// Built through the op functions (conv(x, w), relu(x) ...), which add nodes; differentiated by
// autodiff/gradient.h; run through runtime/compile.h.
//
// A Value is a cheap handle (graph, index). It stays valid as long as its Graph; Graphs don't move.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "graph/op.h"
#include "graph/shape.h"
#include "graph/tensor.h"

namespace tuff {

class Value {
 public:
  Value() = default;
  Value(Graph* graph, std::uint32_t id) : graph_(graph), id_(id) {}

  explicit operator bool() const { return graph_ != nullptr; }
  bool operator==(const Value&) const = default;

  Graph& graph() const { return *graph_; }
  std::uint32_t id() const { return id_; }
  const TensorType& type() const;
  const Shape& shape() const { return type().shape; }
  DType dtype() const { return type().dtype; }

 private:
  Graph* graph_ = nullptr;
  std::uint32_t id_ = 0;
};

// How a parameter starts. He: normal with standard deviation sqrt(2 / fan_in) (He et al. 2015).
struct Initializer {
  enum class Kind : std::uint8_t { constant, normal, values };
  Kind kind = Kind::constant;
  float value = 0;                                     // constant: every element
  float standard_deviation = 0;                        // normal: mean 0
  std::shared_ptr<const HostTensor> values = nullptr;  // values: of the parameter's shape, such as a filter

  static Initializer constant(float value) { return {Kind::constant, value, 0}; }
  static Initializer he_normal(std::int64_t fan_in);
  static Initializer of(HostTensor values);
};

// A named tensor in a flat arena of the ParameterStore that an executable is bound to.
struct Variable {
  std::string name;      // PyTorch-style: "encoder.0.conv.weight"
  std::string arena;     // "parameters" (trained) or "buffers" (running statistics, step counters)
  std::uint64_t offset;  // in elements, a multiple of kVariableAlignment
  TensorType type;       // f32
  Initializer initializer;
};

// Variables start at multiples of this many elements: 256 bytes, the strictest alignment a device asks.
inline constexpr std::uint64_t kVariableAlignment = 64;

// Elements of a flat arena.
struct ArenaRange {
  std::uint64_t first = 0;
  std::uint64_t elements = 0;
};

struct Node {
  std::shared_ptr<const Op> op;
  std::vector<std::uint32_t> inputs;   // value ids
  std::vector<std::uint32_t> outputs;  // value ids
  std::string label;                   // where in the model: "encoder.0.conv"; for dumps and profiles
  bool full_precision = false;         // never stored as f16, see Graph::full_precision()
};

// Where a value comes from.
struct Source {
  enum class Kind : std::uint8_t {
    node,      // output number `index` of node `node`
    input,     // written by the host before each run
    arena,     // elements [offset, offset + elements) of the flat arena `name`
    constant,  // `data`, the same in every run
  };
  Kind kind = Kind::node;
  std::uint32_t node = 0;
  std::uint32_t index = 0;
  std::uint64_t offset = 0;
  std::shared_ptr<const HostTensor> data;
};

struct ValueInfo {
  TensorType type;
  Source source;
  std::string name;  // inputs: the user's name; arena: the arena's name; else empty
};

struct Output {
  std::string name;
  std::uint32_t value;
};

class Graph {
 public:
  Graph() = default;
  Graph(const Graph&) = delete;
  Graph& operator=(const Graph&) = delete;

  // A tensor the host writes before each run. Names are unique among inputs.
  Value input(std::string name, Shape shape, DType dtype = DType::f32, Layout layout = Layout::channels_last);

  // A trained parameter or a buffer, placed in its flat arena in the order of declaration.
  // A name declared before with the same type gives the same value again (shared weights).
  Value parameter(const std::string& name, Shape shape, Initializer initializer, Layout layout = Layout::weight);
  Value buffer(const std::string& name, Shape shape, Initializer initializer);

  // The whole of a flat arena as one f32 vector; all arenas but "buffers" have the length and offsets
  // of "parameters". Take it after the last parameter is declared: declaring another one then throws.
  Value arena(const std::string& name);
  // Part of one: from a variable's offset to the next one's.
  Value arena(const std::string& name, const ArenaRange& range);

  // From now on parameter(name) gives `value`, of the same type: a network that is built once more reads what an
  // optimizer has just made of its weights (UpdateOptions::updated).
  void redirect(const std::string& name, Value value);

  // A tensor of fixed values, given in logical row-major order.
  Value constant(HostTensor data, Layout layout = Layout::channels_last);
  Value scalar(float value);

  // Names a value that the host can read after each run.
  void output(std::string name, Value value);

  // Adds a node: infers and checks types (may throw Error). Ops' own functions call this.
  std::vector<Value> add(std::shared_ptr<const Op> op, std::vector<Value> inputs);

  // Labels the nodes that are added while the returned scope lives: "unet/encoder.0/conv".
  class Scope;
  [[nodiscard]] Scope scope(const std::string& label);
  // What the nodes that are added while the returned scope lives give, and what their gradients do, stays f32 where
  // activations are stored as f16: losses, whose differences of large sums rounding would swallow.
  [[nodiscard]] Scope full_precision();
  // The label and the precision of a node of this graph or another.
  [[nodiscard]] Scope scope_of(const Node& node);

  // Copies the variables, inputs, arenas and constants of `other` into this graph, which must be empty.
  // Returns the new handle of each of the other's values, empty for those that nodes compute. What
  // passes start from.
  std::vector<Value> copy_sources(const Graph& other);

  const std::vector<Node>& nodes() const { return nodes_; }
  const std::vector<ValueInfo>& values() const { return values_; }
  const std::vector<Output>& outputs() const { return outputs_; }
  const std::vector<Variable>& variables() const { return variables_; }
  std::vector<Value> inputs() const;

  const ValueInfo& info(Value value) const { return values_[value.id()]; }
  // The node that computes a value, or null for inputs, arenas and constants.
  const Node* producer(Value value) const;

  // Elements of the arena "parameters" or "buffers" so far.
  std::uint64_t arena_elements(const std::string& arena) const;

 private:
  friend class Scope;
  struct Annotation {
    std::string label;
    bool full_precision = false;
  };
  Annotation annotation() const { return annotations_.empty() ? Annotation{} : annotations_.back(); }
  Value add_value(TensorType type, Source source, std::string name);
  Value declare(const std::string& name, TensorType type, Initializer initializer, const std::string& arena);

  std::vector<Node> nodes_;
  std::vector<ValueInfo> values_;
  std::vector<Output> outputs_;
  std::vector<Variable> variables_;
  std::map<std::string, Value> redirected_;
  std::vector<Annotation> annotations_;  // of the scopes that live, outermost first
  bool parameters_frozen_ = false;
};

class Graph::Scope {
 public:
  Scope(Graph& graph, Annotation annotation);
  ~Scope();
  Scope(const Scope&) = delete;
  Scope& operator=(const Scope&) = delete;

 private:
  Graph& graph_;
};

}  // namespace tuff
