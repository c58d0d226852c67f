// Kernel candidates of pointwise: one shader whose specialization constants are the program.
#include <fmt/format.h>

#include <algorithm>

#include "ops/division.h"
#include "ops/pointwise.h"
#include "ops/spatial.h"

namespace tuff {
namespace {

const Pointwise& pointwise_of(const KernelRequest& request) {
  return static_cast<const Pointwise&>(request.op);
}

std::uint32_t encode(const PointwiseInstruction& instruction, std::uint32_t scalar) {
  const auto& [a, b, c] = instruction.operands;
  return static_cast<std::uint32_t>(instruction.opcode) | std::uint32_t{a} << 8 | std::uint32_t{b} << 13 |
         std::uint32_t{c} << 18 | scalar << 23;
}

// `elements` an invocation: 1 or 4.
Dispatch dispatch(const KernelRequest& request, std::uint32_t elements) {
  const PointwiseProgram& program = pointwise_of(request).program();
  const TensorType& result = request.outputs[0];
  const auto count = static_cast<std::uint32_t>(result.shape.elements());
  const auto channels = static_cast<std::uint32_t>(result.shape.channels());
  const auto sample = static_cast<std::uint32_t>(result.shape.elements() / result.shape.batch());

  const std::size_t length = program.instructions.size();
  const int steps = length == 1   ? 1
                    : length <= 4 ? 4
                    : length <= 8 ? 8
                                  : kPointwiseInstructions;  // of the shader's variants
  // Longer programs compute more than they load.
  const bool wide =
      request.caps.is_cpu() && request.caps.int64 && elements == 4 && steps <= 4 && !needs_functions(program);
  const Rounds rounds = rounds_for(count / elements, request.caps);
  Dispatch dispatch{fmt::format("pointwise/program.{}{}_{}{}", needs_functions(program) ? "functions_" : "",
                                elements == 4 ? "vec4" : "f32", steps, wide ? "_wide" : ""),
                    {rounds.size, 1, 1}};
  std::uint32_t accesses = 0;
  for (std::uint32_t input = 0; input < kPointwiseInputs; ++input) {
    const bool there = input < request.inputs.size();
    dispatch.buffers.push_back(reads_input(there ? input : 0));  // the shader never reads those that aren't there
    if (!there) continue;
    accesses |= static_cast<std::uint32_t>(*pointwise_access(request.inputs[input], result)) << 4 * input;
    dispatch.bytes += static_cast<double>(request.inputs[input].bytes());
  }
  dispatch.buffers.push_back(writes_output(0));
  dispatch.bytes += static_cast<double>(result.bytes());

  dispatch.specialization.insert(
      dispatch.specialization.end(),
      {accesses, static_cast<std::uint32_t>(program.inputs), static_cast<std::uint32_t>(length), rounds.shares_loads});
  const Division by_channels = division(std::max(channels, 2u)), by_sample = division(std::max(sample, 2u));
  dispatch.constants = {
      count,           channels,    sample, by_channels.multiplier, by_channels.shift, by_sample.multiplier,
      by_sample.shift, rounds.count};
  std::uint32_t scalars = 0;
  for (const PointwiseInstruction& instruction : program.instructions) {
    dispatch.specialization.push_back(encode(instruction, scalars));
    if (!pointwise_row(instruction.opcode).immediate) continue;
    dispatch.constants.push_back(float_bits(instruction.immediate));
    ++scalars;
  }
  dispatch.constants.resize(8 + kPointwiseImmediates, 0);
  dispatch.groups = rounds.groups;
  dispatch.flops = static_cast<double>(count) * static_cast<double>(length);
  return dispatch;
}

std::optional<std::string> refuse_vec4(const KernelRequest& request) {
  if (auto reason = refuse_large(request)) return reason;
  const TensorType& result = request.outputs[0];
  if (result.shape.elements() % 4 != 0) return fmt::format("{} isn't a multiple of 4 elements", to_string(result));
  for (const TensorType& input : request.inputs) {
    const PointwiseAccess access = *pointwise_access(input, result);
    if (access == PointwiseAccess::same || access == PointwiseAccess::scalar) continue;
    if (result.shape.channels() % 4 != 0)
      return fmt::format("{} is read by channel or pixel of {}, whose channels aren't a multiple of 4",
                         to_string(input), to_string(result));
  }
  return std::nullopt;
}

}  // namespace

std::vector<Kernel> pointwise_kernels() {
  return {
      {"program_vec4", refuse_vec4,
       [](const KernelRequest& request) {
         return KernelDispatches{{dispatch(request, 4)}, {}};
       }},
      {"program", refuse_large,
       [](const KernelRequest& request) {
         return KernelDispatches{{dispatch(request, 1)}, {}};
       }},
  };
}

}  // namespace tuff
