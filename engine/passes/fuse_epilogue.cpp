#include "passes/fuse_epilogue.h"

#include <optional>

#include "ops/conv.h"
#include "ops/conv_transpose.h"
#include "ops/pointwise.h"
#include "passes/rewrite.h"

namespace tuff {

namespace {

struct Epilogue {
  Activation activation;
  float slope;
};

// What a node applies to its one input, where convolutions can.
std::optional<Epilogue> epilogue_of(const Node& node) {
  const auto* op = dynamic_cast<const Pointwise*>(node.op.get());
  if (op == nullptr || op->program().inputs != 1 || op->program().instructions.size() != 1) return {};
  const PointwiseInstruction& instruction = op->program().instructions.front();
  switch (instruction.opcode) {
    case PointwiseOpcode::relu: return Epilogue{Activation::relu, 0};
    case PointwiseOpcode::leaky_relu: return Epilogue{Activation::leaky_relu, instruction.immediate};
    case PointwiseOpcode::sigmoid: return Epilogue{Activation::sigmoid, 0};
    case PointwiseOpcode::tanh: return Epilogue{Activation::tanh, 0};
    default: return {};
  }
}

// The activation that a convolution's node can take over from its only reader.
std::optional<Epilogue> epilogue_for(const Graph& graph, const Readers& readers, const Node& node) {
  if (!is_convolution(node) || conv_attributes(*node.op).activation != Activation::none) return {};
  const std::uint32_t result = node.outputs.front();
  return readers.only_reader(result) ? epilogue_of(graph.nodes()[readers.of(result).front()]) : std::nullopt;
}

std::shared_ptr<const Op> with_epilogue(const Op& op, const Epilogue& epilogue) {
  ConvAttributes attributes = conv_attributes(op);
  attributes.activation = epilogue.activation;
  attributes.slope = epilogue.slope;
  if (op.name() == "conv_transpose") return std::make_shared<ConvTranspose>(std::move(attributes));
  return std::make_shared<Conv>(std::move(attributes));
}

}  // namespace

std::unique_ptr<Graph> fuse_epilogue(const Graph& graph) {
  const Readers readers(graph);
  Rewriter rewriter(graph);
  for (std::uint32_t index = 0; index < graph.nodes().size(); ++index) {
    const Node& node = graph.nodes()[index];
    if (epilogue_for(graph, readers, node)) continue;  // added where its only reader stands
    const Node* before = node.inputs.empty() ? nullptr : producer_of(graph, node.inputs.front());
    const std::optional<Epilogue> epilogue = before ? epilogue_for(graph, readers, *before) : std::nullopt;
    if (!epilogue) {
      rewriter.copy(index);
      continue;
    }
    std::vector<Value> inputs;
    for (const std::uint32_t input : before->inputs) inputs.push_back(rewriter.map(input));
    const auto like = static_cast<std::uint32_t>(before - graph.nodes().data());
    rewriter.replace(index, rewriter.add(with_epilogue(*before->op, *epilogue), std::move(inputs), like));
  }
  return rewriter.finish();
}

}  // namespace tuff
