#include "support/train_bits.h"

#include "base/philox.h"
#include "ops/optimizer.h"
#include "ops/random.h"
#include "support/test_device.h"
#include "train/training_graph.h"

namespace tuff::test {

std::vector<std::vector<std::byte>> train_bits(const Graph& graph, const CompileOptions& options, int steps) {
  ParameterStore store(test_device(), graph);
  store.initialize(3);
  const auto executable = compile(graph, test_device(), &store, options);
  Shape shape;
  bool draws_numbers = false;
  for (const Value input : graph.inputs()) {
    if (graph.info(input).name == "images") shape = input.shape();
    if (graph.info(input).name == "random_state") draws_numbers = true;
  }
  HostTensor images(shape), labels(shape);
  PhiloxStream draws(11);
  for (float& value : images.floats()) value = draws.uniform();
  for (float& value : labels.floats()) value = draws.uniform() < 0.5f ? 0.0f : 1.0f;
  executable->write("images", images);
  executable->write("labels", labels);
  std::vector<std::vector<std::byte>> result;
  for (std::int64_t number = 0; number < steps; ++number) {
    executable->write("step_state", step_state_tensor(TrainOptions{}, 1e-3, number));
    if (draws_numbers)
      executable->write("random_state", HostTensor::from_ints({kRandomStateElements}, random_state(5, number)));
    executable->run();
    result.push_back(executable->read("loss").data);
  }
  for (const Variable& variable : store.variables()) result.push_back(store.read(variable.name).data);
  return result;
}

}  // namespace tuff::test
