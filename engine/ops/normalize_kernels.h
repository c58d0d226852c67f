// The ops of normalize.cpp as their kernels see them.
#pragma once

#include "graph/op.h"
#include "ops/normalize.h"

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

}  // namespace tuff
