// The parameters and buffers of a model on one device: flat arenas in which every variable has a name,
// a type and an offset. Executables of several shapes bind to one store; a model file is the store plus
// the model's configuration.
//
// Arenas: "parameters" and "buffers" always; any other ("gradients", "adam.m", ...) has the length and
// offsets of "parameters", starts as zeros, and appears when an executable that uses it is compiled or
// when it is written.
#pragma once

#include <cstdint>
#include <map>
#include <span>
#include <string>
#include <vector>

#include "graph/graph.h"
#include "vulkan/device.h"

namespace tuff {

class ParameterStore;

// What arenas held at one moment, on the host: one transfer an arena.
class ParameterSnapshot {
 public:
  // Refers to the store, which must outlive it.
  ParameterSnapshot(const ParameterStore& store, std::span<const std::string> arenas);

  const ParameterStore& store() const { return *store_; }
  std::span<const float> arena(const std::string& name) const;  // in device order, with what lies between variables
  // One variable's values in logical order, from its own arena or from a parallel one.
  HostTensor read(const Variable& variable, const std::string& arena = {}) const;

 private:
  const ParameterStore* store_;
  std::map<std::string, std::vector<float>> arenas_;
};

class ParameterStore {
 public:
  // Holds the graph's variables, zeroed; call initialize() or write() next. The device must outlive it.
  ParameterStore(Device& device, const Graph& graph);

  // Sets every variable by its Initializer, from Philox keyed by (seed, the variable's position, element):
  // the same on all devices. Other arenas become zeros.
  void initialize(std::uint64_t seed);

  const std::vector<Variable>& variables() const { return variables_; }
  const Variable& variable(const std::string& name) const;  // Error where there is none
  std::vector<std::string> arenas() const;

  // One variable's values in logical order, from its own arena or from a parallel one ("adam.m").
  HostTensor read(const std::string& name, const std::string& arena = {}) const;
  void write(const std::string& name, const HostTensor& values, const std::string& arena = {});
  void zero(const std::string& arena);

  // All of an arena's values in device order. Error where it isn't there.
  std::vector<float> read_arena(const std::string& name) const;
  // Error where their number isn't the arena's.
  void write_arena(const std::string& name, std::span<const float> values);

  // Every variable of the graph is here with the same type and offset, else Error naming the first that isn't.
  void check(const Graph& graph) const;

  // Another number whenever anything has been written: by the functions above, or by an executable, which calls
  // changed().
  std::uint64_t version() const { return version_; }
  void changed() { ++version_; }

  // The arena's memory, made where it isn't there yet. Who writes it calls changed().
  Buffer& arena(const std::string& name);
  std::uint64_t arena_bytes(const std::string& name) const;

 private:
  Device& device_;
  std::vector<Variable> variables_;
  std::uint64_t parameter_elements_ = 0;
  std::uint64_t buffer_elements_ = 0;
  std::uint64_t version_ = 0;
  mutable std::map<std::string, Buffer> arenas_;
};

}  // namespace tuff
