// Amounts of memory as people write them.
#pragma once

#include <cmath>
#include <cstdint>
#include <optional>
#include <string_view>

#include "base/number.h"

namespace tuff {

// "64M", "1.5G", "300K" in binary units, or bytes; nothing where the text is none of them or not above 0.
inline std::optional<std::uint64_t> parse_bytes(std::string_view text) {
  double unit = 1;
  const char last = text.empty() ? ' ' : text.back();
  if (last == 'K' || last == 'k') unit = 0x1p10;
  if (last == 'M' || last == 'm') unit = 0x1p20;
  if (last == 'G' || last == 'g') unit = 0x1p30;
  if (unit > 1) text.remove_suffix(1);
  double number = 0;
  if (!parse_number(text, number)) return std::nullopt;
  const double bytes = std::floor(number * unit);
  if (!(bytes >= 1) || bytes > 0x1p62) return std::nullopt;
  return static_cast<std::uint64_t>(bytes);
}

}  // namespace tuff
