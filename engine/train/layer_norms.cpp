#include "train/layer_norms.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <map>

#include "autodiff/gradient.h"
#include "base/error.h"
#include "ops/pointwise.h"
#include "ops/reduce.h"
#include "train/find_non_finite.h"
#include "train/graph_part.h"

namespace tuff {
namespace {

struct Layer {
  std::string name;
  std::uint32_t value = 0;  // its output
  bool rectified = false;   // behind a ReLU
};

// What stands before the network or behind it.
bool is_no_layer(const std::string& label) {
  return label == "loss" || label.starts_with("loss.") || label == "elbo" || label.starts_with("elbo.") ||
         label == "augment" || label.starts_with("augment.");
}

// By itself or as the last part of a norm.
bool is_rectifier(const Op& op) {
  return op.attributes().find("relu") != std::string::npos;
}

// What the last op of each label gives, of those that the loss depends on.
std::vector<Layer> layers_of(const Graph& step, const std::vector<bool>& nodes) {
  std::vector<Layer> layers;
  std::map<std::string, std::size_t> places;
  for (std::size_t index = 0; index < nodes.size(); ++index) {
    const Node& node = step.nodes()[index];
    if (!nodes[index] || node.label.empty() || is_no_layer(node.label)) continue;
    if (step.values()[node.outputs[0]].type.dtype != DType::f32) continue;
    const auto [place, is_new] = places.try_emplace(node.label, layers.size());
    if (is_new) layers.push_back({.name = node.label});
    layers[place->second].value = node.outputs[0];
    layers[place->second].rectified = is_rectifier(*node.op);
  }
  return layers;
}

Value mean_square(Value x) {
  return mul_scalar(sum_of_squares(x), 1.0f / static_cast<float>(x.shape().elements()));
}

double root(const HostTensor& mean_square) {
  return std::sqrt(static_cast<double>(mean_square.floats()[0]));
}

double root_mean_square(const HostTensor& values) {
  double sum = 0;
  for (const float value : values.floats()) sum += static_cast<double>(value) * static_cast<double>(value);
  return std::sqrt(sum / static_cast<double>(std::max<std::size_t>(1, values.floats().size())));
}

// Of those above 0; 0 where there are none.
double median(std::vector<double> values) {
  std::erase_if(values, [](double value) { return !(value > 0) || !std::isfinite(value); });
  if (values.empty()) return 0;
  const auto middle = values.begin() + static_cast<std::ptrdiff_t>(values.size() / 2);
  std::ranges::nth_element(values, middle);
  return *middle;
}

template <class Take, class Get>
double median_of(std::span<const LayerNorm> norms, Take&& take, Get&& get) {
  std::vector<double> values;
  for (const LayerNorm& norm : norms)
    if (take(norm)) values.push_back(get(norm));
  return median(values);
}

}  // namespace

// Two steps: the walk back, then each value's mean square right behind the op that gives it, so that none lives longer
// than in training.
LayerNormGraph layer_norm_graph(const Graph& step) {
  const std::optional<std::uint32_t> loss = output_named(step, "loss");
  if (!loss) throw Error("layers' norms: the graph has no output \"loss\"");
  const std::vector<bool> forward = nodes_needed_for(step, {*loss});
  const std::vector<Layer> layers = layers_of(step, forward);
  Graph whole;
  const std::vector<Value> copies = copy_part(step, forward, whole, {});
  std::vector<Value> outputs;
  for (const Layer& layer : layers) outputs.push_back(copies[layer.value]);
  const std::vector<Value> gradients = gradient(copies[*loss], outputs);

  std::map<std::uint32_t, std::vector<std::string>> wanted;  // by value: the outputs to be made of it
  LayerNormGraph result{.graph = std::make_unique<Graph>(), .layers = {}};
  for (std::size_t i = 0; i < layers.size(); ++i) {
    result.layers.push_back(layers[i].name);
    wanted[outputs[i].id()].push_back(fmt::format("{}.squares", i));
    if (layers[i].rectified) wanted[outputs[i].id()].push_back(fmt::format("{}.zeros", i));
    wanted[gradients[i].id()].push_back(fmt::format("{}.gradient", i));
  }
  const auto name_outputs = [&](std::uint32_t value, const std::vector<Value>& values) {
    const auto found = wanted.find(value);
    if (found == wanted.end()) return;
    for (const std::string& name : found->second)
      result.graph->output(name,
                           name.ends_with(".zeros") ? mean(equal(values[value], 0.0f)) : mean_square(values[value]));
  };
  const std::vector<bool> all(whole.nodes().size(), true);
  copy_part(whole, all, *result.graph, [&](std::uint32_t node, const std::vector<Value>& values) {
    for (const std::uint32_t output : whole.nodes()[node].outputs) name_outputs(output, values);
  });
  return result;
}

std::vector<LayerNorm> measure_layers(const LayerNormGraph& layers, PlannedGraph planned, Device& device,
                                      ParameterStore& store, std::span<const NamedTensor> batch) {
  const auto executable = compile(std::move(planned), device, &store);
  for (const NamedTensor& tensor : batch) executable->write(tensor.name, tensor.values);
  executable->run();
  std::vector<LayerNorm> norms;
  for (std::size_t i = 0; i < layers.layers.size(); ++i) {
    LayerNorm norm{.kind = LayerNorm::Kind::layer, .name = layers.layers[i]};
    norm.rms = root(executable->read(fmt::format("{}.squares", i)));
    norm.gradient_rms = root(executable->read(fmt::format("{}.gradient", i)));
    if (const std::string zeros = fmt::format("{}.zeros", i); output_named(*layers.graph, zeros))
      norm.zeros = executable->read(zeros).floats()[0];
    norms.push_back(std::move(norm));
  }
  return norms;
}

std::vector<LayerNorm> measure_parameters(const ParameterStore& store, double gradient_scale) {
  static const std::string kGradients = "gradients";
  const ParameterSnapshot snapshot(store, std::vector<std::string>{"parameters", kGradients});
  std::vector<LayerNorm> norms;
  for (const Variable& variable : store.variables()) {
    if (variable.arena != "parameters") continue;
    norms.push_back({.kind = LayerNorm::Kind::parameter,
                     .name = variable.name,
                     .rms = root_mean_square(snapshot.read(variable)),
                     .gradient_rms = root_mean_square(snapshot.read(variable, kGradients)) / gradient_scale,
                     .matrix = variable.type.shape.rank() >= 2});
  }
  return norms;
}

// ---- findings -----------------------------------------------------------------------------------

namespace {

// A layer is told of where it differs so many times from the median. Levels of a U-Net differ by powers of four each,
// networks that learn well by up to a thousand.
constexpr double kVanished = 1e-5, kExploded = 1e5;
constexpr double kDead = 0.99;  // part of a layer's outputs that are 0

// "\"a\", \"b\" and 3 more".
std::string listed(const std::vector<std::string>& names) {
  constexpr std::size_t kMost = 5;
  std::string text;
  for (std::size_t i = 0; i < std::min(kMost, names.size()); ++i)
    text += fmt::format("{}\"{}\"", i == 0 ? "" : ", ", names[i]);
  return names.size() > kMost ? fmt::format("{} and {} more", text, names.size() - kMost) : text;
}

// Names of those for which `is` holds.
template <class Is>
std::vector<std::string> named(std::span<const LayerNorm> norms, Is&& is) {
  std::vector<std::string> names;
  for (const LayerNorm& norm : norms)
    if (is(norm)) names.push_back(norm.name);
  return names;
}

}  // namespace

std::vector<std::string> findings(std::span<const LayerNorm> norms) {
  // Biases and norms' scales may well have no gradient: what a norm follows shifts without effect.
  const auto is_weight = [](const LayerNorm& norm) { return norm.kind == LayerNorm::Kind::parameter && norm.matrix; };
  const auto is_layer = [](const LayerNorm& norm) { return norm.kind == LayerNorm::Kind::layer; };
  const double gradient = median_of(norms, is_weight, [](const LayerNorm& norm) { return norm.gradient_rms; });
  const double output = median_of(norms, is_layer, [](const LayerNorm& norm) { return norm.rms; });
  std::vector<std::string> sentences;
  const auto tell = [&](const std::vector<std::string>& names, std::string_view what) {
    if (!names.empty()) sentences.push_back(fmt::format("{}: {}", what, listed(names)));
  };
  tell(named(norms, [&](const LayerNorm& norm) { return is_weight(norm) && norm.gradient_rms == 0; }),
       "no gradient reaches the weights of");
  tell(named(norms,
             [&](const LayerNorm& norm) {
               return is_weight(norm) && norm.gradient_rms > 0 && norm.gradient_rms < kVanished * gradient;
             }),
       "vanishing gradients, far below those of the median layer; try --norm batch, --block residual or another --lr");
  tell(named(norms,
             [&](const LayerNorm& norm) { return is_weight(norm) && !(norm.gradient_rms <= kExploded * gradient); }),
       "exploding gradients, far above those of the median layer; try --clip 1 or a lower --lr");
  tell(named(norms, [&](const LayerNorm& norm) { return is_layer(norm) && norm.rms < kVanished * output; }),
       "vanishing outputs, far below those of the median layer");
  tell(named(norms, [&](const LayerNorm& norm) { return is_layer(norm) && !(norm.rms <= kExploded * output); }),
       "exploding outputs, far above those of the median layer; try --norm batch or a lower --lr");
  tell(named(norms, [](const LayerNorm& norm) { return norm.zeros >= kDead; }),
       "dead ReLUs, of whose outputs 99 % or more are 0; try a lower --lr");
  return sentences;
}

}  // namespace tuff
