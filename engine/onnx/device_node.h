// One node as its import handler sees it: inputs as Values of the graph, or as numbers where a shape depends on them.
#pragma once

#include <span>
#include <string_view>
#include <vector>

#include "onnx/node_context.h"
#include "onnx/value_table.h"

namespace tuff::onnx {

class DeviceNode final : public NodeContext {
 public:
  DeviceNode(ValueTable& table, const Node& node) : NodeContext(table.model(), node), table_(table) {}

  std::vector<std::int64_t> shape(std::size_t input) const override { return entry(input).shape; }
  ElementType type(std::size_t input) const override { return entry(input).type; }
  const Array* known(std::size_t input) const override;

  Graph& graph() const { return table_.graph(); }
  // Whether the graph computes it; if not, its numbers are constant.
  bool live(std::size_t input) const { return entry(input).live; }
  // Whether a wanted gradient flows through the input; through any.
  bool differentiable(std::size_t input) const { return entry(input).differentiable; }
  bool differentiable() const;
  bool empty(std::size_t input) const { return checked_bytes(entry(input).shape, 1) == 0; }

  Value value(std::size_t input) const;                  // f32 of floats and booleans, i32 of integers
  Value real(std::size_t input) const;                   // f32 of any type; integers are exact below 2^24
  Value index(std::size_t input) const;                  // i32 of any type
  Value weight(std::size_t input, Layout layout) const;  // real() in a layout
  Value optional(std::size_t input) const { return has(input) ? real(input) : Value{}; }
  // The one number of an input that must be constant, or `otherwise` where it is left out.
  double scalar(std::size_t input, double otherwise) const;

  // Outputs have the first input's type if none is given; those of an integer type are truncated to i32.
  void set(std::size_t output, Value value);
  void set(std::size_t output, Value value, ElementType type);
  void set(std::size_t output, Array numbers);
  void set_bool(Value value) { set(0, value, ElementType::boolean); }

 private:
  const Entry& entry(std::size_t input) const;
  void insert(std::size_t output, Entry made);
  ValueTable& table_;
};

using Handler = void (*)(DeviceNode&);

struct HandlerRow {
  std::string_view op;  // full_name()
  Handler import;
};

// One table a family of operators.
std::span<const HandlerRow> activation_handlers();
std::span<const HandlerRow> pointwise_handlers();
std::span<const HandlerRow> movement_handlers();
std::span<const HandlerRow> composed_handlers();
std::span<const HandlerRow> conv_handlers();
std::span<const HandlerRow> index_handlers();
std::span<const HandlerRow> loss_handlers();
std::span<const HandlerRow> pool_handlers();
std::span<const HandlerRow> norm_handlers();
std::span<const HandlerRow> reduction_handlers();
std::span<const HandlerRow> resize_handlers();
std::span<const HandlerRow> training_handlers();

}  // namespace tuff::onnx
