// Normalization, and what is normalized along an axis: softmax.
#include "onnx/device_node.h"
#include "onnx/shapes.h"
#include "ops/expand.h"
#include "ops/layer_norm.h"
#include "ops/local_response_norm.h"
#include "ops/normalize.h"
#include "ops/pointwise.h"
#include "ops/reshape.h"
#include "ops/softmax.h"

namespace tuff::onnx {
namespace {

void batch_norm_node(DeviceNode& node) {
  const float eps = node.number("epsilon", 1e-5f), momentum = node.number("momentum", 0.9f);
  const bool training =
      node.opset() >= 14 ? node.integer("training_mode", 0) != 0 : node.opset() < 7 && node.integer("is_test", 0) == 0;
  if (node.integer("spatial", 1) == 0) node.unsupported("spatial=0");
  const Value x = node.rank(0) == 1 ? unsqueeze(node.real(0), 1) : node.real(0);  // (N) has one channel
  const Value weight = node.real(1), bias = node.real(2), mean = node.real(3), variance = node.real(4);
  const auto set_output = [&](Value y) { node.set(0, reshape(y, node.shape(0))); };
  const BatchNorm result = batch_norm(x, weight, bias, mean, variance, {.eps = eps, .training = false});
  if (!training) return set_output(result.output);
  // ONNX keeps the biased variance (PyTorch the unbiased one), so the running statistics are written here.
  const Normalized normalized = normalize(x, weight, bias, {.eps = eps});
  const auto updated = [&](Value running, Value of_batch) {
    return add(mul_scalar(running, momentum), mul_scalar(of_batch, 1 - momentum));
  };
  set_output(normalized.output);
  node.set(1, updated(mean, normalized.mean), node.type(3));
  node.set(2, updated(variance, normalized.variance), node.type(4));
}

void instance_norm_node(DeviceNode& node) {
  node.set(0, instance_norm(node.real(0), node.real(1), node.real(2), node.number("epsilon", 1e-5f)));
}

// Before opset 21 scale and bias had one number a group; then a channel.
void group_norm_node(DeviceNode& node) {
  const std::int64_t groups = node.integer("num_groups", 0), channels = node.rank(0) > 1 ? node.shape(0)[1] : 1;
  if (groups < 1 || channels % groups != 0) node.fail("its channels don't make that many groups");
  const auto per_channel = [&](std::size_t input) {
    const Value given = node.real(input);
    if (given.shape().elements() == channels || given.shape().elements() != groups) return given;
    const Value spread = expand(reshape(given, {groups, 1}), Shape{groups, channels / groups});
    return reshape(spread, {channels});
  };
  node.set(0, group_norm(node.real(0), groups, per_channel(1), per_channel(2), node.number("epsilon", 1e-5f)));
}

void layer_norm_node(DeviceNode& node) {
  const LayerNorm result = layer_norm_from(node.real(0), node.axis(node.integer("axis", -1), node.rank(0)),
                                           node.real(1), node.optional(2), node.number("epsilon", 1e-5f));
  node.set(0, result.output);
  node.set(1, result.mean, ElementType::f32);
  node.set(2, result.inv_std_dev, ElementType::f32);
}

void rms_norm_node(DeviceNode& node) {
  const Extents shape = node.shape(0);
  const Shape normalized(Extents(shape.begin() + node.axis(node.integer("axis", -1), node.rank(0)), shape.end()));
  const Value x = rms_norm(node.real(0), normalized, {}, node.number("epsilon", 1e-5f));
  node.set(0, mul(x, node.real(1)));
}

void mean_variance_norm_node(DeviceNode& node) {
  const Extents axes = node.has_attribute("axes") ? node.integers("axes") : Extents{0, 2, 3};
  node.set(0, mean_variance_normalization(node.real(0), node.axes(axes, node.rank(0))));
}

void lrn_node(DeviceNode& node) {
  node.set(0, local_response_norm(node.real(0), {.size = node.integer("size", 1),
                                                 .alpha = node.number("alpha", 1e-4f),
                                                 .beta = node.number("beta", 0.75f),
                                                 .k = node.number("bias", 1),
                                                 .forward = true}));
}

// Before opset 13 softmax flattened its input to a matrix at the axis.
template <Value (*function)(Value, int)>
void softmax_node(DeviceNode& node) {
  const Value x = node.real(0);
  if (node.opset() >= 13) return node.set(0, function(x, node.axis(node.integer("axis", -1), node.rank(0))));
  const Extents shape = node.shape(0);
  const int at = node.axis(node.integer("axis", 1), node.rank(0));
  const auto middle = shape.begin() + at;
  const Value flat = reshape(x, {product(Extents(shape.begin(), middle)), product(Extents(middle, shape.end()))});
  node.set(0, reshape(function(flat, 1), shape));
}

}  // namespace

std::span<const HandlerRow> norm_handlers() {
  static constexpr HandlerRow kRows[] = {
      {"BatchNormalization", batch_norm_node},
      {"GroupNormalization", group_norm_node},
      {"InstanceNormalization", instance_norm_node},
      {"LRN", lrn_node},
      {"LayerNormalization", layer_norm_node},
      {"LogSoftmax", softmax_node<log_softmax>},
      {"MeanVarianceNormalization", mean_variance_norm_node},
      {"RMSNormalization", rms_norm_node},
      {"Softmax", softmax_node<softmax>},
  };
  return kRows;
}

}  // namespace tuff::onnx
