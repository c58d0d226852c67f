#include "vulkan/quirks.h"

#include <doctest/doctest.h>

#include <cstdlib>

#include "base/error.h"

namespace tuff {
namespace {

class Variable {
 public:
  Variable(const char* name, const char* value) : name_(name) { ::setenv(name, value, 1); }
  ~Variable() { ::unsetenv(name_); }

 private:
  const char* name_;
};

DeviceCaps sane() {
  DeviceCaps caps = pretended_caps("discrete");
  caps.memory = 8ull << 30;
  caps.max_allocation = 2ull << 30;
  return caps;
}

TEST_CASE("a sane device has no quirks") {
  DeviceCaps caps = sane();
  CHECK(apply_quirks(caps).empty());
  CHECK(caps.subgroup_size == 32);
  CHECK(caps.max_allocation == 2ull << 30);
}

TEST_CASE("senseless subgroup sizes are taken as unknown") {
  for (const std::uint32_t size : {0u, 24u, 256u}) {
    DeviceCaps caps = sane();
    caps.subgroup_size = size;
    CHECK(apply_quirks(caps).size() == 1);
    CHECK(caps.subgroup_size == 0);
  }
}

TEST_CASE("allocations stay below 4 GiB and below the memory") {
  DeviceCaps caps = sane();
  caps.max_allocation = ~0ull;
  apply_quirks(caps);
  CHECK(caps.max_allocation < 4ull << 30);
  caps.memory = 1ull << 30;
  apply_quirks(caps);
  CHECK(caps.max_allocation == 1ull << 30);
}

TEST_CASE("Mesa's software driver has subgroups of 16 at most") {
  const auto size = [](DeviceKind kind, std::uint32_t vendor, std::uint32_t reported) {
    DeviceCaps caps = sane();
    caps.kind = kind;
    caps.vendor_id = vendor;
    caps.subgroup_size = reported;
    apply_quirks(caps);
    return caps.subgroup_size;
  };
  CHECK(size(DeviceKind::cpu, 0x10005, 64) == 16);
  CHECK(size(DeviceKind::cpu, 0x10005, 8) == 8);
  CHECK(size(DeviceKind::cpu, 0x1AE0, 32) == 32);
  CHECK(size(DeviceKind::discrete, 0x10005, 32) == 32);
}

TEST_CASE("Mesa's software driver shares loads from version 26 on") {
  const auto shared = [](DeviceKind kind, std::uint32_t vendor, std::uint32_t major) {
    DeviceCaps caps = sane();
    caps.kind = kind;
    caps.vendor_id = vendor;
    caps.driver_version = major << 22;
    apply_quirks(caps);
    return caps.shared_loads;
  };
  CHECK(shared(DeviceKind::cpu, 0x10005, 26));
  CHECK_FALSE(shared(DeviceKind::cpu, 0x10005, 0));  // what Mesa 25 reports
  CHECK_FALSE(shared(DeviceKind::cpu, 0x1AE0, 26));
  CHECK_FALSE(shared(DeviceKind::discrete, 0x10005, 26));
}

TEST_CASE("the environment overrides a quirk either way") {
  DeviceCaps caps = sane();
  {
    const Variable variable("TUFF_QUIRK_SUBGROUP_SIZE_UNKNOWN", "1");
    CHECK(apply_quirks(caps).size() == 1);
    CHECK(caps.subgroup_size == 0);
  }
  caps = sane();
  caps.max_allocation = 5ull << 30;
  const Variable variable("TUFF_QUIRK_ALLOCATION_LIMIT", "0");
  CHECK(apply_quirks(caps).empty());
  CHECK(caps.max_allocation == 5ull << 30);
}

TEST_CASE("the environment sets the cores; nonsense in it is an error that names the variable") {
  DeviceCaps caps = sane();
  {
    const Variable variable("TUFF_CORES", "12");
    CHECK(apply_quirks(caps).size() == 1);
    CHECK(caps.cores == 12);
  }
  const Variable variable("TUFF_CORES", "many");
  CHECK_THROWS_WITH_AS(apply_quirks(caps), "TUFF_CORES: \"many\" is not a whole number", Error);
}

}  // namespace
}  // namespace tuff
