// The first value that is no finite number is named exactly: batch, weights, op and layer, forward and backward; and a
// run that meets one keeps the weights that it had.
#include "train/find_non_finite.h"

#include <doctest/doctest.h>

#include <limits>
#include <optional>

#include "base/error.h"
#include "ops/pointwise.h"
#include "support/child.h"
#include "support/files.h"
#include "support/test_device.h"
#include "support/tiny_objective.h"
#include "train/checkpoint.h"
#include "train/trainer.h"
#include "train/training_graph.h"

namespace tuff::test {
namespace {

constexpr float kNan = std::numeric_limits<float>::quiet_NaN();
std::vector<NamedTensor> batch_of(float brightness) {
  return {{"images", tiny_images(brightness)}, {"step_state", step_state_tensor({}, 1e-3, 0)}};
}

// The root of 0 is fine, its slope isn't.
Value flat_root(Value x) {
  return add_scalar(sqrt(mul_scalar(x, 0)), 1);
}

std::optional<NonFinite> found_in(const Graph& graph, const std::vector<NamedTensor>& batch,
                                  const std::string& spoilt = {}) {
  ParameterStore store(test_device(), graph);
  store.initialize(1);
  if (!spoilt.empty()) {
    HostTensor values = store.read(spoilt);
    values.floats()[1] = kNan;
    store.write(spoilt, values);
  }
  return find_non_finite(graph, test_device(), store, batch, {.storage = test_storage()});
}

}  // namespace

TEST_CASE("non-finite values: where all is finite nothing is found") {
  CHECK_FALSE(found_in(*tiny_step([](Value x) { return relu(x); }), batch_of(1)));
}

TEST_CASE("non-finite values: the op and its layer are named, forward") {
  using Where = NonFinite::Where;
  // The logarithm of what a convolution gives of both signs; what comes after isn't to blame.
  const auto logarithm = tiny_step([](Value x) { return add_scalar(log(x), 1); });
  CHECK(found_in(*logarithm, batch_of(1)) == NonFinite{Where::forward, "log", "middle"});
  CHECK(describe(*found_in(*logarithm, batch_of(1))) ==
        "in the forward pass log of the layer \"middle\" gave the first one, from finite values");
  // Overflow.
  const auto overflow = tiny_step([](Value x) { return exp(mul_scalar(square(x), 1e4f)); });
  CHECK(found_in(*overflow, batch_of(1)) == NonFinite{Where::forward, "exp", "middle"});
  // Infinity that is never used isn't the cause: 1 / 0 chosen nowhere.
  const auto unused = tiny_step([](Value x) {
    const Value zero = mul_scalar(x, 0);
    return log(where(zero, reciprocal(zero), x));
  });
  CHECK(found_in(*unused, batch_of(1)) == NonFinite{Where::forward, "log", "middle"});
}

TEST_CASE("non-finite values: the op and its layer are named, backward") {
  const auto root = tiny_step(flat_root);
  const auto found = found_in(*root, batch_of(1));
  REQUIRE(found);
  CHECK(found->where == NonFinite::Where::backward);
  CHECK(found->layer == "middle");
  MESSAGE(describe(*found));
}

TEST_CASE("non-finite values: the batch and the weights come first") {
  const auto graph = tiny_step([](Value x) { return relu(x); });
  std::vector<NamedTensor> batch = batch_of(1);
  batch[0].values.floats()[7] = kNan;
  CHECK(found_in(*graph, batch) == NonFinite{NonFinite::Where::batch, "images", ""});
  CHECK(found_in(*graph, batch_of(1), "last.weight") == NonFinite{NonFinite::Where::weights, "last.weight", ""});
}

TEST_CASE("non-finite values: every optimizer leaves the weights as they were, and they are saved") {
  const auto squares = [](Value x) { return square(x); };
  for (const char* optimizer : {"adam", "adamw", "sgd", "adagrad", "rmsprop"}) {
    CAPTURE(optimizer);
    const std::string name = std::string("burst_") + optimizer;
    TrainingTask task = tiny_task(squares, scratch_folder(name) / "run", 6, 3, optimizer);
    task.options.lr = 1e-6;
    const std::string error = error_of([&] { train(test_device(), task); });
    CAPTURE(error);
    CHECK(contains(error, "step 4: the loss is no finite number: in the forward pass square of the layer \"middle\""));
    CHECK(contains(error, "last.safetensors has step 3"));

    TrainingTask calm = tiny_task(squares, scratch_folder(name + "_calm") / "run", 3, 3, optimizer);
    calm.options.lr = 1e-6;
    train(test_device(), calm);
    const Model kept = load_model_file(task.run / kLastModel), wanted = load_model_file(calm.run / kLastModel);
    CHECK(kept.state->step == 3);
    REQUIRE(kept.file.tensors.size() == wanted.file.tensors.size());
    for (std::size_t i = 0; i < kept.file.tensors.size(); ++i)
      CHECK_MESSAGE(kept.file.tensors[i].data == wanted.file.tensors[i].data, kept.file.tensors[i].name);
  }
}

TEST_CASE("non-finite values: gradients alone stop a run too") {
  const TrainingTask task = tiny_task(flat_root, scratch_folder("burst_gradient") / "run", 2);
  const std::string error = error_of([&] { train(test_device(), task); });
  CAPTURE(error);
  CHECK(contains(error, "step 1: the gradients' norm is no finite number: in the backward pass"));
  CHECK(contains(error, "of the layer \"middle\""));
}

}  // namespace tuff::test
