// ONNX models as ordinary graphs: trainable, differentiable, fused and planned as any other.
//
//   const onnx::Model model = onnx::read_model("unet.onnx");
//   const onnx::Imported net = onnx::import_model(model, {{.name = "x", .shape = {1, 3, 64, 64}}});
//   ParameterStore store(device, *net.graph);
//   net.load(store);
//   auto executable = compile(*net.graph, device, &store);
//
// Float initializers become parameters of the same names, running statistics of batch norm buffers. Whatever follows
// from shapes and from inputs whose numbers are given is computed on the host while importing (evaluate.h).
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "graph/graph.h"
#include "io/array.h"
#include "onnx/model.h"
#include "onnx/node_context.h"
#include "runtime/parameter_store.h"

namespace tuff::onnx {

// What is known of an input before the graph runs: its shape, which fixes dynamic dimensions, and perhaps its numbers.
// With numbers, integers, booleans and doubles become part of the graph; floats stay inputs whose numbers are used only
// where a shape or an attribute depends on them (a Resize's scales). Without, integers are i32 inputs, booleans f32.
struct Feed {
  std::string name;
  std::vector<std::int64_t> shape = {};
  const Array* values = nullptr;  // gives the shape too; must outlive the call
};

struct ImportOptions {
  // Gradients of inputs whose numbers are given are wanted: double ones stay inputs (f32 on the device), and an Error
  // where only the host can compute what a gradient would have to flow through.
  bool gradients = false;
};

struct ImportedPort {
  std::string name;
  ElementType type = ElementType::f32;
  std::vector<std::int64_t> shape;
  bool in_graph = false;       // an input or output of the graph, f32 or i32 there; else its numbers are known:
  std::optional<Array> known;  // outputs only
};

struct Imported {
  std::unique_ptr<Graph> graph;
  std::vector<ImportedPort> inputs;
  std::vector<ImportedPort> outputs;            // in the model's order
  std::vector<ImportedPort> initializers;       // the floating-point ones; in_graph where the graph has such a variable
  std::map<std::string, HostTensor> variables;  // what parameters and buffers start with

  void load(ParameterStore& store) const;
};

// Opsets 7 to 21; older and newer ones are tried. Unsupported names every operator of the model that isn't there; Error
// where the model is wrong or an input is missing.
Imported import_model(const Model& model, std::span<const Feed> feeds, const ImportOptions& options = {});

// Unsupported, naming all at once, where the model has operators that neither import nor the host evaluator knows,
// inputs that are no tensors of numbers, or sparse initializers.
void require_supported(const Model& model);

// The operators that import or the host evaluator knows, sorted.
std::vector<std::string> known_operators();

}  // namespace tuff::onnx
