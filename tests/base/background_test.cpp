#include "base/background.h"

#include <doctest/doctest.h>

#include <atomic>
#include <string>
#include <vector>

#include "base/error.h"

namespace tuff {
namespace {

TEST_CASE("background: work runs in order, and finish() waits for it") {
  std::vector<int> done;
  Background background(2);
  for (int i = 0; i < 100; ++i) background.add([&done, i] { done.push_back(i); });
  background.finish();
  REQUIRE(done.size() == 100);
  for (int i = 0; i < 100; ++i) CHECK(done[static_cast<std::size_t>(i)] == i);
  background.add([&] { done.clear(); });
  background.finish();
  CHECK(done.empty());
}

TEST_CASE("background: what work throws comes back once, and nothing after it runs") {
  std::atomic<int> done = 0;
  Background background(1);
  const auto add_all = [&] {
    for (int i = 0; i < 10; ++i)
      background.add([&done, i] {
        if (i == 3) throw Error("the fourth");
        ++done;
      });
    background.finish();
  };
  CHECK_THROWS_WITH_AS(add_all(), "the fourth", Error);
  CHECK(done == 3);
  CHECK_THROWS_WITH_AS(background.finish(), "the fourth", Error);
}

TEST_CASE("background: its end drops what waits") {
  std::atomic<bool> begun = false, go = false;
  std::atomic<int> done = 0;
  {
    Background background(4);
    background.add([&] {
      begun = true;
      while (!go) std::this_thread::yield();
      ++done;
    });
    for (int i = 0; i < 3; ++i) background.add([&] { ++done; });
    while (!begun) std::this_thread::yield();
    go = true;
  }
  CHECK(done >= 1);
  CHECK(done <= 4);
}

TEST_CASE("ahead: results come in order, no more than asked for are made, errors in their place") {
  std::atomic<int> made = 0;
  Ahead<int> ahead(
      [&]() -> std::optional<int> {
        const int number = made++;
        if (number == 5) throw Error("no sixth");
        return number;
      },
      2);
  for (int i = 0; i < 5; ++i) {
    CHECK(made <= i + 3);  // those taken, two that wait and one that is being made
    CHECK(ahead.next() == i);
  }
  CHECK_THROWS_WITH_AS(ahead.next(), "no sixth", Error);
  CHECK_THROWS_WITH_AS(ahead.next(), "no sixth", Error);
  int left = 2;
  Ahead<std::string> ends([&]() { return left-- > 0 ? std::optional<std::string>("x") : std::nullopt; }, 3);
  CHECK(ends.next() == "x");
  CHECK(ends.next() == "x");
  CHECK_FALSE(ends.next().has_value());
  CHECK_FALSE(ends.next().has_value());
}

}  // namespace
}  // namespace tuff
