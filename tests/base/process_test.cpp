#include "base/process.h"

#include <doctest/doctest.h>

#include <chrono>
#include <thread>

#include "base/os.h"

namespace tuff {
namespace {

TEST_CASE("process: its age grows with time") {
  const double age = os::process_seconds();
  CHECK(age >= 0);
  std::this_thread::sleep_for(std::chrono::milliseconds(2));
  CHECK(os::process_seconds() - age >= 0.002);
  CHECK(os::process_seconds() - age < 60);
}

TEST_CASE("process: its environment changes") {
  os::set_environment("TUFF_PROCESS_TEST", "yes");
  CHECK(os::environment("TUFF_PROCESS_TEST") == "yes");
}

}  // namespace
}  // namespace tuff
