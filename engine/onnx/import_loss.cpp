// Losses over classes: NegativeLogLikelihoodLoss and SoftmaxCrossEntropyLoss.
#include <fmt/format.h>

#include "onnx/device_node.h"
#include "onnx/shapes.h"
#include "ops/constants.h"
#include "ops/pointwise.h"
#include "ops/reduce.h"
#include "ops/reshape.h"
#include "ops/softmax.h"

namespace tuff::onnx {
namespace {

// 1 where class c is the target, of the shape (N, C, ...); none where the target is ignore_index.
Value chosen_classes(const DeviceNode& node) {
  const Extents shape = node.shape(0), targets = node.shape(1);
  if (shape.size() < 2 || targets.size() + 1 != shape.size())
    node.fail(fmt::format("scores {} and targets {} don't fit", shape_text(shape), shape_text(targets)));
  if (node.live(1)) {
    const Value targets_index = node.index(1), chosen = one_hot(targets_index, shape[1], 1);
    if (!node.has_attribute("ignore_index")) return chosen;
    Extents along = shape;
    along[1] = 1;
    const Value kept =
        not_equal(node.real(1), node.graph().scalar(static_cast<float>(node.integer("ignore_index", 0))));
    return mask(chosen, reshape(kept, along));
  }
  const std::vector<std::int64_t> classes = integers(node.constant(1));
  const std::int64_t count = shape[1], inner = product(Extents(shape.begin() + 2, shape.end()));
  if (std::ssize(classes) * count != product(shape))
    node.fail(fmt::format("scores {} and targets {} don't fit", shape_text(shape), shape_text(targets)));
  const bool ignores = node.has_attribute("ignore_index");
  const std::int64_t ignored = node.integer("ignore_index", 0);
  HostTensor chosen{Shape(shape)};
  for (std::int64_t i = 0; i < std::ssize(classes); ++i) {
    const std::int64_t target = classes[static_cast<std::size_t>(i)];
    if (ignores && target == ignored) continue;
    if (target < 0 || target >= count) node.fail(fmt::format("class {} of {}", target, count));
    chosen.floats()[static_cast<std::size_t>((i / inner * count + target) * inner + i % inner)] = 1;
  }
  return node.graph().constant(std::move(chosen));
}

// -w[t] x[t] of each target t, reduced. A mean is over the weights of what isn't ignored.
void set_loss(DeviceNode& node, Value log_probabilities) {
  const Value chosen = chosen_classes(node);
  Value losses = neg(mask(log_probabilities, chosen)), weights = chosen;
  if (node.has(2)) {
    Extents along(node.shape(0).size(), 1);
    along[1] = node.shape(0)[1];
    const Value weight = reshape(node.real(2), along);
    losses = mul(losses, weight);
    weights = mul(chosen, weight);
  }
  const std::string reduction = node.text("reduction", "mean");
  if (reduction == "none") return node.set(0, sum(losses, {1}));
  if (reduction == "sum") return node.set(0, sum(losses));
  if (reduction != "mean") node.fail("reduction " + reduction);
  node.set(0, div(sum(losses), sum(weights)));
}

void nll_node(DeviceNode& node) {
  set_loss(node, node.real(0));
}

void cross_entropy_node(DeviceNode& node) {
  const Value log_probabilities = log_softmax(node.real(0), 1);
  set_loss(node, log_probabilities);
  node.set(1, log_probabilities);
}

}  // namespace

std::span<const HandlerRow> loss_handlers() {
  static constexpr HandlerRow kRows[] = {
      {"NegativeLogLikelihoodLoss", nll_node},
      {"SoftmaxCrossEntropyLoss", cross_entropy_node},
  };
  return kRows;
}

}  // namespace tuff::onnx
