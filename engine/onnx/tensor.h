// TensorProto: an array in one of the three ways in which ONNX files store numbers (typed lists, raw bytes, another
// file).
#pragma once

#include <filesystem>

#include "onnx/model.h"
#include "onnx/wire.h"

namespace tuff::onnx {

NamedTensor read_tensor(WireReader reader, const std::string& source, const std::filesystem::path& folder);

}  // namespace tuff::onnx
