#include "runtime/parameter_store.h"

#include <fmt/format.h>

#include "base/error.h"
#include "base/philox.h"
#include "runtime/transfer.h"

namespace tuff {

ParameterStore::ParameterStore(Device& device, const Graph& graph)
    : device_(device),
      variables_(graph.variables()),
      parameter_elements_(graph.arena_elements("parameters")),
      buffer_elements_(graph.arena_elements("buffers")) {
  arena("parameters");
  arena("buffers");
}

std::uint64_t ParameterStore::arena_bytes(const std::string& name) const {
  return (name == "buffers" ? buffer_elements_ : parameter_elements_) * sizeof(float);
}

Buffer& ParameterStore::arena(const std::string& name) {
  auto found = arenas_.find(name);
  if (found == arenas_.end()) {
    Buffer buffer = device_.allocate(arena_bytes(name), MemoryKind::device, fmt::format("the arena \"{}\"", name));
    fill(device_, buffer, 0, arena_bytes(name), 0);
    found = arenas_.emplace(name, std::move(buffer)).first;
  }
  return found->second;
}

std::vector<std::string> ParameterStore::arenas() const {
  std::vector<std::string> names;
  for (const auto& [name, buffer] : arenas_) names.push_back(name);
  return names;
}

const Variable& ParameterStore::variable(const std::string& name) const {
  for (const Variable& variable : variables_)
    if (variable.name == name) return variable;
  throw Error(fmt::format("the model has no parameter or buffer \"{}\"", name));
}

void ParameterStore::initialize(std::uint64_t seed) {
  for (const auto& [name, buffer] : arenas_) zero(name);
  for (std::uint32_t position = 0; position < variables_.size(); ++position) {
    const Variable& variable = variables_[position];
    if (variable.initializer.kind == Initializer::Kind::values) {
      write(variable.name, *variable.initializer.values);
      continue;
    }
    HostTensor values(variable.type.shape);
    PhiloxStream draws(seed, position, 0x696e6974u /* "init": a stream that nothing else uses */);
    const Initializer& start = variable.initializer;
    for (float& value : values.floats())
      value = start.kind == Initializer::Kind::constant ? start.value
                                                        : static_cast<float>(start.standard_deviation * draws.normal());
    write(variable.name, values);
  }
}

HostTensor ParameterStore::read(const std::string& name, const std::string& arena_name) const {
  const Variable& wanted = variable(name);
  const auto found = arenas_.find(arena_name.empty() ? wanted.arena : arena_name);
  if (found == arenas_.end()) throw Error(fmt::format("the model has no \"{}\" of \"{}\"", arena_name, name));
  std::vector<std::byte> stored(static_cast<std::size_t>(wanted.type.bytes()));
  download(device_, found->second, wanted.offset * sizeof(float), stored);
  HostTensor values(wanted.type.shape);
  from_device_layout(wanted.type, stored, values.data);
  return values;
}

std::vector<float> ParameterStore::read_arena(const std::string& name) const {
  const auto found = arenas_.find(name);
  if (found == arenas_.end()) throw Error(fmt::format("the model has no arena \"{}\"", name));
  std::vector<float> values(static_cast<std::size_t>(arena_bytes(name) / sizeof(float)));
  download(device_, found->second, 0, std::as_writable_bytes(std::span(values)));
  return values;
}

void ParameterStore::write_arena(const std::string& name, std::span<const float> values) {
  if (values.size_bytes() != arena_bytes(name))
    throw Error(
        fmt::format("the arena \"{}\" has {} bytes, {} were given", name, arena_bytes(name), values.size_bytes()));
  if (!values.empty()) upload(device_, arena(name), 0, std::as_bytes(values));
  changed();
}

ParameterSnapshot::ParameterSnapshot(const ParameterStore& store, std::span<const std::string> arenas)
    : store_(&store) {
  for (const std::string& name : arenas) arenas_.emplace(name, store.read_arena(name));
}

std::span<const float> ParameterSnapshot::arena(const std::string& name) const {
  return arenas_.at(name);
}

HostTensor ParameterSnapshot::read(const Variable& variable, const std::string& arena_name) const {
  const std::span<const float> stored = arena(arena_name.empty() ? variable.arena : arena_name);
  HostTensor values(variable.type.shape);
  const auto elements = static_cast<std::size_t>(variable.type.shape.elements());
  from_device_layout(variable.type, std::as_bytes(stored.subspan(static_cast<std::size_t>(variable.offset), elements)),
                     values.data);
  return values;
}

void ParameterStore::write(const std::string& name, const HostTensor& values, const std::string& arena_name) {
  const Variable& wanted = variable(name);
  if (values.dtype != DType::f32 || !(values.shape == wanted.type.shape))
    throw Error(fmt::format("\"{}\" is {}, but f32 {} is wanted", name,
                            to_string(TensorType{values.dtype, values.shape}), to_string(wanted.type.shape)));
  std::vector<std::byte> stored(values.data.size());
  to_device_layout(wanted.type, values.data, stored);
  upload(device_, arena(arena_name.empty() ? wanted.arena : arena_name), wanted.offset * sizeof(float), stored);
  changed();
}

void ParameterStore::zero(const std::string& name) {
  fill(device_, arena(name), 0, arena_bytes(name), 0);
  changed();
}

void ParameterStore::check(const Graph& graph) const {
  for (const Variable& wanted : graph.variables()) {
    const Variable& have = variable(wanted.name);
    if (have.arena != wanted.arena || have.offset != wanted.offset || !(have.type == wanted.type))
      throw Error(fmt::format("\"{}\" is {} in the graph and {} in the model", wanted.name, to_string(wanted.type),
                              to_string(have.type)));
  }
}

}  // namespace tuff
