// A store of odd-sized parameters whose optimizer runs for some steps, for comparison with double precision.
#pragma once

#include <functional>
#include <vector>

#include "base/philox.h"
#include "ops/adam.h"
#include "runtime/compile.h"
#include "support/array.h"
#include "support/random_shapes.h"
#include "support/test_device.h"

namespace tuff::test {

struct OptimizerRun {
  // Adds the update to the graph: parameters, step_state, gradient_scale (empty unless scaled).
  using Update = std::function<void(Graph&, Value, Value, Value)>;
  // The same in double on one element's history: parameter and gradient, for step 1, 2, ...; returns the new parameter.
  using Reference = std::function<double(std::size_t element, double parameter, double gradient, int step)>;

  static constexpr int kSteps = 5;
  static constexpr double kScale = 0.25;

  static std::vector<Shape> odd_shapes() { return {{7}, {3, 2, 3, 3}, {130}}; }

  // One parameter to five.
  static std::vector<Shape> random_shapes(ShapeDraws& draws) {
    std::vector<Shape> shapes(static_cast<std::size_t>(draws.between(1, 5)));
    for (Shape& shape : shapes) shape = draws.shape();
    return shapes;
  }

  static std::size_t elements(const std::vector<Shape>& shapes) {
    std::int64_t count = 0;
    for (const Shape& shape : shapes) count += shape.elements();
    return static_cast<std::size_t>(count);
  }

  // The largest error of a parameter after kSteps, relative to the largest parameter.
  static double error(const std::vector<Shape>& shapes, const Update& update, const Reference& reference, double learning_rate,
                      const AdamAttributes& attributes, bool scaled) {
    Graph graph;
    for (std::size_t i = 0; i < shapes.size(); ++i) graph.parameter("p" + std::to_string(i), shapes[i], Initializer::constant(0));
    const Value parameters = graph.arena("parameters");
    update(graph, parameters, graph.input("state", {kStepStateElements}), scaled ? graph.scalar(kScale) : Value{});
    ParameterStore store(test_device(), graph);
    store.initialize(0);
    const auto executable = compile(graph, test_device(), &store);

    PhiloxStream draws(7);
    std::vector<Array> expected;
    for (std::size_t i = 0; i < shapes.size(); ++i) {
      expected.push_back(draw(shapes[i], draws));
      store.write("p" + std::to_string(i), to_tensor(expected[i], DType::f32));
    }
    for (int step = 1; step <= kSteps; ++step) {
      executable->write("state", HostTensor::from_floats({kStepStateElements}, step_state(learning_rate, step, attributes)));
      std::size_t element = 0;
      for (std::size_t i = 0; i < shapes.size(); ++i) {
        const Array gradient = draw(shapes[i], draws);
        store.write("p" + std::to_string(i), to_tensor(gradient, DType::f32), "gradients");
        for (std::size_t k = 0; k < gradient.data.size(); ++k)
          expected[i].data[k] = reference(element++, expected[i].data[k], gradient.data[k] * (scaled ? kScale : 1), step);
      }
      executable->run();
      executable->wait();
    }
    double worst = 0;
    for (std::size_t i = 0; i < shapes.size(); ++i)
      worst = std::max(worst, relative_error(to_array(store.read("p" + std::to_string(i))), expected[i]));
    return worst;
  }

 private:
  static Array draw(const Shape& shape, PhiloxStream& draws) {
    Array array(shape);
    for (double& value : array.data) value = static_cast<float>(draws.uniform(-1, 1));
    return array;
  }
};

}  // namespace tuff::test
