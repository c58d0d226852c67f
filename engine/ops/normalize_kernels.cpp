// Passes over x in parts, so that every invocation has its own rows and channels, then small reductions of the parts:
// forward moments -> (combine) -> finish -> apply, backward sums -> (combine) -> finish -> apply. The number of parts
// depends on shape and device alone.
#include "ops/normalize_kernels.h"

#include <fmt/format.h>

#include <algorithm>

#include "ops/spatial.h"

namespace tuff {
namespace {

// x as in shaders/normalize/parts.glsl.
struct Pieces {
  std::uint32_t samples = 1;
  std::uint32_t rows = 1;
  std::uint32_t vectors = 1;
  std::uint32_t channels = 1;
  std::uint32_t groups = 0;
  std::uint64_t statistics() const { return groups == 0 ? channels : std::uint64_t{samples} * groups; }
};

struct Parts {
  std::uint32_t count = 1;
  std::uint32_t block_rows = 1;
  std::uint32_t interleave = 1;
};

Pieces pieces_of(const NormalizeAttributes& attributes, const TensorType& x, std::uint32_t lanes) {
  const auto channels = static_cast<std::uint32_t>(x.shape.channels());
  const auto groups = static_cast<std::uint32_t>(attributes.groups);
  const auto batch = static_cast<std::uint32_t>(x.shape.batch());
  const auto spatial = static_cast<std::uint32_t>(x.shape.spatial());
  if (groups == 0) return {1, batch * spatial, channels / lanes, channels, 0};
  return {batch, spatial, channels / lanes, channels, groups};
}

// `wanted` invocations a core, each with at least `least_rows` rows.
Parts cut(const Pieces& pieces, std::uint64_t wanted, std::uint64_t least_rows, const DeviceCaps& caps) {
  const std::uint64_t lines = std::uint64_t{pieces.samples} * pieces.vectors;
  const std::uint64_t enough = (wanted * caps.cores + lines - 1) / lines;
  auto parts = static_cast<std::uint32_t>(std::max<std::uint64_t>(1, std::min(enough, pieces.rows / least_rows)));
  if (!caps.is_cpu()) return {parts, pieces.rows, parts};
  // On a CPU one subgroup's lanes share a block; the block is read from front to back.
  const std::uint32_t lanes = std::max(8u, caps.subgroup_size);
  const std::uint32_t interleave = std::clamp(lanes / pieces.vectors, 1u, parts);
  const std::uint32_t blocks = (parts + interleave - 1) / interleave;
  const std::uint32_t block_rows = (pieces.rows + blocks - 1) / blocks;
  return {blocks * interleave, (block_rows + interleave - 1) / interleave * interleave, interleave};
}

// The parts of the passes that reduce, and of those that write a result.
Parts reducing_parts(const Pieces& pieces, const DeviceCaps& caps) {
  Parts parts = cut(pieces, caps.is_cpu() ? 128 : 256, 16, caps);
  if (parts.count > 1024 && !caps.is_cpu()) parts = {1024, pieces.rows, 1024};
  return parts;
}

Parts writing_parts(const Pieces& pieces, const DeviceCaps& caps) {
  return cut(pieces, caps.is_cpu() ? 256 : 2048, caps.is_cpu() ? 16 : 4, caps);
}

// Whether a subgroup's lanes take neighbouring vectors in all turns.
bool walks_together(const Pieces& pieces, const Parts& parts, const DeviceCaps& caps) {
  return shares_loads(caps.subgroup_size, std::uint64_t{pieces.vectors} * parts.interleave, caps) &&
         pieces.rows % parts.interleave == 0 && parts.block_rows % parts.interleave == 0;
}

Dispatch pass(const char* shader, std::uint32_t lanes, const Pieces& pieces, const Parts& parts,
              const DeviceCaps& caps) {
  Dispatch dispatch;
  dispatch.shader = fmt::format("normalize/{}.{}", shader, vector_variant(lanes, caps));
  const bool shared = lanes == 4 && walks_together(pieces, parts, caps);
  const std::uint32_t size = shared ? caps.subgroup_size : kGroupSize;
  dispatch.specialization = {size, 1, 1, shared};
  dispatch.constants = {pieces.samples, pieces.rows, pieces.vectors, parts.count, parts.block_rows, parts.interleave};
  const std::uint64_t invocations = std::uint64_t{pieces.samples} * parts.count * pieces.vectors;
  dispatch.groups = folded_groups((invocations + size - 1) / size, caps);
  return dispatch;
}

void push_affine(const NormalizeAttributes& attributes, Dispatch& dispatch) {
  dispatch.constants.insert(dispatch.constants.end(), {static_cast<std::uint32_t>(attributes.groups),
                                                       float_bits(attributes.eps), attributes.affine ? 1u : 0u,
                                                       attributes.activation == NormalizeActivation::relu ? 1u : 0u});
}

Dispatch small(const char* shader, std::uint64_t invocations, const DeviceCaps& caps) {
  Dispatch dispatch;
  dispatch.shader = std::string("normalize/") + shader + ".scalar";
  dispatch.specialization = {kGroupSize, 1, 1};
  dispatch.groups = linear_groups(invocations, caps);
  return dispatch;
}

// Adds dispatches that reduce workspace 0's parts until the last step's serial loop is short. Returns the parts left;
// they lie in the last workspace.
std::uint32_t reduce_parts(const char* shader, std::uint64_t planes, const Pieces& pieces, std::uint32_t parts,
                           const DeviceCaps& caps, KernelDispatches& result) {
  const std::uint64_t line = std::uint64_t{pieces.samples} * pieces.channels;
  result.workspace_bytes.push_back(planes * 4 * line * parts);
  const std::uint32_t width = pieces.groups == 0 ? 1 : pieces.channels / pieces.groups;
  while (parts > 1 && std::uint64_t{parts} * width > 64) {
    const std::uint32_t fewer = parts > 64 ? 32 : 1;
    Dispatch dispatch = small(shader, line * fewer, caps);
    const auto from = static_cast<std::uint32_t>(result.workspace_bytes.size() - 1);
    dispatch.buffers = {reads_workspace(from), writes_workspace(from + 1)};
    dispatch.constants = {pieces.samples, parts, fewer, pieces.channels};
    result.dispatches.push_back(std::move(dispatch));
    result.workspace_bytes.push_back(planes * 4 * line * fewer);
    parts = fewer;
  }
  return parts;
}

std::optional<std::string> refuse_unless_whole_vectors(const KernelRequest& request) {
  const std::int64_t channels = request.outputs[0].shape.channels();
  if (channels % 4 != 0) return fmt::format("{} channels are no multiple of 4", channels);
  return refuse_large(request);
}

// The last pass of the forward direction, without its buffers.
Dispatch apply_pass(const NormalizeAttributes& attributes, const TensorType& x, std::uint32_t lanes,
                    const DeviceCaps& caps) {
  const Pieces pieces = pieces_of(attributes, x, lanes);
  Dispatch apply = pass("apply", lanes, pieces, writing_parts(pieces, caps), caps);
  push_affine(attributes, apply);
  apply.bytes = 2.0 * static_cast<double>(x.bytes());
  apply.flops = 3.0 * static_cast<double>(x.shape.elements());
  return apply;
}

template <std::uint32_t lanes>
KernelDispatches emit_forward(const KernelRequest& request) {
  const auto& op = static_cast<const NormalizeOp&>(request.op);
  const NormalizeAttributes& attributes = op.values();
  const TensorType& x = request.inputs[0];
  const Pieces pieces = pieces_of(attributes, x, lanes);
  const Parts reducing = reducing_parts(pieces, request.caps);
  const std::uint32_t weight = attributes.affine ? 1 : 0;
  const std::uint32_t bias = attributes.affine ? 2 : 0;
  KernelDispatches result;

  Dispatch moments = pass("moments", lanes, pieces, reducing, request.caps);
  moments.buffers = {reads_input(0), writes_workspace(0)};
  moments.bytes = static_cast<double>(x.bytes());
  moments.flops = 5.0 * static_cast<double>(x.shape.elements());
  result.dispatches.push_back(std::move(moments));
  const std::uint32_t parts = reduce_parts("combine", 3, pieces, reducing.count, request.caps, result);

  Dispatch finish = small("finish", pieces.statistics(), request.caps);
  finish.buffers = {reads_workspace(static_cast<std::uint32_t>(result.workspace_bytes.size() - 1)), writes_output(1),
                    writes_output(2)};
  const double count = static_cast<double>(pieces.rows) * pieces.samples;
  // Without running statistics the last four addresses are never used.
  if (attributes.running)
    finish.buffers.insert(finish.buffers.end(), {reads_input(op.running_input()), reads_input(op.running_input() + 1),
                                                 writes_output(3), writes_output(4)});
  else
    finish.buffers.insert(finish.buffers.end(), 4, writes_output(1));
  finish.constants = {pieces.samples,
                      parts,
                      pieces.channels,
                      pieces.groups,
                      attributes.running ? 1u + attributes.finite_running : 0u,
                      float_bits(attributes.momentum),
                      float_bits(static_cast<float>(count / (count - 1)))};
  result.dispatches.push_back(std::move(finish));

  Dispatch apply = apply_pass(attributes, x, lanes, request.caps);
  apply.buffers = {reads_input(0),
                   {{Operand::Kind::output, 1}, Access::read},
                   {{Operand::Kind::output, 2}, Access::read},
                   reads_input(weight),
                   reads_input(bias),
                   writes_output(0)};
  result.dispatches.push_back(std::move(apply));
  return result;
}

template <std::uint32_t lanes>
KernelDispatches emit_apply(const KernelRequest& request) {
  const NormalizeAttributes& attributes = static_cast<const NormalizeOp&>(request.op).values();
  Dispatch apply = apply_pass(attributes, request.inputs[0], lanes, request.caps);
  const std::uint32_t weight = attributes.affine ? 3 : 0;
  const std::uint32_t bias = attributes.affine ? 4 : 0;
  apply.buffers = {reads_input(0),      reads_input(1),    reads_input(2),
                   reads_input(weight), reads_input(bias), writes_output(0)};
  return {{std::move(apply)}, {}};
}

template <std::uint32_t lanes>
KernelDispatches emit_gradient(const KernelRequest& request) {
  const NormalizeAttributes& attributes = static_cast<const NormalizeOp&>(request.op).values();
  const TensorType& x = request.inputs[1];
  const Pieces pieces = pieces_of(attributes, x, lanes);
  const Parts reducing = reducing_parts(pieces, request.caps);
  const Parts writing = writing_parts(pieces, request.caps);
  const std::uint32_t weight = attributes.affine ? 4 : 2;
  const std::uint32_t bias = attributes.affine ? 5 : 2;
  KernelDispatches result;

  Dispatch sums = pass("gradient_sums", lanes, pieces, reducing, request.caps);
  sums.buffers = {reads_input(0),      reads_input(1),    reads_input(2),     reads_input(3),
                  reads_input(weight), reads_input(bias), writes_workspace(0)};
  push_affine(attributes, sums);
  sums.bytes = 2.0 * static_cast<double>(x.bytes());
  sums.flops = 6.0 * static_cast<double>(x.shape.elements());
  result.dispatches.push_back(std::move(sums));
  const std::uint32_t parts = reduce_parts("combine_sums", 2, pieces, reducing.count, request.caps, result);

  const auto last = static_cast<std::uint32_t>(result.workspace_bytes.size() - 1);
  const std::uint64_t statistics = pieces.statistics();
  result.workspace_bytes.push_back(8 * statistics);
  Dispatch finish = small("gradient_finish", std::max<std::uint64_t>(statistics, pieces.channels), request.caps);
  // Without weight and bias the last two addresses are never used.
  finish.buffers = {reads_workspace(last), reads_input(weight), writes_workspace(last + 1)};
  if (attributes.affine)
    finish.buffers.insert(finish.buffers.end(), {writes_output(1), writes_output(2)});
  else
    finish.buffers.insert(finish.buffers.end(), 2, writes_workspace(last + 1));
  finish.constants = {pieces.samples, parts, pieces.channels, pieces.groups, attributes.affine ? 1u : 0u, pieces.rows};
  result.dispatches.push_back(std::move(finish));

  Dispatch apply = pass("gradient_apply", lanes, pieces, writing, request.caps);
  apply.buffers = {reads_input(0),
                   reads_input(1),
                   reads_input(2),
                   reads_input(3),
                   reads_input(weight),
                   reads_input(bias),
                   reads_workspace(last + 1),
                   writes_output(0)};
  push_affine(attributes, apply);
  apply.bytes = 3.0 * static_cast<double>(x.bytes());
  apply.flops = 6.0 * static_cast<double>(x.shape.elements());
  result.dispatches.push_back(std::move(apply));
  return result;
}

}  // namespace

std::vector<Operand> NormalizedInput::operands() const {
  std::vector<Operand> all = {x, mean, variance};
  if (affine) all.insert(all.end(), {weight, bias});
  return all;
}

std::optional<NormalizedInput> normalized_input(std::uint32_t of, const Producer& producer) {
  if (producer.op == nullptr || producer.output != 0) return {};
  const bool again = producer.op->name() == "normalize_apply";
  if (!again && producer.op->name() != "normalize") return {};
  const NormalizeAttributes& attributes = static_cast<const NormalizeOp&>(*producer.op).values();
  if (attributes.groups != 0 || producer.inputs[0].dtype != DType::f32) return {};
  const auto input = [&](std::uint32_t index) { return reads_producer_input(of, index).operand; };
  const auto output = [&](std::uint32_t index) { return reads_producer_output(of, index).operand; };
  NormalizedInput result{input(0), again ? input(1) : output(1), again ? input(2) : output(2), input(0), input(0)};
  result.affine = attributes.affine;
  result.relu = attributes.activation == NormalizeActivation::relu;
  result.eps = attributes.eps;
  if (attributes.affine) {
    result.weight = input(again ? 3 : 1);
    result.bias = input(again ? 4 : 2);
  }
  return result;
}

std::vector<Kernel> normalize_kernels() {
  return {{"parts_vec4", refuse_unless_whole_vectors, emit_forward<4>}, {"parts", refuse_large, emit_forward<1>}};
}

std::vector<Kernel> normalize_apply_kernels() {
  return {{"parts_vec4", refuse_unless_whole_vectors, emit_apply<4>}, {"parts", refuse_large, emit_apply<1>}};
}

std::vector<Kernel> normalize_gradient_kernels() {
  return {{"parts_vec4", refuse_unless_whole_vectors, emit_gradient<4>}, {"parts", refuse_large, emit_gradient<1>}};
}

}  // namespace tuff
