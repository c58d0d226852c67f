#include "base/number.h"

#include <locale>
#include <sstream>
#include <string>

namespace tuff {

std::size_t parse_double_by_stream(std::string_view text, double& value) {
  if (text.empty() || text[0] == ' ' || text[0] == '+') return 0;  // as std::from_chars has it
  std::istringstream stream{std::string(text)};
  stream.imbue(std::locale::classic());
  if (!(stream >> value)) return 0;
  return stream.eof() ? text.size() : static_cast<std::size_t>(stream.tellg());
}

}  // namespace tuff
