#include "ops/pack.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "base/error.h"
#include "ops/assign.h"
#include "ops/spatial.h"

namespace tuff {

Value pack(Graph& graph, std::string arena, std::vector<Value> values, std::vector<std::uint64_t> offsets,
           std::uint64_t elements, std::uint64_t origin) {
  Op::Collection collection{std::move(arena), std::move(offsets), origin};
  return graph.add(std::make_shared<Pack>(std::move(collection), elements), std::move(values)).front();
}

std::string Pack::attributes() const {
  const std::string origin = collection_.origin > 0 ? fmt::format(" origin={}", collection_.origin) : "";
  return fmt::format("arena={} elements={}{} offsets={}", collection_.arena, elements_, origin,
                     fmt::join(collection_.offsets, ","));
}

std::vector<TensorType> Pack::infer(std::span<const TensorType> inputs) const {
  if (inputs.size() != collection_.offsets.size())
    throw Error(fmt::format("pack: {} values and {} offsets for arena \"{}\"", inputs.size(),
                            collection_.offsets.size(), collection_.arena));
  std::uint64_t end = 0;
  for (std::size_t piece = 0; piece < inputs.size(); ++piece) {
    const std::uint64_t offset = collection_.offsets[piece];
    const auto size = static_cast<std::uint64_t>(inputs[piece].shape.elements());
    if (inputs[piece].dtype != DType::f32 || offset < end || offset + size > elements_)
      throw Error(fmt::format(
          "pack: value {} ({}) doesn't fit at {} of arena \"{}\": the one before ends at {}, the arena at {}", piece,
          to_string(inputs[piece]), offset, collection_.arena, end, elements_));
    end = offset + size;
  }
  return {{DType::f32, Shape{static_cast<std::int64_t>(elements_)}, Layout::channels_last}};
}

// ---- kernels ------------------------------------------------------------------------------------

namespace {

KernelDispatches emit_copies(const KernelRequest& request) {
  const auto& offsets = static_cast<const Pack&>(request.op).collection()->offsets;
  KernelDispatches copies;
  for (std::uint32_t piece = 0; piece < request.inputs.size(); ++piece) {
    if (piece < request.placed.size() && request.placed[piece]) continue;
    BufferUse to = writes_output(0);
    to.offset = offsets[piece] * sizeof(float);
    to.size = static_cast<std::uint64_t>(request.inputs[piece].bytes());
    copies.dispatches.push_back(copy_dispatch(reads_input(piece), to, request.inputs[piece], request.caps));
  }
  return copies;
}

}  // namespace

std::vector<Kernel> pack_kernels() {
  return {{"copy", refuse_large, emit_copies}};
}

}  // namespace tuff
