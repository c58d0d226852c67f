// Models that `tuff run` can run: ONNX files and Tuff's own.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "onnx/session.h"

namespace tuff {

class ModelRunner {
 public:
  virtual ~ModelRunner() = default;
  virtual std::vector<std::string> inputs() const = 0;  // those that must be given
  virtual onnx::RunResult run(const onnx::RunRequest& request, const std::function<Device&()>& device) = 0;
};

// An ONNX file by its name's end, else a run's folder or a model file of tuff: its input is "images" (N, C, H, W), its
// output "logits".
std::unique_ptr<ModelRunner> open_runner(const std::string& path);

}  // namespace tuff
