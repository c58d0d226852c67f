#include "ops/concat.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/error.h"
#include "ops/division.h"
#include "ops/reshape.h"
#include "ops/slice.h"
#include "ops/spatial.h"
#include "ops/strided.h"

namespace tuff {
namespace {

class Concat : public Op {
 public:
  explicit Concat(ConcatAttributes attributes) : attributes_(attributes) {}
  const ConcatAttributes& values() const { return attributes_; }

  std::string_view name() const override { return "concat"; }
  std::string attributes() const override { return fmt::format("axis={}", attributes_.axis); }

  HalfOperands half_operands(std::span<const TensorType> inputs) const override {
    HalfOperands half{{}, {0}};
    for (int input = 0; input < static_cast<int>(inputs.size()); ++input) half.inputs.push_back(input);
    return half;
  }

  std::vector<TensorType> infer(std::span<const TensorType> inputs) const override {
    TensorType result = inputs[0];
    std::vector<std::int64_t> extents = result.shape.extents();
    const int axis = attributes_.axis;
    for (const TensorType& input : inputs.subspan(1)) {
      bool fits = input.shape.rank() == result.shape.rank() && input.dtype == result.dtype &&
                  (input.layout == result.layout || result.shape.rank() < 3);
      for (int a = 0; fits && a < result.shape.rank(); ++a) fits = a == axis || input.shape[a] == result.shape[a];
      if (!fits)
        throw Error(fmt::format("concat: {} and {} differ in more than axis {}; crop or pad one of them",
                                to_string(inputs[0]), to_string(input), axis));
      extents[static_cast<std::size_t>(axis)] += input.shape[axis];
    }
    result.shape = Shape(std::move(extents));
    return {result};
  }

  std::vector<Value> gradient(const GradientContext& context) const override {
    std::vector<Value> gradients;
    const auto axis = static_cast<std::size_t>(attributes_.axis);
    std::vector<std::int64_t> starts(context.outputs[0].shape().extents().size(), 0);
    std::vector<std::int64_t> ends = context.outputs[0].shape().extents();
    for (const Value input : context.inputs) {
      ends[axis] = starts[axis] + input.shape()[attributes_.axis];
      gradients.push_back(slice(context.upstream[0], starts, ends));
      starts[axis] = ends[axis];
    }
    return gradients;
  }

 private:
  ConcatAttributes attributes_;
};

// The tensors in memory: `rows` rows, each of which holds a piece of every input.
struct Rows {
  std::uint64_t rows = 1;
  std::vector<std::uint64_t> widths;  // of each input, elements
  std::uint64_t total = 0;
};

Rows rows_of(const KernelRequest& request) {
  const int axis = static_cast<const Concat&>(request.op).values().axis;
  const std::vector<int> order = memory_order(request.outputs[0]);
  const auto position = std::find(order.begin(), order.end(), axis);
  Rows result;
  std::uint64_t inner = 1;
  for (auto a = order.begin(); a != position; ++a)
    result.rows *= static_cast<std::uint64_t>(request.outputs[0].shape[*a]);
  for (auto a = position + 1; a != order.end(); ++a) inner *= static_cast<std::uint64_t>(request.outputs[0].shape[*a]);
  for (const TensorType& input : request.inputs) {
    result.widths.push_back(static_cast<std::uint64_t>(input.shape[axis]) * inner);
    result.total += result.widths.back();
  }
  return result;
}

std::optional<std::string> refuse_unless_aligned(const KernelRequest& request) {
  if (auto reason = refuse_large(request)) return reason;
  for (const std::uint64_t width : rows_of(request).widths)
    if (width % 4 != 0) return fmt::format("pieces of {} elements are no multiple of 4", width);
  return std::nullopt;
}

std::optional<std::string> refuse_pair(const KernelRequest& request) {
  if (request.inputs.size() != 2) return fmt::format("joins 2 tensors, not {}", request.inputs.size());
  return refuse_large(request);
}

std::optional<std::string> refuse_pair_vec4(const KernelRequest& request) {
  if (auto reason = refuse_pair(request)) return reason;
  return refuse_unless_aligned(request);
}

// Both inputs in one dispatch, one invocation per (vector of) output element.
template <int lanes>
KernelDispatches emit_pair(const KernelRequest& request) {
  const Rows rows = rows_of(request);
  const std::uint64_t count = rows.rows * rows.total / lanes;
  const Rounds rounds = rounds_for(count, request.caps);
  const Division by_total = division(static_cast<std::uint32_t>(rows.total / lanes));
  Dispatch dispatch;
  dispatch.shader = "concat/pair." + vector_variant(lanes, request.caps);
  dispatch.specialization = {rounds.size, 1, 1};
  dispatch.buffers = {reads_input(0), reads_input(1), writes_output(0)};
  dispatch.constants = {static_cast<std::uint32_t>(count),
                        rounds.count,
                        static_cast<std::uint32_t>(rows.widths[0] / lanes),
                        static_cast<std::uint32_t>(rows.widths[1] / lanes),
                        by_total.multiplier,
                        by_total.shift};
  dispatch.groups = rounds.groups;
  dispatch.bytes = 2.0 * static_cast<double>(request.outputs[0].bytes());
  return {{std::move(dispatch)}, {}};
}

// One dispatch per input, which copies its rows into place.
template <int lanes>
KernelDispatches emit_each(const KernelRequest& request) {
  const Rows rows = rows_of(request);
  KernelDispatches result;
  std::int64_t offset = 0;
  for (std::uint32_t index = 0; index < rows.widths.size(); ++index) {
    const auto width = static_cast<std::int64_t>(rows.widths[index]);
    const StridedCopy copy =
        merged({{width, 1}, {static_cast<std::int64_t>(rows.rows), static_cast<std::int64_t>(rows.total)}}, offset);
    result.dispatches.push_back(strided_scatter(reads_input(index), writes_output(0), copy, lanes == 4, request.caps));
    offset += width;
  }
  return result;
}

}  // namespace

Value concat(const std::vector<Value>& values, int axis) {
  if (values.empty()) throw Error("concat: needs at least one tensor");
  if (values.size() == 1) return values[0];
  const int rank = values[0].shape().rank();
  if (axis < -rank || axis >= rank)
    throw Error(fmt::format("concat: axis {} of {}; must lie between {} and {}", axis, to_string(values[0].type()),
                            -rank, rank - 1));
  auto op = std::make_shared<Concat>(ConcatAttributes{axis < 0 ? axis + rank : axis});
  return values[0].graph().add(std::move(op), values)[0];
}

Value stack(const std::vector<Value>& values, int axis) {
  if (values.empty()) throw Error("stack: needs at least one tensor");
  const TensorType first = values[0].type();
  const int rank = first.shape.rank() + 1;
  if (axis < -rank || axis >= rank)
    throw Error(
        fmt::format("stack: axis {} for {}; must lie between {} and {}", axis, to_string(first), -rank, rank - 1));
  std::vector<Value> widened;
  for (const Value value : values) {
    if (value.shape() != first.shape)
      throw Error(
          fmt::format("stack: {} and {} differ; all must have one shape", to_string(first), to_string(value.type())));
    widened.push_back(unsqueeze(value, axis));
  }
  return concat(widened, axis);
}

std::vector<ChannelPiece> joined_pieces(std::uint32_t of, const Producer& producer) {
  if (producer.op == nullptr || producer.op->name() != "concat") return {};
  if (static_cast<const Concat&>(*producer.op).values().axis != 1) return {};
  std::vector<ChannelPiece> pieces;
  std::uint32_t first = 0;
  for (std::uint32_t index = 0; index < producer.inputs.size(); ++index) {
    const auto channels = static_cast<std::uint32_t>(producer.inputs[index].shape.channels());
    pieces.push_back({reads_producer_input(of, index).operand, first, channels});
    first += channels;
  }
  return pieces;
}

std::vector<ChannelPiece> pieces_of_input(const KernelRequest& request, std::uint32_t input) {
  if (input < request.producers.size())
    if (std::vector<ChannelPiece> pieces = joined_pieces(input, request.producers[input]); !pieces.empty())
      return pieces;
  const auto channels = static_cast<std::uint32_t>(request.inputs[input].shape.channels());
  return {{reads_input(input).operand, 0, channels}};
}

std::vector<Kernel> concat_kernels() {
  return {{"pair_vec4", refuse_pair_vec4, emit_pair<4>},
          {"pair", refuse_pair, emit_pair<1>},
          {"each_vec4", refuse_unless_aligned, emit_each<4>},
          {"each", refuse_large, emit_each<1>}};
}

}  // namespace tuff
