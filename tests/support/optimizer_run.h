// A store of odd-sized parameters whose optimizer runs for some steps, for comparison with double precision.
#pragma once

#include <algorithm>
#include <cmath>
#include <functional>
#include <vector>

#include "base/philox.h"
#include "ops/adam.h"
#include "runtime/compile.h"
#include "support/array.h"
#include "support/random_shapes.h"
#include "vulkan/device.h"

namespace tuff::test {

// Which of UpdateOptions a run uses.
struct UpdateCase {
  bool scaled = false;
  bool factors = false;  // odd parameters decay, even ones don't
  double l1 = 0;
  bool averaged = false;
};

struct OptimizerRun {
  // Adds the update to the graph: parameters, step_state, options.
  using Update = std::function<void(Graph&, Value, Value, const UpdateOptions&)>;
  // What the reference knows of one element in step 1, 2, ...; l1 is in the gradient already.
  struct Element {
    std::size_t index;
    double parameter, gradient;
    double decay;  // factor of weight decay
    int step;
  };
  using Reference = std::function<double(const Element&)>;  // the new parameter

  static constexpr int kSteps = 5;
  static constexpr double kScale = 0.25;
  static constexpr double kAverageDecay = 0.8;

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

  // The largest error of a parameter or average after kSteps, relative to the largest, or to 1, from where they set
  // out: what comes to lie near 0 has the rounding errors of its way.
  static double error(Device& device, const std::vector<Shape>& shapes, const Update& update,
                      const Reference& reference, double learning_rate, const AdamAttributes& attributes,
                      const UpdateCase& what) {
    Graph graph;
    for (std::size_t i = 0; i < shapes.size(); ++i) graph.parameter(name(i), shapes[i], Initializer::constant(0));
    const Value parameters = graph.arena("parameters");
    update(graph, parameters, graph.input("state", {kStepStateElements}), options(graph, what));
    ParameterStore store(device, graph);
    store.initialize(0);
    const auto executable = compile(graph, device, &store);

    PhiloxStream draws(7);
    std::vector<Array> expected, averages;
    for (std::size_t i = 0; i < shapes.size(); ++i) {
      expected.push_back(draw(shapes[i], draws));
      averages.emplace_back(shapes[i]);
      store.write(name(i), to_tensor(expected[i], DType::f32));
    }
    for (int step = 1; step <= kSteps; ++step) {
      executable->write("state",
                        HostTensor::from_floats({kStepStateElements}, step_state(learning_rate, step, attributes)));
      std::size_t element = 0;
      for (std::size_t i = 0; i < shapes.size(); ++i) {
        const Array gradient = draw(shapes[i], draws);
        store.write(name(i), to_tensor(gradient, DType::f32), "gradients");
        const double decay = factor(what, i);
        for (std::size_t k = 0; k < gradient.data.size(); ++k) {
          double& p = expected[i].data[k];
          const double g = gradient.data[k] * (what.scaled ? kScale : 1) + decay * what.l1 *
                                                                               (p > 0   ? 1
                                                                                : p < 0 ? -1
                                                                                        : 0);
          p = reference({element++, p, g, decay, step});
          double& average = averages[i].data[k];
          average = step == 1 ? p : kAverageDecay * average + (1 - kAverageDecay) * p;
        }
      }
      executable->run();
      executable->wait();
    }
    double worst = 0;
    for (std::size_t i = 0; i < shapes.size(); ++i) {
      worst = std::max(worst, error_of(to_array(store.read(name(i))), expected[i]));
      if (what.averaged)
        worst = std::max(worst, error_of(to_array(store.read(name(i), "parameters.ema")), averages[i]));
    }
    return worst;
  }

 private:
  static double error_of(const Array& actual, const Array& expected) {
    double largest = 0;
    for (const double value : expected.data) largest = std::max(largest, std::abs(value));
    return relative_error(actual, expected) * std::min(largest, 1.0);
  }

  static std::string name(std::size_t i) { return "p" + std::to_string(i); }
  static double factor(const UpdateCase& what, std::size_t parameter) {
    return what.factors ? static_cast<double>(parameter % 2) : 1;
  }

  static UpdateOptions options(Graph& graph, const UpdateCase& what) {
    UpdateOptions result{.average_decay = kAverageDecay, .l1 = what.l1};
    if (what.scaled) result.gradient_scale = graph.scalar(kScale);
    if (what.averaged) result.average = graph.arena("parameters.ema");
    if (!what.factors) return result;
    HostTensor factors({static_cast<std::int64_t>(graph.arena_elements("parameters")) / kDecayBlock});
    for (std::size_t i = 0; i < graph.variables().size(); ++i) {
      const Variable& variable = graph.variables()[i];
      const auto first = static_cast<std::int64_t>(variable.offset) / kDecayBlock;
      const std::int64_t blocks = (variable.type.shape.elements() + kDecayBlock - 1) / kDecayBlock;
      for (std::int64_t block = first; block < first + blocks; ++block)
        factors.floats()[static_cast<std::size_t>(block)] = static_cast<float>(factor(what, i));
    }
    result.decay_factors = graph.constant(std::move(factors));
    return result;
  }

  static Array draw(const Shape& shape, PhiloxStream& draws) {
    Array array(shape);
    for (double& value : array.data) value = static_cast<float>(draws.uniform(-1, 1));
    return array;
  }
};

}  // namespace tuff::test
