#include "support/op_check.h"

#include <doctest/doctest.h>

#include <cstdio>

#include "base/number.h"
#include "base/os.h"
#include "support/listener.h"
#include "support/op_checker.h"
#include "support/random_shapes.h"
#include "support/test_device.h"

namespace tuff::test {

namespace {

// TUFF_SETTINGS_EVERY=n: see CheckOptions::settings_every.
int settings_every() {
  int every = 1;
  if (const auto text = os::environment("TUFF_SETTINGS_EVERY")) REQUIRE(parse_number(*text, every));
  REQUIRE(every >= 1);
  return every;
}

OpChecker& checker() {
  const bool drawn = sweep().cases > 0;
  static OpChecker instance(test_device(), {.storage = test_storage(),
                                            .schedules = !drawn,
                                            .settings_every = settings_every(),
                                            .half_gradient_tolerance = drawn ? 1e-2 : 2e-3});
  return instance;
}

// Printed at the end of every run, so that a sweep that silently shrank shows.
struct Counts : Listener {
  explicit Counts(const doctest::ContextOptions&) {}
  inline static bool any = false;
  void test_run_end(const doctest::TestRunStats&) override {
    if (any) std::printf("%s", describe(checker().counts()).c_str());
  }
};
REGISTER_LISTENER("op_counts", 1, Counts);

}  // namespace

void check(const OpCase& op_case) {
  if (sweep().cases > 0 && !op_case.name.starts_with("random ")) return;
  Counts::any = true;
  const std::vector<std::string> failures = checker().check(op_case);
  for (const std::string& failure : failures) FAIL_CHECK("case " << op_case.name << ": " << failure);
  CHECK(failures.empty());
}

}  // namespace tuff::test
