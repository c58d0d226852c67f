// Graphs as ONNX models: the inverse of import.h, for every op that inference uses. Shapes are fixed, as the graph's
// are. Ops without an operator of their own in ONNX become the operators that they are made of.
#pragma once

#include <string>

#include "onnx/import.h"
#include "onnx/model.h"

namespace tuff::onnx {

// The graph that `net` describes, with its weights as initializers of their names; importing it again gives equal
// results. Inputs and outputs have the ports' names and types: f32 and i32 of the graph are cast to and from others.
// Inputs that aren't in the graph are left out, known outputs become constants. Unsupported where the graph holds an op
// that ONNX can't express or that trains (optimizer updates, gradients).
Model export_model(const Imported& net);

}  // namespace tuff::onnx
