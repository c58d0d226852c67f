// Models that `tuff run` can run: ONNX files and Tuff's own.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "onnx/session.h"
#include "train/checkpoint.h"

namespace tuff {

class ModelRunner {
 public:
  virtual ~ModelRunner() = default;
  virtual std::vector<std::string> inputs() const = 0;  // those that must be given
  virtual std::vector<std::string> outputs() const = 0;
  virtual std::vector<std::string> differentiable() const = 0;  // what there are gradients of
  virtual onnx::RunResult run(const onnx::RunRequest& request, const std::function<Device&()>& device) = 0;
};

// An ONNX file by its name's end, else a run's folder or a model file of tuff, as inference_network() describes it.
std::unique_ptr<ModelRunner> open_runner(const std::string& path);

// Whether it is a run's folder or a model file of tuff: safetensors with a configuration.
bool is_tuff_model(const std::string& path);

// What a trained model computes, with its weights (their average where they have one). A U-Net: input "images" (N, C,
// H, W), output "logits". A vae: input "images", output "reconstruction" of the posterior's mean; its part "encoder":
// "images" to "mean"; "decoder": "z" to "reconstruction". A classifier of whole images: "images" to "probabilities"
// (N, classes). Without a shape, one image as in training.
onnx::Imported inference_network(const Model& model, const std::vector<std::int64_t>& shape, const std::string& part);

// Makes dimensions of an export of inference_network(model, {}, part) dynamic, where another input's export differs in
// nothing but the ports: all, or the batch alone, or none.
void free_dimensions(onnx::Model& exported, const Model& model, const std::string& part);

}  // namespace tuff
