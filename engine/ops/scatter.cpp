#include "ops/scatter.h"

#include <fmt/format.h>

#include <algorithm>
#include <limits>

#include "base/error.h"
#include "ops/axis.h"
#include "ops/division.h"
#include "ops/expand.h"
#include "ops/fill.h"
#include "ops/gather.h"
#include "ops/pad.h"
#include "ops/pointwise.h"
#include "ops/reshape.h"
#include "ops/slice.h"
#include "ops/spatial.h"
#include "ops/strided.h"

namespace tuff {

std::string_view to_string(ScatterReduction reduction) {
  constexpr std::string_view kNames[] = {"none", "add", "mul", "min", "max"};
  return kNames[static_cast<std::size_t>(reduction)];
}

namespace {

class Scatter : public Op {
 public:
  explicit Scatter(ScatterAttributes attributes) : attributes_(attributes) {}
  const ScatterAttributes& values() const { return attributes_; }

  std::string_view name() const override { return "scatter"; }
  std::string attributes() const override {
    const auto& [axis, by_row, reduction] = attributes_;
    return fmt::format("axis={} by_row={} reduction={}", axis, by_row, to_string(reduction));
  }

  HalfOperands half_operands(std::span<const TensorType>) const override { return {{0, 2}, {0}}; }
  std::vector<TensorType> infer(std::span<const TensorType> inputs) const override;
  std::vector<Value> gradient(const GradientContext& context) const override;
  std::vector<std::pair<int, int>> in_place() const override { return {{0, 0}}; }

 private:
  ScatterAttributes attributes_;
};

std::vector<TensorType> Scatter::infer(std::span<const TensorType> inputs) const {
  const TensorType &data = inputs[0], &index = inputs[1], &updates = inputs[2];
  const auto& [axis, by_row, reduction] = attributes_;
  bool fits = size_of(data.dtype) == 4 && index.dtype == DType::i32 && updates.dtype == data.dtype &&
              updates.shape.rank() == data.shape.rank();
  for (const TensorType* type : {&data, &index, &updates})
    fits = fits && (type->layout == Layout::channels_last || type->shape.rank() < 3);
  for (int a = 0; fits && a < data.shape.rank(); ++a) fits = a == axis || updates.shape[a] == data.shape[a];
  fits = fits && (by_row ? index.shape == Shape{updates.shape[axis]} : index.shape == updates.shape);
  if (!fits)
    throw Error(fmt::format("scatter: updates {} and index {} don't fit data ({}) along axis {}", to_string(updates),
                            to_string(index), to_string(data), axis));
  return {data};
}

// ---- gradient -----------------------------------------------------------------------------------

// A scatter of the same indices, and the gather that undoes it; zeros from indices outside.
struct Places {
  Value index;
  int axis;
  bool by_row;

  Value read(Value from) const { return gather(from, index, {axis, by_row, 0}); }
  Value write(Value data, Value updates, ScatterReduction reduction) const {
    return scatter(data, index, updates, {axis, by_row, reduction});
  }
};

// 1 for updates that no later one overwrote, 0 for the others. Their numbers along the axis are scattered likewise.
Value winners(const Places& places, const TensorType& data, const TensorType& updates) {
  Graph& graph = places.index.graph();
  const std::int64_t count = updates.shape[places.axis];
  std::vector<float> numbers;
  for (std::int64_t k = 0; k < count; ++k) numbers.push_back(static_cast<float>(k));
  const Value number = graph.constant(HostTensor::from_floats({count}, numbers));
  if (places.by_row) {
    const Places rows{places.index, 0, true};
    const Value last =
        rows.read(rows.write(zeros(graph, {DType::f32, {data.shape[places.axis]}}), number, ScatterReduction::none));
    return expand(equal(last, number), updates.shape, std::vector<int>{places.axis});
  }
  const Value numbered = expand(number, updates.shape, std::vector<int>{places.axis});
  return equal(places.read(places.write(zeros(graph, data), numbered, ScatterReduction::none)), numbered);
}

// Of a product the rest of it, upstream times result over update; where a single factor is 0, the product without it.
Value product_gradient(const Places& places, Value data, Value updates, Value result, Value upstream) {
  const Value is_zero = equal(updates, 0.0f);
  const Value zero_count = places.write(zeros(data.graph(), data.type()), is_zero, ScatterReduction::add);
  const Value single = mul(is_zero, equal(places.read(zero_count), 1.0f));
  const Value ones = full(data.graph(), updates.type(), 1.0f);
  const Value without = places.write(data, where(single, ones, updates), ScatterReduction::mul);
  const Value rest = div(places.read(mul(upstream, result)), where(is_zero, ones, updates));
  return where(single, places.read(mul(upstream, without)), rest);
}

std::vector<Value> Scatter::gradient(const GradientContext& context) const {
  const Value data = context.inputs[0], updates = context.inputs[2], result = context.outputs[0];
  const Value upstream = context.upstream[0];
  const Places places{context.inputs[1], attributes_.axis, attributes_.by_row};
  const TensorType data_type = data.type(), updates_type = updates.type();
  switch (attributes_.reduction) {
    case ScatterReduction::none: {
      const Value kept = places.write(upstream, zeros(data.graph(), updates_type), ScatterReduction::none);
      return {kept, {}, mask(places.read(upstream), winners(places, data_type, updates_type))};
    }
    case ScatterReduction::add: return {upstream, {}, places.read(upstream)};
    case ScatterReduction::mul:
      return {places.write(upstream, updates, ScatterReduction::mul),
              {},
              product_gradient(places, data, updates, result, upstream)};
    case ScatterReduction::min:
    case ScatterReduction::max: break;
  }
  // Shared evenly among all that equal the result, as in PyTorch.
  const Value from_data = equal(data, result), from_updates = equal(updates, places.read(result));
  const Value share = div(upstream, places.write(from_data, from_updates, ScatterReduction::add));
  return {mul(share, from_data), {}, mul(places.read(share), from_updates)};
}

Value as_channels_last(Value x) {
  return reshape(x, Shape(x.shape()), Layout::channels_last);
}

Value scatter_rows(std::string_view op, Value data, int axis, Value index, Value updates, ScatterReduction reduction) {
  axis = checked_axis(op, "data", axis, data.type());
  require_index(op, index, data.shape()[axis]);
  return scatter(as_channels_last(data), index, as_channels_last(updates), {axis, true, reduction});
}

}  // namespace

// ---- builders -----------------------------------------------------------------------------------

Value scatter(Value data, Value index, Value updates, const ScatterAttributes& attributes) {
  return data.graph().add(std::make_shared<Scatter>(attributes), {data, index, updates})[0];
}

Value scatter(Value data, int axis, Value index, Value updates, ScatterReduction reduction) {
  axis = checked_axis("scatter", "data", axis, data.type());
  require_index("scatter", index, data.shape()[axis]);
  const Shape shape = data.shape(), wanted = index.shape();
  bool fits = wanted.rank() == shape.rank() && updates.shape().rank() == shape.rank();
  std::vector<std::int64_t> lo(static_cast<std::size_t>(shape.rank()), 0), hi = lo;
  for (int a = 0; fits && a < shape.rank(); ++a) {
    fits = wanted[a] <= updates.shape()[a] && (a == axis || wanted[a] <= shape[a]);
    hi[static_cast<std::size_t>(a)] = a == axis ? 0 : shape[a] - wanted[a];
  }
  if (!fits)
    throw Error(
        fmt::format("scatter: index {} must be no larger than data ({}) but along axis {}, nor than updates ({})",
                    to_string(index.type()), to_string(data.type()), axis, to_string(updates.type())));
  index = as_channels_last(index);
  updates = slice(as_channels_last(updates), lo, wanted.extents());
  if (std::ranges::any_of(hi, [](std::int64_t more) { return more > 0; })) {  // with indices outside, which do nothing
    index = pad(index, lo, hi, PadMode::constant, -2147483648.0f);
    updates = pad(updates, lo, hi);
  }
  return scatter(as_channels_last(data), index, updates, {axis, false, reduction});
}

Value scatter_add(Value data, int axis, Value index, Value updates) {
  return scatter(data, axis, index, updates, ScatterReduction::add);
}

Value index_add(Value data, int axis, Value index, Value updates) {
  return scatter_rows("index_add", data, axis, index, updates, ScatterReduction::add);
}

Value index_copy(Value data, int axis, Value index, Value updates) {
  return scatter_rows("index_copy", data, axis, index, updates, ScatterReduction::none);
}

Value scatter_nd(Value data, Value indices, Value updates, ScatterReduction reduction) {
  const Shape shape = data.shape();
  const FlatIndex flat = flatten_index("scatter_nd", shape, indices, 0);
  std::vector<std::int64_t> wanted = flat.lead;
  wanted.insert(wanted.end(), flat.rest.begin(), flat.rest.end());
  if (updates.shape().extents() != wanted)
    throw Error(fmt::format("scatter_nd: updates ({}) must be {} for data ({}) and indices {}",
                            to_string(updates.type()), to_string(Shape(wanted)), to_string(data.type()),
                            to_string(indices.type())));
  const std::int64_t inner = Shape(flat.rest).elements();
  const Value rows =
      scatter(reshape(data, {-1, inner}), flat.rows, reshape(updates, {-1, inner}), {0, true, reduction});
  return reshape(rows, shape, Layout::channels_last);
}

// ---- kernels ------------------------------------------------------------------------------------

namespace {

constexpr std::uint32_t kFewUpdates = 16;  // that each element may as well look at

struct Geometry {
  GatherRows data, updates;
  ScatterAttributes attributes;
};

Geometry geometry(const KernelRequest& request) {
  const ScatterAttributes& attributes = static_cast<const Scatter&>(request.op).values();
  return {gather_rows(request.inputs[0], attributes.axis), gather_rows(request.inputs[2], attributes.axis), attributes};
}

std::optional<std::string> refuse_rows(const KernelRequest& request) {
  if (auto reason = refuse_large(request)) return reason;
  const Geometry sizes = geometry(request);
  if (!sizes.attributes.by_row) return "every element has an index of its own";
  return std::nullopt;
}

std::optional<std::string> refuse_few(const KernelRequest& request) {
  if (auto reason = refuse_rows(request)) return reason;
  const Geometry sizes = geometry(request);
  if (sizes.updates.extent <= kFewUpdates) return fmt::format("{} updates aren't worth chaining", sizes.updates.extent);
  return std::nullopt;
}

std::optional<std::string> refuse_rows_vec4(const KernelRequest& request) {
  if (auto reason = refuse_few(request)) return reason;
  if (request.inputs[0].dtype == DType::i32) return "integers are changed one at a time";
  const std::uint32_t inner = geometry(request).data.inner;
  if (inner % 4 != 0) return fmt::format("{} elements of one index are no multiple of 4", inner);
  return std::nullopt;
}

std::string_view element(const KernelRequest& request) {
  return request.inputs[0].dtype == DType::i32 ? "integer" : "scalar";
}

// A copy of data, the chains of updates, then one writer for each element that changes.
template <std::uint32_t lanes>
KernelDispatches emit_rows(const KernelRequest& request) {
  const Geometry sizes = geometry(request);
  const std::uint32_t m = sizes.updates.extent;
  const StridedCopy whole = merged({{request.outputs[0].shape.elements(), 1}});
  Dispatch copy = strided_dispatch(reads_input(0), writes_output(0), whole, true, request.caps);

  Dispatch links{
      "scatter/links.scalar", {kGroupSize, 1, 1}, {reads_input(1), writes_workspace(0)}, {m, sizes.data.extent}};
  links.groups = linear_groups(m, request.caps);
  links.bytes = 12.0 * m;
  links.flops = static_cast<double>(m) * m;

  const std::uint32_t count = static_cast<std::uint32_t>(request.inputs[2].shape.elements()) / lanes;
  const Rounds rounds = rounds_for(count, request.caps);
  Dispatch rows{lanes == 4 ? "scatter/rows.vec4" : fmt::format("scatter/rows.{}", element(request)),
                {rounds.size, 1, 1}};
  const BufferUse changes{{Operand::Kind::output, 0}, Access::read_write};
  rows.buffers = {reads_input(1), reads_workspace(0), reads_input(2), changes};
  rows.constants = {count, rounds.count};
  append_division(rows.constants, sizes.updates.inner / lanes);
  append_division(rows.constants, m);
  rows.constants.insert(rows.constants.end(),
                        {sizes.data.extent, static_cast<std::uint32_t>(sizes.attributes.reduction)});
  rows.groups = rounds.groups;
  rows.bytes = 3.0 * static_cast<double>(request.inputs[2].bytes());
  return {{std::move(copy), std::move(links), std::move(rows)}, {std::uint64_t{m} * 8}};
}

KernelDispatches emit_scan(const KernelRequest& request) {
  const Geometry sizes = geometry(request);
  const auto count = static_cast<std::uint32_t>(request.outputs[0].shape.elements());
  const Rounds rounds = rounds_for(count, request.caps);
  Dispatch dispatch{fmt::format("scatter/scan.{}", element(request)), {rounds.size, 1, 1}};
  dispatch.buffers = {reads_input(0), reads_input(1), reads_input(2), writes_output(0)};
  dispatch.constants = {count, rounds.count};
  append_division(dispatch.constants, sizes.data.inner);
  append_division(dispatch.constants, sizes.data.extent);
  dispatch.constants.insert(dispatch.constants.end(), {sizes.updates.extent, sizes.attributes.by_row ? 1u : 0u,
                                                       static_cast<std::uint32_t>(sizes.attributes.reduction)});
  dispatch.groups = rounds.groups;
  dispatch.bytes =
      static_cast<double>(2 * request.inputs[0].bytes() + request.inputs[1].bytes() + request.inputs[2].bytes());
  dispatch.flops = static_cast<double>(count) * sizes.updates.extent;
  return {{std::move(dispatch)}, {}};
}

}  // namespace

std::vector<Kernel> scatter_kernels() {
  return {{"rows_vec4", refuse_rows_vec4, emit_rows<4>},
          {"rows", refuse_few, emit_rows<1>},
          {"scan", refuse_large, emit_scan}};
}

}  // namespace tuff
