#include "ops/resample.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/error.h"
#include "ops/division.h"
#include "ops/spatial.h"

namespace tuff {

ResampleTable resample_table(std::int64_t in, const std::vector<ResampleTaps>& results) {
  ResampleTable table{in, static_cast<std::int64_t>(results.size()), 1, {}, {}};
  for (const ResampleTaps& taps : results) {
    std::int64_t least = in, most = -1;
    for (const auto& [source, weight] : taps) {
      if (weight == 0) continue;
      least = std::min(least, source);
      most = std::max(most, source);
    }
    table.first.push_back(static_cast<std::int32_t>(most < 0 ? 0 : least));
    table.taps = std::max(table.taps, most - least + 1);
  }
  std::vector<double> weights(static_cast<std::size_t>(table.out * table.taps), 0);
  for (std::size_t o = 0; o < results.size(); ++o) {
    table.first[o] = std::min(table.first[o], static_cast<std::int32_t>(in - table.taps));
    for (const auto& [source, weight] : results[o])
      if (weight != 0)
        weights[o * static_cast<std::size_t>(table.taps) + static_cast<std::size_t>(source - table.first[o])] += weight;
  }
  table.weights.assign(weights.begin(), weights.end());
  return table;
}

ResampleTable transposed(const ResampleTable& table) {
  std::vector<ResampleTaps> results(static_cast<std::size_t>(table.in));
  for (std::int64_t o = 0; o < table.out; ++o)
    for (std::int64_t t = 0; t < table.taps; ++t)
      results[static_cast<std::size_t>(table.first[static_cast<std::size_t>(o)] + t)].emplace_back(
          o, static_cast<double>(table.weights[static_cast<std::size_t>(o * table.taps + t)]));
  return resample_table(table.out, results);
}

ResampleTable mirror_table(std::int64_t extent) {
  std::vector<ResampleTaps> results;
  for (std::int64_t o = 0; o < extent; ++o) results.push_back({{extent - 1 - o, 1.0}});
  return resample_table(extent, results);
}

std::int64_t mirrored_index(std::int64_t at, std::int64_t extent) {
  const std::int64_t period = std::max<std::int64_t>(2 * (extent - 1), 1);
  const std::int64_t place = (at % period + period) % period;
  return extent == 1 ? 0 : std::min(place, period - place);
}

Value resample(Value x, int axis, const ResampleTable& table) {
  const int rank = x.shape().rank();
  if (axis < -rank || axis >= rank)
    throw Error(fmt::format("resample: x ({}) has no axis {}", to_string(x.type()), axis));
  if (axis < 0) axis += rank;
  auto op = std::make_shared<Resample>(axis, std::make_shared<const ResampleTable>(table));
  const Value first = x.graph().constant(HostTensor::from_ints({table.out}, table.first));
  const Value weights = x.graph().constant(HostTensor::from_floats({table.out, table.taps}, table.weights));
  return x.graph().add(std::move(op), {x, first, weights}).front();
}

// The table is an input.
std::string Resample::attributes() const {
  return fmt::format("axis={} taps={}", axis_, table_->taps);
}

std::vector<TensorType> Resample::infer(std::span<const TensorType> inputs) const {
  const TensorType& x = inputs[0];
  if (x.dtype != DType::f32) throw Error(fmt::format("resample: x must be f32, got {}", to_string(x)));
  if (x.shape[axis_] != table_->in)
    throw Error(fmt::format("resample: axis {} of x ({}) has {} elements, the table takes {}", axis_, to_string(x),
                            x.shape[axis_], table_->in));
  std::vector<std::int64_t> extents = x.shape.extents();
  extents[static_cast<std::size_t>(axis_)] = table_->out;
  return {{DType::f32, Shape(std::move(extents)), x.layout}};
}

std::vector<Value> Resample::gradient(const GradientContext& context) const {
  return {resample(context.upstream[0], axis_, transposed(*table_)), {}, {}};
}

// ---- kernels ------------------------------------------------------------------------------------

namespace {

// Elements between neighbours along the axis, of x and y alike.
std::int64_t inner_elements(const KernelRequest& request) {
  return strides(request.outputs[0])[static_cast<std::size_t>(static_cast<const Resample&>(request.op).axis())];
}

std::optional<std::string> refuse_vec4(const KernelRequest& request) {
  if (auto reason = refuse_large(request)) return reason;
  if (inner_elements(request) % 4 != 0)
    return fmt::format("neighbours lie {} elements apart, no multiple of 4", inner_elements(request));
  return std::nullopt;
}

template <std::uint32_t lanes>
KernelDispatches emit_gather(const KernelRequest& request) {
  const ResampleTable& table = static_cast<const Resample&>(request.op).table();
  const auto count = static_cast<std::uint32_t>(request.outputs[0].shape.elements()) / lanes;
  const Rounds rounds = rounds_for(count, request.caps);
  Dispatch dispatch;
  dispatch.shader = lanes == 4 ? "resample/gather.vec4" : "resample/gather.scalar";
  dispatch.specialization = {rounds.size, 1, 1};
  dispatch.buffers = {reads_input(0), reads_input(1), reads_input(2), writes_output(0)};
  dispatch.constants = {count, rounds.count, static_cast<std::uint32_t>(table.in),
                        static_cast<std::uint32_t>(table.taps)};
  append_division(dispatch.constants, static_cast<std::uint32_t>(inner_elements(request)) / lanes);
  append_division(dispatch.constants, static_cast<std::uint32_t>(table.out));
  dispatch.groups = rounds.groups;
  dispatch.linear = true;
  dispatch.flops = 2.0 * static_cast<double>(request.outputs[0].shape.elements()) * static_cast<double>(table.taps);
  dispatch.bytes = static_cast<double>(request.inputs[0].bytes() + request.outputs[0].bytes());
  return {{std::move(dispatch)}, {}};
}

}  // namespace

std::vector<Kernel> resample_kernels() {
  return {{"gather_vec4", refuse_vec4, emit_gather<4>}, {"gather", refuse_large, emit_gather<1>}};
}

}  // namespace tuff
