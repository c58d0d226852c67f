// Safetensors files (huggingface.co/docs/safetensors): named arrays with a map of strings. Strict: whatever
// the format forbids is an Error that names the file, before anything is allocated for it.
#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <map>
#include <span>
#include <string>
#include <vector>

#include "graph/tensor.h"
#include "io/array.h"

namespace tuff {

// One array, row-major. `dtype` is the format's own name ("F32", "F16", "I32", "I64", "U8", ...); those this
// engine doesn't compute with are kept as they are.
struct StoredTensor {
  std::string name;
  std::string dtype;
  std::vector<std::int64_t> shape;  // extents may be 0
  std::vector<std::byte> data;

  static StoredTensor from_array(std::string name, Array array);
  static StoredTensor from_tensor(std::string name, const HostTensor& tensor);
  static StoredTensor from_int64(std::string name, std::int64_t value);  // a scalar, as PyTorch's num_batches_tracked
  // Every type but complex numbers and 8-bit floats, else Error.
  Array array() const;
  // As what the engine computes with (to_tensor() of io/array.h); Error where that can't be.
  HostTensor tensor() const;
};

struct SafeTensors {
  std::map<std::string, std::string> metadata;
  std::vector<StoredTensor> tensors;

  const StoredTensor* find(std::string_view name) const;  // null where absent
  const StoredTensor& at(std::string_view name) const;    // Error names the tensor
};

SafeTensors read_safetensors(const std::filesystem::path& path);
// From memory; `source` names it in errors.
SafeTensors parse_safetensors(std::span<const std::byte> bytes, const std::string& source);

// Whole or not at all. Wider elements lie first, so all are aligned; otherwise order is kept.
void write_safetensors(const std::filesystem::path& path, const SafeTensors& file);
std::vector<std::byte> serialize_safetensors(const SafeTensors& file);

}  // namespace tuff
