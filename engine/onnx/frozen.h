// ONNX models as fixed functions inside of other graphs: features that a loss compares, whose weights no training
// changes. Gradients flow through them to what they are given.
#pragma once

#include <span>
#include <string>
#include <vector>

#include "graph/graph.h"
#include "onnx/model.h"

namespace tuff::onnx {

// The part of a model that computes `value`, by which it is then called an output; empty: its first output. Error where
// the model has no such value.
Model up_to(Model model, const std::string& value);

// Adds a model of one image input to the graph once for each of `images`, f32 (N, C, H, W) of equal shapes, with its
// weights as constants; gives its first output for each. An input of a fixed size takes others. Error naming the model
// where it takes anything else, or where its output doesn't depend on the image; Unsupported as import_model().
std::vector<Value> add_frozen(Graph& graph, const Model& model, std::span<const Value> images);

// Channels of that input; 0 where the model doesn't say.
std::int64_t image_channels(const Model& model);

}  // namespace tuff::onnx
