#include "ops/gather.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <numeric>
#include <span>

#include "base/error.h"
#include "ops/axis.h"
#include "ops/division.h"
#include "ops/fill.h"
#include "ops/reshape.h"
#include "ops/scatter.h"
#include "ops/slice.h"
#include "ops/spatial.h"

namespace tuff {
namespace {

bool row_major_or_channels_last(const TensorType& type) {
  return size_of(type.dtype) == 4 && (type.layout == Layout::channels_last || type.shape.rank() < 3);
}

class Gather : public Op {
 public:
  explicit Gather(GatherAttributes attributes) : attributes_(attributes) {}
  const GatherAttributes& values() const { return attributes_; }

  std::string_view name() const override { return "gather"; }
  std::string attributes() const override {
    return fmt::format("axis={} by_row={} missing={}", attributes_.axis, attributes_.by_row, attributes_.missing);
  }

  HalfOperands half_operands(std::span<const TensorType>) const override { return {{0}, {0}}; }
  std::vector<TensorType> infer(std::span<const TensorType> inputs) const override {
    const TensorType &x = inputs[0], &index = inputs[1];
    const int axis = attributes_.axis;
    if (!row_major_or_channels_last(x) || !row_major_or_channels_last(index) || index.dtype != DType::i32)
      throw Error(fmt::format("gather: x ({}) must be f32 or i32, the index ({}) i32, both channels-last", to_string(x),
                              to_string(index)));
    bool fits = attributes_.by_row ? index.shape.rank() == 1 : index.shape.rank() == x.shape.rank();
    std::vector<std::int64_t> extents = x.shape.extents();
    for (int a = 0; fits && !attributes_.by_row && a < x.shape.rank(); ++a)
      fits = a == axis || index.shape[a] == x.shape[a];
    if (!fits)
      throw Error(
          fmt::format("gather: index {} doesn't fit x ({}) along axis {}", to_string(index), to_string(x), axis));
    extents[static_cast<std::size_t>(axis)] = attributes_.by_row ? index.shape[0] : index.shape[axis];
    return {{x.dtype, Shape(std::move(extents))}};
  }

  std::vector<Value> gradient(const GradientContext& context) const override {
    const Value none = zeros(context.inputs[0].graph(), context.inputs[0].type());
    return {scatter(none, context.inputs[1], context.upstream[0], {attributes_.axis, attributes_.by_row}), {}};
  }

 private:
  GatherAttributes attributes_;
};

// Tuples (count, depth) to rows of a tensor (batches, extents...).
class FlattenIndex : public Op {
 public:
  FlattenIndex(std::vector<std::int64_t> extents, std::int64_t batches)
      : extents_(std::move(extents)), batches_(batches) {}
  const std::vector<std::int64_t>& extents() const { return extents_; }
  std::int64_t batches() const { return batches_; }

  std::string_view name() const override { return "flatten_index"; }
  std::string attributes() const override {
    return fmt::format("extents={} batches={}", fmt::join(extents_, "x"), batches_);
  }

  std::vector<TensorType> infer(std::span<const TensorType> inputs) const override {
    return {{DType::i32, Shape{inputs[0].shape[0]}}};
  }

 private:
  std::vector<std::int64_t> extents_;
  std::int64_t batches_;
};

// The values of a constant index, whose components go by turns along axes of these extents.
void require_inside(std::string_view op, Value index, std::span<const std::int64_t> extents) {
  const Source& source = index.graph().info(index).source;
  if (source.kind != Source::Kind::constant) return;
  std::size_t component = 0;
  for (const std::int32_t value : source.data->ints()) {
    const std::int64_t extent = extents[component++ % extents.size()];
    if (value < -extent || value >= extent)
      throw Error(fmt::format("{}: index {} lies outside of an axis of extent {}", op, value, extent));
  }
}

Value as_channels_last(Value x) {
  return reshape(x, Shape(x.shape()), Layout::channels_last);
}

}  // namespace

// ---- builders -----------------------------------------------------------------------------------

void require_index(std::string_view op, Value index, std::int64_t extent) {
  if (index.dtype() != DType::i32)
    throw Error(fmt::format("{}: the index must be i32, got {}", op, to_string(index.type())));
  const std::int64_t extents[] = {extent};
  require_inside(op, index, extents);
}

Value gather(Value x, Value index, const GatherAttributes& attributes) {
  return x.graph().add(std::make_shared<Gather>(attributes), {x, index})[0];
}

Value gather(Value x, int axis, Value index) {
  if (x.shape().rank() == 0 && index.shape().rank() == 0)
    return reshape(gather(reshape(x, {1}), axis, reshape(index, {1})), {});
  axis = checked_axis("gather", "x", axis, x.type());
  require_index("gather", index, x.shape()[axis]);
  const Shape shape = x.shape(), wanted = index.shape();
  std::vector<std::int64_t> ends = shape.extents();
  bool fits = shape.rank() == wanted.rank();
  for (int a = 0; fits && a < shape.rank(); ++a) {
    if (a == axis) continue;
    fits = wanted[a] <= shape[a];
    ends[static_cast<std::size_t>(a)] = wanted[a];
  }
  if (!fits)
    throw Error(fmt::format("gather: index {} must have the rank of x ({}) and be no larger but along axis {}",
                            to_string(index.type()), to_string(x.type()), axis));
  x = slice(as_channels_last(x), std::vector<std::int64_t>(ends.size(), 0), ends);
  return gather(x, as_channels_last(index), GatherAttributes{axis});
}

Value index_select(Value x, int axis, Value index) {
  axis = checked_axis("index_select", "x", axis, x.type());
  require_index("index_select", index, x.shape()[axis]);
  if (index.shape().rank() != 1)
    throw Error(
        fmt::format("index_select: the index must be a vector, got {}; take() has any rank", to_string(index.type())));
  return gather(as_channels_last(x), index, {axis, true});
}

Value take(Value x, int axis, Value index) {
  axis = checked_axis("take", "x", axis, x.type());
  require_index("take", index, x.shape()[axis]);
  const std::vector<std::int64_t> wanted = index.shape().extents();
  std::vector<std::int64_t> extents = x.shape().extents();
  extents.insert(extents.erase(extents.begin() + axis), wanted.begin(), wanted.end());
  return reshape(index_select(x, axis, reshape(index, {-1})), std::move(extents));
}

Value embedding(Value weight, Value index) {
  if (weight.shape().rank() != 2)
    throw Error(fmt::format("embedding: weight must be (rows, features), got {}", to_string(weight.type())));
  return take(weight, 0, index);
}

FlatIndex flatten_index(std::string_view op, const Shape& x, Value indices, int batch_dims) {
  const Shape tuples = indices.shape();
  const int depth = tuples.rank() == 0 ? 0 : static_cast<int>(std::min<std::int64_t>(tuples[tuples.rank() - 1], 99));
  bool fits = indices.dtype() == DType::i32 && batch_dims >= 0 && depth >= 1 && depth <= 8 &&
              batch_dims + depth <= x.rank() && batch_dims < tuples.rank();
  for (int axis = 0; fits && axis < batch_dims; ++axis) fits = x[axis] == tuples[axis];
  if (!fits)
    throw Error(
        fmt::format("{}: indices {} with batch_dims {} don't fit {}: i32 (batch..., ..., k), k at most 8 and x's "
                    "axes after the batch",
                    op, to_string(indices.type()), batch_dims, to_string(x)));
  const auto split = x.extents().begin() + batch_dims, rest = split + depth;
  FlatIndex flat;
  flat.lead.assign(tuples.extents().begin(), tuples.extents().end() - 1);
  flat.taken.assign(x.extents().begin(), rest);
  flat.rest.assign(rest, x.extents().end());
  const std::int64_t batches = std::accumulate(x.extents().begin(), split, std::int64_t{1}, std::multiplies<>());
  require_inside(op, indices,
                 std::span(x.extents()).subspan(static_cast<std::size_t>(batch_dims), static_cast<std::size_t>(depth)));
  const Value plain = reshape(indices, {-1, depth});
  flat.rows =
      plain.graph().add(std::make_shared<FlattenIndex>(std::vector<std::int64_t>(split, rest), batches), {plain})[0];
  return flat;
}

Value gather_nd(Value x, Value indices, int batch_dims) {
  FlatIndex flat = flatten_index("gather_nd", Shape(x.shape()), indices, batch_dims);
  const std::int64_t inner = Shape(flat.rest).elements();
  const Value rows = gather(reshape(x, {-1, inner}), flat.rows, {0, true});
  std::vector<std::int64_t> extents = flat.lead;
  extents.insert(extents.end(), flat.rest.begin(), flat.rest.end());
  return reshape(rows, std::move(extents));
}

// ---- kernels ------------------------------------------------------------------------------------

GatherRows gather_rows(const TensorType& type, int axis) {
  GatherRows rows;
  std::uint32_t* part = &rows.outer;
  for (const int a : memory_order(type)) {
    if (a == axis) {
      rows.extent = static_cast<std::uint32_t>(type.shape[a]);
      part = &rows.inner;
    } else {
      *part *= static_cast<std::uint32_t>(type.shape[a]);
    }
  }
  return rows;
}

namespace {

std::optional<std::string> refuse_gather_vec4(const KernelRequest& request) {
  if (auto reason = refuse_large(request)) return reason;
  const GatherAttributes& attributes = static_cast<const Gather&>(request.op).values();
  if (!attributes.by_row) return "every element has an index of its own";
  const std::uint32_t inner = gather_rows(request.inputs[0], attributes.axis).inner;
  if (inner % 4 != 0) return fmt::format("{} elements of one index are no multiple of 4", inner);
  return std::nullopt;
}

template <std::uint32_t lanes>
KernelDispatches emit_gather(const KernelRequest& request) {
  const GatherAttributes& attributes = static_cast<const Gather&>(request.op).values();
  const GatherRows from = gather_rows(request.inputs[0], attributes.axis);
  const GatherRows to = gather_rows(request.outputs[0], attributes.axis);
  const std::uint32_t count = static_cast<std::uint32_t>(request.outputs[0].shape.elements()) / lanes;
  const Rounds rounds = rounds_for(count, request.caps);
  Dispatch dispatch{lanes == 4 ? "gather/gather.vec4" : "gather/gather.scalar", {rounds.size, 1, 1}};
  dispatch.buffers = {reads_input(0), reads_input(1), writes_output(0)};
  dispatch.constants = {count, rounds.count};
  append_division(dispatch.constants, to.inner / lanes);
  append_division(dispatch.constants, to.extent);
  const std::uint32_t missing = request.inputs[0].dtype != DType::i32 ? float_bits(attributes.missing) : 0;
  dispatch.constants.insert(dispatch.constants.end(), {from.extent, attributes.by_row ? 1u : 0u, missing});
  dispatch.groups = rounds.groups;
  dispatch.bytes = static_cast<double>(request.inputs[1].bytes() + 2 * request.outputs[0].bytes());
  return {{std::move(dispatch)}, {}};
}

KernelDispatches emit_flatten(const KernelRequest& request) {
  const auto& op = static_cast<const FlattenIndex&>(request.op);
  const auto count = static_cast<std::uint32_t>(request.outputs[0].shape.elements());
  const Rounds rounds = rounds_for(count, request.caps);
  Dispatch dispatch{
      "gather/flatten_index.scalar", {rounds.size, 1, 1}, {reads_input(0), writes_output(0)}, {count, rounds.count}};
  append_division(dispatch.constants, count / static_cast<std::uint32_t>(op.batches()));
  dispatch.constants.push_back(static_cast<std::uint32_t>(op.extents().size()));
  for (const std::int64_t extent : op.extents()) dispatch.constants.push_back(static_cast<std::uint32_t>(extent));
  dispatch.constants.resize(2 + 3 + 1 + 8, 1);
  dispatch.groups = rounds.groups;
  dispatch.bytes = static_cast<double>(request.inputs[0].bytes() + request.outputs[0].bytes());
  return {{std::move(dispatch)}, {}};
}

}  // namespace

std::vector<Kernel> gather_kernels() {
  return {{"rows_vec4", refuse_gather_vec4, emit_gather<4>}, {"gather", refuse_large, emit_gather<1>}};
}

std::vector<Kernel> flatten_index_kernels() {
  return {{"flatten", refuse_large, emit_flatten}};
}

}  // namespace tuff
