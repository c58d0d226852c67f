#include "base/number.h"

#include <doctest/doctest.h>

#include <cstdint>
#include <string>

using namespace tuff;

TEST_CASE("numbers: both ways to read a double agree") {
  for (const char* text :
       {"1", "-0.25", "1e-3", "0.1", "3.5x", "12,5", "", "x", " 1", "+1", "1e400", "123456789.123456789"}) {
    CAPTURE(std::string(text));
    double one = 7, other = 7;
    const std::size_t used = parse_prefix(text, one);
    CHECK(parse_double_by_stream(text, other) == used);
    if (used > 0) CHECK(one == other);
  }
}

TEST_CASE("numbers: the whole text or not") {
  std::int64_t whole = 0;
  CHECK(parse_number("42", whole));
  CHECK(whole == 42);
  CHECK_FALSE(parse_number("42 ", whole));
  CHECK_FALSE(parse_number("", whole));
  double number = 0;
  CHECK_FALSE(parse_number("0.5a", number));
}
