// Runs doctest and adds two rules to it: a run whose filter matches no test case fails (a misspelt name must not
// pass), and skipped test cases are counted and named.
#define DOCTEST_CONFIG_IMPLEMENT
#include <doctest/doctest.h>

#include <cstdio>

#include "support/listener.h"
#include "support/skip.h"

namespace {

struct Counts {
  unsigned run = 0;
  unsigned skipped = 0;
  const char* running = "";
};
Counts counts;

struct Counter : tuff::test::Listener {
  explicit Counter(const doctest::ContextOptions&) {}
  void test_case_start(const doctest::TestCaseData& test) override {
    ++counts.run;
    counts.running = test.m_name;
  }
};
REGISTER_LISTENER("counter", 0, Counter);

}  // namespace

void tuff::test::skip(const std::string& reason) {
  ++counts.skipped;
  std::printf("SKIPPED: %s: %s\n", counts.running, reason.c_str());
  std::fflush(stdout);
}

int main(int argc, char** argv) {
  doctest::Context context(argc, argv);
  const int result = context.run();
  if (context.shouldExit()) return result;
  if (counts.skipped > 0) std::printf("%u of %u test cases skipped\n", counts.skipped, counts.run);
  if (counts.run == 0) std::printf("no test case matches the filter\n");
  return counts.run == 0 ? 1 : result;
}
