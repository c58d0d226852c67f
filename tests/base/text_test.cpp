#include "base/text.h"

#include <doctest/doctest.h>

#include "base/error.h"

namespace tuff::test {

TEST_CASE("text: what files call their parts stays one line in errors") {
  CHECK(printable("a\nb\tc\x7f") == "a?b?c?");
  CHECK(printable("größe 1.5") == "größe 1.5");
  CHECK(std::string(Error("member 'a\r\nb' is damaged").what()) == "member 'a??b' is damaged");
}

}  // namespace tuff::test
