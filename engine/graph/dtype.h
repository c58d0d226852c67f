// Element types of tensors. Floating-point ops accumulate in f32 whatever the storage is.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

namespace tuff {

enum class DType : std::uint8_t { f32, f16, i32 };

constexpr std::size_t size_of(DType dtype) {
  return dtype == DType::f16 ? 2 : 4;
}

constexpr std::string_view to_string(DType dtype) {
  switch (dtype) {
    case DType::f32: return "f32";
    case DType::f16: return "f16";
    case DType::i32: return "i32";
  }
  return "?";
}

}  // namespace tuff
