// Reads back the tables that a run writes into its folder: no quotes, no commas within fields.
#pragma once

#include <fmt/format.h>

#include <filesystem>
#include <string_view>
#include <vector>

#include "base/error.h"
#include "base/number.h"
#include "base/os.h"

namespace tuff {

inline std::vector<std::string_view> split_fields(std::string_view text, char separator) {
  std::vector<std::string_view> parts;
  while (true) {
    const std::size_t end = text.find(separator);
    parts.push_back(text.substr(0, end));
    if (end == std::string_view::npos) return parts;
    text.remove_prefix(end + 1);
  }
}

// Error naming the file where the text is no number.
template <class Number>
Number parse_field(std::string_view text, const std::filesystem::path& file) {
  Number number{};
  if (!parse_number(text, number))
    throw Error(
        fmt::format("{}: \"{}\" is not a number; the file was changed, delete it to go on", file.string(), text));
  return number;
}

// Calls use(fields) for each row below the header; none where the file isn't there.
template <class Use>
void for_each_row(const std::filesystem::path& file, std::string_view header, Use&& use) {
  if (!std::filesystem::exists(file)) return;
  const std::size_t columns = split_fields(header, ',').size();
  const std::vector<std::byte> bytes = os::read_file(file);
  const std::string_view text(reinterpret_cast<const char*>(bytes.data()), bytes.size());
  for (const std::string_view line : split_fields(text, '\n')) {
    if (line.empty() || line == header) continue;
    const std::vector<std::string_view> fields = split_fields(line, ',');
    if (fields.size() != columns)
      throw Error(fmt::format("{}: a row has {} fields, not {}; the file was changed, delete it to go on",
                              file.string(), fields.size(), columns));
    use(fields);
  }
}

}  // namespace tuff
