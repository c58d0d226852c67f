// ONNX files written from the structs of model.h: parse_model() gives the same again. Weights lie inside.
#pragma once

#include <filesystem>
#include <string>

#include "onnx/model.h"

namespace tuff::onnx {

// Error where the model holds what model.h doesn't keep (subgraphs, functions, sparse tensors), or exceeds 2 GiB.
std::string serialize_model(const Model& model);
void write_model(const std::filesystem::path& path, const Model& model);

}  // namespace tuff::onnx
