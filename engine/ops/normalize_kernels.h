// The ops of normalize.cpp as their kernels see them.
#pragma once

#include <optional>
#include <vector>

#include "graph/op.h"
#include "ops/normalize.h"
#include "plan/kernel.h"

namespace tuff {

class NormalizeOp : public Op {
 public:
  explicit NormalizeOp(NormalizeAttributes attributes) : attributes_(attributes) {}
  const NormalizeAttributes& values() const { return attributes_; }
  std::string attributes() const override;
  // Which input running_mean is; running_var follows it.
  std::uint32_t running_input() const { return attributes_.affine ? 3 : 1; }

 private:
  NormalizeAttributes attributes_;
};

// What a kernel needs to compute the output of a norm with statistics of a whole batch while it reads what that was
// computed from, bit for bit as normalize/apply.comp does.
struct NormalizedInput {
  Operand x, mean, variance;
  Operand weight, bias;  // x where there are none
  bool affine = false;
  bool relu = false;
  float eps = 0;

  std::vector<Operand> operands() const;
};

// Where input `of` is such an output, of f32; else nothing.
std::optional<NormalizedInput> normalized_input(std::uint32_t of, const Producer& producer);

}  // namespace tuff
