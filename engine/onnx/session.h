// A model run once on given arrays: what `tuff run` and `tuff conformance` do.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "io/npz.h"
#include "onnx/import.h"
#include "runtime/tuner.h"
#include "vulkan/device.h"

namespace tuff::onnx {

struct RunRequest {
  std::vector<NamedArray> inputs;    // every input that is no initializer, of its type
  bool gradients = false;            // also the gradient of the sum over outputs of output * upstream
  std::vector<NamedArray> upstream;  // of outputs' shapes; ones where not given
  DType storage = DType::f32;        // of activations on the device: CompileOptions::storage
  std::uint64_t memory = 0;          // bytes of the device that it may take, weights included; 0: any
  // Gives CompileOptions::tuner of the device, null for none; empty: none.
  std::function<Tuner*(Device&)> tuner = {};
};

struct RunResult {
  std::vector<NamedArray> outputs;    // of the model's types
  std::vector<NamedArray> gradients;  // f32: floating-point inputs, then initializers
  bool on_device = false;             // anything was left to compute after folding
};

// The same for a network that is imported already, or any graph described as one.
RunResult run_imported(Imported net, const RunRequest& request, const std::function<Device&()>& device);

// `device` is asked for only where there is something to compute on one.
RunResult run_model(const Model& model, const RunRequest& request, const std::function<Device&()>& device);

}  // namespace tuff::onnx
