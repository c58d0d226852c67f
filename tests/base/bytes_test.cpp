#include "base/bytes.h"

#include <doctest/doctest.h>

#include <string>

using namespace tuff;

TEST_CASE("bytes: amounts of memory as people write them") {
  CHECK(parse_bytes("4096") == 4096);
  CHECK(parse_bytes("64K") == 65536);
  CHECK(parse_bytes("800M") == 838860800);
  CHECK(parse_bytes("1.5G") == 1610612736);
  CHECK(parse_bytes("2g") == 2147483648);
  for (const char* text : {"", "M", "0", "0M", "-1M", "64MB", "64 M", "M64", "lots", "nan", "inf", "1e30G", "0.5"}) {
    CAPTURE(std::string(text));
    CHECK_FALSE(parse_bytes(text).has_value());
  }
}
