// Texts for messages.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>

namespace tuff {

// One line whatever it holds: control characters as '?'.
inline std::string printable(std::string_view text) {
  std::string line(text);
  for (char& c : line)
    if (static_cast<unsigned char>(c) < 32 || c == 127) c = '?';
  return line;
}

// Sizes that fit where another doesn't: "96 or 112", or "112" where the one below is 0, that is none.
inline std::string sizes_text(std::pair<std::int64_t, std::int64_t> nearest) {
  const std::string above = std::to_string(nearest.second);
  return nearest.first > 0 ? std::to_string(nearest.first) + " or " + above : above;
}

}  // namespace tuff
