// Text that comes from files.
#pragma once

#include <string>
#include <string_view>

namespace tuff {

// One line whatever it holds: control characters as '?'.
inline std::string printable(std::string_view text) {
  std::string line(text);
  for (char& c : line)
    if (static_cast<unsigned char>(c) < 32 || c == 127) c = '?';
  return line;
}

}  // namespace tuff
