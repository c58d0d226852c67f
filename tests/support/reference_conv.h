// Convolution, transposed convolution and the weight gradient in double precision, as plain loops over PyTorch's
// definitions.
#pragma once

#include "ops/conv_geometry.h"
#include "support/array.h"

namespace tuff::test {

// `bias` may be null; the attributes' activation is applied. Attributes may be incomplete, as conv() takes them.
Array conv_reference(const Array& x, const Array& weight, const Array* bias, const ConvAttributes& attributes);

// The scatter that defines it: each input pixel times the kernel is added where it falls.
Array conv_transpose_reference(const Array& x, const Array& weight, const Array* bias,
                               const ConvAttributes& attributes);

Array conv_weight_gradient_reference(const Array& x, const Array& upstream, const Shape& weight,
                                     const ConvAttributes& attributes);

}  // namespace tuff::test
