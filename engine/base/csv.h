// Tables of comma-separated values (RFC 4180), a line a row.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace tuff {

// A field as it stands in a row: in quotes where it holds commas, quotes or ends of lines.
std::string csv_field(std::string_view text);

// The fields of a line, without their quotes; the line may end in a carriage return.
std::vector<std::string> csv_fields(std::string_view line);

}  // namespace tuff
