// What the pooling ops' kernels need of them: shared by pool.cpp, unpool.cpp and pool_kernels.cpp.
#pragma once

#include <string>

#include "graph/op.h"
#include "ops/pool.h"

namespace tuff {

// An op over pooling windows: resolved attributes and the unpooled tensor's shape.
class PoolOp : public Op {
 public:
  PoolOp(PoolAttributes attributes, Shape unpooled)
      : attributes_(std::move(attributes)), unpooled_(std::move(unpooled)) {}
  const PoolAttributes& values() const { return attributes_; }
  const Shape& unpooled() const { return unpooled_; }

  std::string attributes() const override { return to_string(attributes_) + " unpooled=" + to_string(unpooled_); }

 private:
  PoolAttributes attributes_;
  Shape unpooled_;
};

// Of max_pool's op; null of any other.
const PoolAttributes* max_pool_attributes(const Op& op);

}  // namespace tuff
