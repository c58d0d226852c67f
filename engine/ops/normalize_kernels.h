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

 private:
  NormalizeAttributes attributes_;
};

}  // namespace tuff
