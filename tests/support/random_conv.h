// Random convolutions that leave an output, few enough products for finite differences of a reference.
#pragma once

#include <string>

#include "ops/conv_geometry.h"
#include "support/random_shapes.h"

namespace tuff::test {

struct RandomConv {
  Shape x;
  Shape weight;
  ConvAttributes attributes;
};

std::string to_string(const RandomConv& conv);

RandomConv random_conv(ShapeDraws& draws);            // the weight as conv takes it
RandomConv random_conv_transpose(ShapeDraws& draws);  // as conv_transpose does

}  // namespace tuff::test
