#include "ops/ssim.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "base/error.h"
#include "ops/conv.h"
#include "ops/pointwise.h"
#include "ops/slice.h"
#include "ops/spatial.h"

namespace tuff {
namespace {

void require_ssim(Value x, Value target, const SsimAttributes& attributes) {
  require_image("ssim", "x", x.type());
  require_same("ssim", x, target);
  const std::int64_t size = attributes.window_size;
  if (size < 1 || size % 2 == 0 || !(attributes.sigma > 0) || !(attributes.data_range > 0))
    throw Error(fmt::format("ssim: window_size {} must be odd, sigma {} and data_range {} above 0", size,
                            attributes.sigma, attributes.data_range));
  const auto& extents = x.shape().extents();
  if (*std::min_element(extents.begin() + 2, extents.end()) < size)
    throw Error(fmt::format("ssim: x ({}) is smaller than the window of {}; take a smaller window_size",
                            to_string(x.type()), size));
}

std::vector<float> gaussian_window(const SsimAttributes& attributes) {
  std::vector<double> values(static_cast<std::size_t>(attributes.window_size));
  double sum = 0;
  for (std::size_t i = 0; i < values.size(); ++i) {
    const double distance = static_cast<double>(i) - static_cast<double>(values.size() / 2);
    values[i] = std::exp(-distance * distance / (2 * attributes.sigma * attributes.sigma));
    sum += values[i];
  }
  std::vector<float> window;
  for (const double value : values) window.push_back(static_cast<float>(value / sum));
  return window;
}

// A filter for each spatial axis, the same for every channel.
std::vector<Value> make_filters(Value x, const SsimAttributes& attributes) {
  const Shape shape = x.shape();
  const std::vector<float> window = gaussian_window(attributes);
  std::vector<float> repeated;
  for (std::int64_t channel = 0; channel < shape.channels(); ++channel)
    repeated.insert(repeated.end(), window.begin(), window.end());
  std::vector<Value> filters;
  for (int axis = 2; axis < shape.rank(); ++axis) {
    std::vector<std::int64_t> extents(static_cast<std::size_t>(shape.rank()), 1);
    extents[0] = shape.channels();
    extents[static_cast<std::size_t>(axis)] = attributes.window_size;
    filters.push_back(x.graph().constant(HostTensor::from_floats(Shape(extents), repeated), Layout::weight));
  }
  return filters;
}

Value blurred(Value x, const std::vector<Value>& filters) {
  const std::int64_t channels = x.shape().channels();
  for (const Value filter : filters) x = conv(x, filter, {}, {.groups = channels});
  return x;
}

// Of one window each: (2 mx my + c1)(2 cov + c2) / ((mx^2 + my^2 + c1)(vx + vy + c2)). Variances are taken of values
// less half the range, which they don't depend on: E[x^2] - E[x]^2 then cancels less.
Value similarity(Value x, Value target, const SsimAttributes& attributes) {
  require_ssim(x, target, attributes);
  const auto half = static_cast<float>(attributes.data_range / 2);
  const auto c1 = static_cast<float>(std::pow(attributes.k1 * attributes.data_range, 2));
  const auto c2 = static_cast<float>(std::pow(attributes.k2 * attributes.data_range, 2));
  const std::vector<Value> filters = make_filters(x, attributes);
  const Value a = add_scalar(x, -half), b = add_scalar(target, -half);
  const Value mean_a = blurred(a, filters), mean_b = blurred(b, filters);
  const Value variances = sub(sub(blurred(add(square(a), square(b)), filters), square(mean_a)), square(mean_b));
  const Value covariance = sub(blurred(mul(a, b), filters), mul(mean_a, mean_b));
  const Value mean_x = add_scalar(mean_a, half), mean_y = add_scalar(mean_b, half);
  const Value luminance =
      div(add_scalar(mul_scalar(mul(mean_x, mean_y), 2.0f), c1), add_scalar(add(square(mean_x), square(mean_y)), c1));
  return mul(luminance, div(add_scalar(mul_scalar(covariance, 2.0f), c2), add_scalar(variances, c2)));
}

Value reduced(Value map, Value x, const LossOptions& options) {
  LossOptions inner = options;
  if (options.weight) {
    const Shape shape = x.shape(), weight = options.weight.shape();
    const bool fits = weight.rank() == shape.rank() && weight[0] == shape[0] &&
                      (weight[1] == 1 || weight[1] == shape[1]) &&
                      std::equal(shape.extents().begin() + 2, shape.extents().end(), weight.extents().begin() + 2);
    if (!fits)
      throw Error(fmt::format("ssim: weight ({}) must have the size of x ({}), with as many channels or one",
                              to_string(options.weight.type()), to_string(x.type())));
    const Shape size = map.shape();
    inner.weight = center_crop(options.weight, {size.extents().begin() + 2, size.extents().end()});
  }
  return reduce_loss("ssim", map, inner, true);
}

}  // namespace

Value ssim(Value x, Value target, const SsimAttributes& attributes, const LossOptions& options) {
  const Graph::Scope precise = x.graph().full_precision();
  return reduced(similarity(x, target, attributes), x, options);
}

Value ssim_loss(Value x, Value target, const SsimAttributes& attributes, const LossOptions& options) {
  const Graph::Scope precise = x.graph().full_precision();
  return reduced(add_scalar(neg(similarity(x, target, attributes)), 1.0f), x, options);
}

}  // namespace tuff
