#include "apps/model_runner.h"

#include <fmt/format.h>

#include "apps/networks.h"
#include "base/error.h"
#include "train/checkpoint.h"

namespace tuff {
namespace {

constexpr const char* kInput = "images";
constexpr const char* kOutput = "logits";

class OnnxRunner final : public ModelRunner {
 public:
  explicit OnnxRunner(const std::string& path) : model_(onnx::read_model(path)) {}

  std::vector<std::string> inputs() const override {
    std::vector<std::string> names;
    for (const onnx::Port& port : model_.free_inputs()) names.push_back(port.name);
    return names;
  }
  onnx::RunResult run(const onnx::RunRequest& request, const std::function<Device&()>& device) override {
    return onnx::run_model(model_, request, device);
  }

 private:
  onnx::Model model_;
};

class TuffRunner final : public ModelRunner {
 public:
  explicit TuffRunner(const std::string& path) : model_(load_model(path)) {}

  std::vector<std::string> inputs() const override { return {kInput}; }

  onnx::RunResult run(const onnx::RunRequest& request, const std::function<Device&()>& device) override {
    const Network network = make_network(model_.options, model_.format.image_channels);
    if (request.inputs.size() != 1 || request.inputs.front().name != kInput)
      throw Error(fmt::format("{}: its one input is named \"{}\"", model_.path.string(), kInput));
    const Array& images = request.inputs.front().array;
    if (!is_floating(images.type) || images.rank() != 4 || images.elements() == 0 || images.shape[1] != network.in_channels)
      throw Error(fmt::format("{}: its input is f32 N x {} x H x W, not {} {}", model_.path.string(), network.in_channels, to_string(images.type), shape_text(images.shape)));
    onnx::Imported net{.graph = std::make_unique<Graph>()};
    const Value logits = network.build(*net.graph, net.graph->input(kInput, Shape(images.shape)), false);
    net.graph->output(kOutput, logits);
    net.inputs.push_back({.name = kInput, .shape = images.shape, .in_graph = true});
    net.outputs.push_back({.name = kOutput, .shape = logits.shape().extents(), .in_graph = true});
    for (const Variable& variable : net.graph->variables()) {
      net.initializers.push_back({.name = variable.name, .shape = variable.type.shape.extents(), .in_graph = true});
      net.variables.emplace(variable.name, model_.file.at(variable.name).tensor());
    }
    return onnx::run_imported(std::move(net), request, device);
  }

 private:
  Model model_;
};

}  // namespace

std::unique_ptr<ModelRunner> open_runner(const std::string& path) {
  if (path.ends_with(".onnx")) return std::make_unique<OnnxRunner>(path);
  return std::make_unique<TuffRunner>(path);
}

}  // namespace tuff
