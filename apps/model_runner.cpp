#include "apps/model_runner.h"

#include <fmt/format.h>

#include <algorithm>
#include <filesystem>
#include <utility>

#include "base/error.h"
#include "onnx/export.h"
#include "onnx/serialize.h"
#include "tasks/classifier_runner.h"
#include "tasks/dense_objective.h"
#include "tasks/dense_task.h"
#include "tasks/networks.h"
#include "tasks/signals.h"

namespace tuff {
namespace {

namespace fs = std::filesystem;
using Extents = std::vector<std::int64_t>;

class OnnxRunner final : public ModelRunner {
 public:
  explicit OnnxRunner(const std::string& path) : model_(onnx::read_model(path)) {}

  std::vector<std::string> inputs() const override {
    std::vector<std::string> names;
    for (const onnx::Port& port : model_.free_inputs()) names.push_back(port.name);
    return names;
  }
  std::vector<std::string> outputs() const override {
    std::vector<std::string> names;
    for (const onnx::Port& port : model_.outputs) names.push_back(port.name);
    return names;
  }
  std::vector<std::string> differentiable() const override {
    std::vector<std::string> names;
    for (const onnx::Port& port : model_.free_inputs())
      if (is_float(port.data_type)) names.push_back(port.name);
    for (const onnx::NamedTensor& tensor : model_.initializers)
      if (is_float(tensor.data_type)) names.push_back(tensor.name);
    return names;
  }
  onnx::RunResult run(const onnx::RunRequest& request, const std::function<Device&()>& device) override {
    return onnx::run_model(model_, request, device);
  }

 private:
  static bool is_float(std::int64_t data_type) {
    const std::optional<ElementType> type = onnx::element_type(data_type);
    return type && is_floating(*type);
  }

  onnx::Model model_;
};

bool is_autoencoder(const Model& model) {
  return tuff::is_autoencoder(model.options.model);
}

// Of whole images; one that learned from masks is a map over images.
bool is_whole_classifier(const Model& model) {
  return is_classifier(model.options.model) && !model.format.class_names.empty();
}

// Of a conditional autoencoder, else 0.
std::int64_t classes_of(const Model& model) {
  return is_autoencoder(model) ? make_autoencoder(model.options, model.format.image_channels).classes : 0;
}

class TuffRunner final : public ModelRunner {
 public:
  explicit TuffRunner(const std::string& path) : model_(load_model(path)) {}

  std::vector<std::string> inputs() const override {
    if (classes_of(model_) > 0) return {"images", "classes"};
    return {"images"};
  }
  std::vector<std::string> outputs() const override {
    if (is_autoencoder(model_)) return {"reconstruction"};
    if (is_whole_classifier(model_)) return {"probabilities"};
    const std::string& network = model_.options.model;
    return {takes_signals(network) && !gives_signal_classes(network) ? "denoised" : "logits"};
  }
  std::vector<std::string> differentiable() const override { return {"images"}; }  // and parameters, of plain names

  onnx::RunResult run(const onnx::RunRequest& request, const std::function<Device&()>& device) override {
    const std::vector<std::string> names = inputs();
    const auto named = [&](const std::string& name) {
      return std::ranges::find(request.inputs, name, [](const auto& input) { return input.name; });
    };
    const bool all =
        std::ranges::all_of(names, [&](const std::string& name) { return named(name) != request.inputs.end(); });
    if (!all || request.inputs.size() != names.size())
      throw Error(names.size() == 1
                      ? fmt::format("{}: its one input is named \"images\"", model_.path.string())
                      : fmt::format("{}: its inputs are named \"images\" and \"classes\", one-hot (N, {}, 1, 1)",
                                    model_.path.string(), classes_of(model_)));
    const Array& images = named("images")->array;
    if (!is_floating(images.type) || images.elements() == 0)
      throw Error(fmt::format("{}: its input is f32 (N, C, H, W), not {} {}", model_.path.string(),
                              to_string(images.type), shape_text(images.shape)));
    return onnx::run_imported(inference_network(model_, images.shape, ""), request, device);
  }

 private:
  Model model_;
};

// The shape that it was trained on, one image at a time, and one that differs from it in every extent that may.
std::pair<Extents, Extents> two_shapes(const Model& model, const std::string& part) {
  const std::int64_t channels = model.format.image_channels;
  if (takes_signals(model.options.model)) {
    const SignalNetwork network = make_signal_network(model.options, model.format, model.options.length);
    return {{1, channels, network.padded}, {2, channels, network.padded}};
  }
  if (is_autoencoder(model)) {
    const AutoencoderNetwork network = make_autoencoder(model.options, channels);
    if (part == "decoder") return {{1, network.latent, 1, 1}, {2, network.latent, 1, 1}};
    return {{1, channels, network.side, network.side}, {2, channels, network.side, network.side}};
  }
  if (is_whole_classifier(model)) {
    Extents one = {1, channels}, two = {2, channels};
    for (Extents* extents : {&one, &two})
      extents->resize(static_cast<std::size_t>(model.options.dims + 2), model.options.size);
    return {one, two};
  }
  const Network network = make_dense_task(model.options, model.format)->network();
  const ImageSize crop = crop_of(model.options);
  Extents usual = {1, channels}, other = {2, channels};
  const auto add_axis = [&](char name, std::int64_t extent) {
    const NetworkAxis& axis = network.axis(name);
    usual.push_back(axis.fitting(extent));
    other.push_back(axis.nearest_sizes(std::max(usual.back(), other.back()) + 1).second);
  };
  if (network.rank == 3) add_axis('z', crop.depth);
  add_axis('y', crop.height);
  add_axis('x', crop.width);
  return {usual, other};
}

void require_shape(const Model& model, const Extents& shape, const Extents& usual) {
  if (shape.size() != usual.size() || shape[1] != usual[1])
    throw Error(fmt::format("{}: its input is (N, {}, {}), not {}", model.path.string(), usual[1],
                            usual.size() == 5   ? "D, H, W"
                            : usual.size() == 3 ? std::to_string(usual[2])
                                                : "H, W",
                            shape_text(shape)));
  if (usual.size() == 3 && shape[2] != usual[2])
    throw Error(fmt::format("{}: takes signals of {} values, not {}", model.path.string(), usual[2], shape[2]));
}

void add_output(onnx::Imported& net, const std::string& name, Value value) {
  net.graph->output(name, value);
  net.outputs.push_back({.name = name, .shape = value.shape().extents(), .in_graph = true});
}

// Outputs "mean" of the encoder, "images" of what decodes.
void build_autoencoder(onnx::Imported& net, const Model& model, Value x, const std::string& part) {
  const AutoencoderNetwork network = make_autoencoder(model.options, model.format.image_channels);
  const Value classes = classes_input(*net.graph, network, x.shape()[0]);
  if (classes) net.inputs.push_back({.name = "classes", .shape = classes.shape().extents(), .in_graph = true});
  if (part == "encoder")
    return add_output(net, network.is_variational() ? "mean" : "code", network.encode(*net.graph, x, classes).mean);
  const Value z = part == "decoder" ? x : network.encode(*net.graph, x, classes).mean;
  add_output(net, "reconstruction", network.decode(*net.graph, z, classes));
}

// Of signals as long as those of training, padded as their network takes them.
void build_signals(onnx::Imported& net, const Model& model, Value x) {
  const SignalNetwork network = make_signal_network(model.options, model.format, model.options.length);
  add_output(net, network.classes > 0 ? "logits" : "denoised", network.build(*net.graph, x, false));
}

// Extents that differ between two shapes get names; those of an output the input's where they are equal.
void free_extents(onnx::Port& port, const onnx::Port& other, const onnx::Port& input) {
  static const std::vector<std::string> kImages = {"batch", "channels", "height", "width"},
                                        kVolumes = {"batch", "channels", "depth", "height", "width"};
  const std::vector<std::string>& names = port.shape->size() == 5 ? kVolumes : kImages;
  for (std::size_t i = 0; i < port.shape->size(); ++i) {
    onnx::Dimension& dimension = (*port.shape)[i];
    if (dimension.extent == (*other.shape)[i].extent) continue;
    const bool like_input = dimension.extent == (*input.shape)[i].extent;
    dimension = {.extent = std::nullopt, .name = fmt::format("{}{}", like_input ? "" : "output_", names[i])};
  }
}

}  // namespace

bool is_tuff_model(const std::string& path) {
  if (fs::is_directory(path)) return true;
  return path.ends_with(".safetensors") && read_safetensors(path).metadata.contains("tuff.options");
}

onnx::Imported inference_network(const Model& model, const Extents& shape, const std::string& part) {
  if (!part.empty() && (!is_autoencoder(model) || (part != "encoder" && part != "decoder")))
    throw Error(fmt::format("--part {}: autoencoders have encoder and decoder, {} is a {}", part, model.path.string(),
                            model.options.model));
  const Extents usual = two_shapes(model, part).first, extents = shape.empty() ? usual : shape;
  require_shape(model, extents, usual);
  const std::string name = part == "decoder" ? "z" : "images";
  onnx::Imported net{.graph = std::make_unique<Graph>()};
  const Value x = net.graph->input(name, Shape(extents));
  net.inputs.push_back({.name = name, .shape = extents, .in_graph = true});
  if (is_autoencoder(model))
    build_autoencoder(net, model, x, part);
  else if (takes_signals(model.options.model))
    build_signals(net, model, x);
  else if (is_whole_classifier(model))
    add_output(net, "probabilities",
               class_probabilities(make_classifier(model.options, model.format.image_channels), *net.graph, x));
  else
    add_output(net, "logits", make_dense_task(model.options, model.format)->network().build(*net.graph, x, false));
  for (const Variable& variable : net.graph->variables()) {
    net.initializers.push_back({.name = variable.name, .shape = variable.type.shape.extents(), .in_graph = true});
    net.variables.emplace(variable.name, averaged_values(model, variable));
  }
  return net;
}

void free_dimensions(onnx::Model& exported, const Model& model, const std::string& part) {
  const auto [first, all] = two_shapes(model, part);
  Extents batch = first;
  batch[0] = all[0];
  for (const Extents& shape : {all, batch}) {
    onnx::Model other = onnx::export_model(inference_network(model, shape, part)), copy = exported;
    copy.inputs.clear(), copy.outputs.clear();
    const std::vector<onnx::Port> inputs = std::exchange(other.inputs, {}), outputs = std::exchange(other.outputs, {});
    if (onnx::serialize_model(copy) != onnx::serialize_model(other)) continue;
    const onnx::Port input = exported.inputs.at(0);
    for (std::size_t i = 0; i < outputs.size(); ++i) free_extents(exported.outputs[i], outputs[i], input);
    for (std::size_t i = 0; i < inputs.size(); ++i) free_extents(exported.inputs[i], inputs[i], input);
    return;
  }
}

std::unique_ptr<ModelRunner> open_runner(const std::string& path) {
  if (path.ends_with(".onnx")) return std::make_unique<OnnxRunner>(path);
  return std::make_unique<TuffRunner>(path);
}

}  // namespace tuff
