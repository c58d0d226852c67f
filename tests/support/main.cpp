// Runs doctest and adds two rules to it: a run whose filter matches no test case fails (a misspelt name must not
// pass), and skipped test cases are counted and named.
#define DOCTEST_CONFIG_IMPLEMENT
#include <doctest/doctest.h>

#include <cstdio>

#include "base/number.h"
#include "base/os.h"
#include "support/listener.h"
#include "support/random_shapes.h"
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

// False where a variable is no number.
bool read_sweep() {
  tuff::test::Sweep& sweep = tuff::test::sweep();
  const auto read = [](const char* name, auto& value) {
    const auto text = tuff::os::environment(name);
    return !text || tuff::parse_number(*text, value);
  };
  if (!read("TUFF_SWEEP", sweep.cases) || !read("TUFF_SWEEP_SEED", sweep.seed) || sweep.cases < 0) return false;
  if (sweep.cases > 0)
    std::printf("sweep: at most %d random cases of an op, seed %llu\n", sweep.cases,
                static_cast<unsigned long long>(sweep.seed));
  return true;
}

}  // namespace

void tuff::test::skip(const std::string& reason) {
  ++counts.skipped;
  std::printf("SKIPPED: %s: %s\n", counts.running, reason.c_str());
  std::fflush(stdout);
}

int main(int argc, char** argv) {
  doctest::Context context(argc, argv);
  if (!read_sweep()) {
    std::printf("TUFF_SWEEP and TUFF_SWEEP_SEED must be whole numbers, not negative\n");
    return 1;
  }
  const int result = context.run();
  if (context.shouldExit()) return result;
  if (counts.skipped > 0) std::printf("%u of %u test cases skipped\n", counts.skipped, counts.run);
  if (counts.run == 0) std::printf("no test case matches the filter\n");
  return counts.run == 0 ? 1 : result;
}
