// The ONNX project's backend cases: folders with model.onnx and test_data_set_N/input_N.pb, output_N.pb.
#pragma once

#include <filesystem>
#include <functional>
#include <string>
#include <vector>

#include "vulkan/device.h"

namespace tuff::onnx {

enum class Outcome : std::uint8_t { passed, failed, unsupported };

struct CaseResult {
  std::string name;                    // of the folder
  std::vector<std::string> operators;  // of the model, sorted
  Outcome outcome = Outcome::passed;
  bool on_device = false;            // else all was computed on the host
  double error = 0;                  // largest error over the largest value, of floating-point outputs
  std::string reason;                // failed, unsupported: one line
  std::vector<std::string> missing;  // unsupported: the operators, or the types
};

// Folders with a model.onnx at or below a folder, sorted; Error where there are none.
std::vector<std::filesystem::path> find_cases(const std::filesystem::path& folder);

// Compares as ONNX's own runner: types and shapes, integers and booleans exactly, floats within 1e-3 of the expected
// value and 1e-7, NaN equal to NaN. `reexported`: what runs is the model imported, exported (export.h) and imported
// again.
CaseResult run_case(const std::filesystem::path& folder, const std::function<Device&()>& device,
                    bool reexported = false);

}  // namespace tuff::onnx
