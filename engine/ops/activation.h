// Activation functions composed of ops/pointwise.h's (which has relu, leaky_relu, sigmoid, tanh), with PyTorch's names,
// defaults, special values and gradients, also where a slope changes. f32 of any shape; passes/fuse_pointwise makes one
// kernel of each.
#pragma once

#include "graph/graph.h"

namespace tuff {

// x where positive, else weight * x. weight: (1), or (C), one for each channel of x (N, C, spatial...), or of a shape
// that broadcasts to x.
Value prelu(Value x, Value weight);

Value elu(Value x, float alpha = 1);  // x, alpha (exp(x) - 1) below 0 (Clevert et al. 2016)
Value selu(Value x);                  // Klambauer et al. 2017
// ONNX's Selu with other numbers than the paper's: gamma (x, alpha (exp(x) - 1) below 0).
Value selu(Value x, float alpha, float gamma);
Value celu(Value x, float alpha = 1);  // x, alpha (exp(x / alpha) - 1) below 0; alpha isn't 0, else Error

enum class GeluApproximation : std::uint8_t { none, tanh };
Value gelu(Value x, GeluApproximation approximate = GeluApproximation::none);  // Hendrycks & Gimpel 2016
Value silu(Value x);                                                           // x sigmoid(x), also known as swish
Value mish(Value x);                                                           // x tanh(softplus(x))

Value hardtanh(Value x, float min_val = -1, float max_val = 1);
Value relu6(Value x);
// clamp(alpha x + beta, 0, 1). PyTorch's numbers; ONNX's alpha is 0.2 by default.
Value hardsigmoid(Value x, float alpha = 1.0f / 6, float beta = 0.5f);
Value hardswish(Value x);  // x relu6(x + 3) / 6

// log(1 + exp(beta x)) / beta, and x itself where beta x exceeds the threshold. beta isn't 0, else Error.
Value softplus(Value x, float beta, float threshold = 20);
Value logsigmoid(Value x);
Value softsign(Value x);                                    // x / (1 + |x|)
Value tanhshrink(Value x);                                  // x - tanh(x)
Value softshrink(Value x, float lambd = 0.5f);              // drawn by lambd towards 0; lambd is 0 or more, else Error
Value hardshrink(Value x, float lambd = 0.5f);              // 0 where |x| <= lambd
Value shrink(Value x, float lambd = 0.5f, float bias = 0);  // ONNX: drawn by bias towards 0 where |x| > lambd, else 0
Value threshold(Value x, float threshold, float value);     // value where x <= threshold
Value thresholded_relu(Value x, float alpha = 1);           // ONNX: 0 where x <= alpha

}  // namespace tuff
