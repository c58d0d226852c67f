// What grid_sample, its gradients and their kernels share.
#pragma once

#include <string>

#include "graph/op.h"
#include "ops/grid_sample.h"

namespace tuff {

class GridSampleOp : public Op {
 public:
  GridSampleOp(GridSampleAttributes attributes, Shape image) : attributes_(attributes), image_(std::move(image)) {}
  const GridSampleAttributes& values() const { return attributes_; }
  const Shape& image() const { return image_; }  // what is sampled: (N, C, spatial...)

  std::string attributes() const override;

 protected:
  // The result's shape; Error where the grid doesn't fit the image.
  Shape sampled(const TensorType& grid) const;

 private:
  GridSampleAttributes attributes_;
  Shape image_;
};

}  // namespace tuff
