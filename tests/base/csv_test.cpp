#include "base/csv.h"

#include <doctest/doctest.h>
#include <fmt/ranges.h>

namespace tuff::test {

TEST_CASE("csv: fields come back as they were written") {
  for (const std::string text : {"", "round", "round, large", "\"", "a \"b\", c", "größe", " x "}) {
    CAPTURE(text);
    CHECK(csv_fields("1," + csv_field(text) + ",2") == std::vector<std::string>{"1", text, "2"});
  }
}

TEST_CASE("csv: only what must be is quoted") {
  CHECK(csv_field("round cell") == "round cell");
  CHECK(csv_field("round, \"large\"") == "\"round, \"\"large\"\"\"");
  CHECK(csv_field("two\nlines") == "\"two\nlines\"");
}

TEST_CASE("csv: fields of lines that others wrote") {
  CHECK(csv_fields("a,b,\r") == std::vector<std::string>{"a", "b", ""});
  CHECK(csv_fields("") == std::vector<std::string>{""});
  CHECK(csv_fields("5\" plate,x") == std::vector<std::string>{"5\" plate", "x"});  // no quote begins the field
  CHECK(csv_fields("\"never ended,x") == std::vector<std::string>{"never ended,x"});
}

}  // namespace tuff::test
