#include "ops/pack.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "base/error.h"

namespace tuff {

Value pack(Graph& graph, std::string arena, std::vector<Value> values, std::vector<std::uint64_t> offsets,
           std::uint64_t elements) {
  return graph.add(std::make_shared<Pack>(std::move(arena), std::move(offsets), elements), std::move(values)).front();
}

std::string Pack::attributes() const {
  return fmt::format("arena={} elements={} offsets={}", arena_, elements_, fmt::join(offsets_, ","));
}

std::vector<TensorType> Pack::infer(std::span<const TensorType> inputs) const {
  if (inputs.size() != offsets_.size())
    throw Error(fmt::format("pack: {} values and {} offsets for arena \"{}\"", inputs.size(), offsets_.size(), arena_));
  std::uint64_t end = 0;
  for (std::size_t piece = 0; piece < inputs.size(); ++piece) {
    const std::uint64_t offset = offsets_[piece];
    const auto size = static_cast<std::uint64_t>(inputs[piece].shape.elements());
    if (inputs[piece].dtype != DType::f32 || offset < end || offset + size > elements_)
      throw Error(fmt::format(
          "pack: value {} ({}) doesn't fit at {} of arena \"{}\": the one before ends at {}, the arena at {}", piece,
          to_string(inputs[piece]), offset, arena_, end, elements_));
    end = offset + size;
  }
  return {{DType::f32, Shape{static_cast<std::int64_t>(elements_)}, Layout::channels_last}};
}

}  // namespace tuff
