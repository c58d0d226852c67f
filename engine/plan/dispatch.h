// One compute dispatch as plain data: which shader, with which constants, over which buffers.
//
// Convention between dispatches and shaders: specialization constants 0, 1 and 2 are the workgroup's
// size; the push-constant block holds the addresses of `buffers` in order (8 bytes each), then
// `constants` (4 bytes each); together at most 128 bytes.
#pragma once

#include <array>
#include <bit>
#include <cstdint>
#include <string>
#include <vector>

namespace tuff {

// What a dispatch refers to: an input or output of its node, scratch memory of its kernel, or, where it reads through
// input `of` (Kernel::reads_through), an input or output of the node that computes that.
struct Operand {
  enum class Kind : std::uint8_t { input, output, workspace, producer_input, producer_output };
  Kind kind = Kind::input;
  std::uint32_t index = 0;
  std::uint32_t of = 0;
};

enum class Access : std::uint8_t { read, write, read_write };

struct BufferUse {
  Operand operand;
  Access access = Access::read;
  std::uint64_t offset = 0;  // bytes from the operand's start; the address pushed points here
  std::uint64_t size = 0;    // bytes touched from offset; 0: to the operand's end
};

inline BufferUse reads_input(std::uint32_t index) {
  return {{Operand::Kind::input, index}, Access::read};
}
inline BufferUse writes_output(std::uint32_t index) {
  return {{Operand::Kind::output, index}, Access::write};
}
inline BufferUse reads_workspace(std::uint32_t index) {
  return {{Operand::Kind::workspace, index}, Access::read};
}
inline BufferUse writes_workspace(std::uint32_t index) {
  return {{Operand::Kind::workspace, index}, Access::write};
}
inline BufferUse reads_producer_input(std::uint32_t of, std::uint32_t index) {
  return {{Operand::Kind::producer_input, index, of}, Access::read};
}
inline BufferUse reads_producer_output(std::uint32_t of, std::uint32_t index) {
  return {{Operand::Kind::producer_output, index, of}, Access::read};
}
inline BufferUse updates_input(std::uint32_t index) {
  return {{Operand::Kind::input, index}, Access::read_write};
}

struct Dispatch {
  std::string shader;                         // "conv/implicit_gemm.f32": a name in the shader table
  std::vector<std::uint32_t> specialization;  // constants 0, 1, 2, ...; 0 to 2 are the workgroup's size
  std::vector<BufferUse> buffers;
  std::vector<std::uint32_t> constants;  // 32-bit push constants after the addresses
  std::array<std::uint32_t, 3> groups = {1, 1, 1};
  // The shader knows its place from linear_group() alone and does nothing beyond its last: the groups may be folded
  // otherwise, and run in several dispatches where one would take too long.
  bool linear = false;
  // The workgroup must consist of whole subgroups of DeviceCaps::subgroup_size.
  bool whole_subgroups = false;
  double flops = 0;  // arithmetic that the algorithm needs, for rates and budgets
  double bytes = 0;  // memory traffic that it needs at least
};

// A float among specialization or push constants.
inline std::uint32_t float_bits(float value) {
  return std::bit_cast<std::uint32_t>(value);
}

}  // namespace tuff
