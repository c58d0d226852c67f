// Joins tensors along one axis (torch.cat). The axis defaults to channels, the U-Net's skip connection.
#pragma once

#include <vector>

#include "graph/graph.h"
#include "plan/kernel.h"

namespace tuff {

// All of one rank, dtype and layout, equal in every axis but `axis` (negative counts from the last). Errors name the
// shapes. A single tensor is returned as it is.
Value concat(const std::vector<Value>& values, int axis = 1);

// Joins tensors of one shape along a new axis, number `axis` of the result (torch.stack).
Value stack(const std::vector<Value>& values, int axis = 0);

struct ConcatAttributes {
  int axis = 1;
  bool operator==(const ConcatAttributes&) const = default;
};

// Some or all channels of an image that a kernel reads, and where.
struct ChannelPiece {
  Operand from;
  std::uint32_t first = 0, channels = 0;
};

// Input `of` as the tensors that `producer` joins along the channels; none where it does something else.
std::vector<ChannelPiece> joined_pieces(std::uint32_t of, const Producer& producer);

// The same for an input that a kernel may read through, the whole input where it doesn't.
std::vector<ChannelPiece> pieces_of_input(const KernelRequest& request, std::uint32_t input);

std::vector<Kernel> concat_kernels();

}  // namespace tuff
