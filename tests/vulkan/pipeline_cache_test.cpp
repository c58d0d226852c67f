#include "vulkan/pipeline_cache.h"

#include <doctest/doctest.h>

#include <cstdlib>
#include <fstream>

#include "base/os.h"

namespace tuff {
namespace {

struct Fixture {
  Fixture() : folder((std::filesystem::temp_directory_path() / "tuff-cache-XXXXXX").string()) {
    REQUIRE(::mkdtemp(folder.data()) != nullptr);
    device.caps.name = "some device";
  }
  ~Fixture() {
    std::error_code ignored;
    std::filesystem::remove_all(folder, ignored);
  }
  std::string folder;
  DeviceDescription device;
  const std::vector<std::byte> data = std::vector<std::byte>(1000, std::byte{7});
};

TEST_CASE_FIXTURE(Fixture, "what was written is read again, in a folder that it makes") {
  const PipelineCacheFile file(folder + "/deep/er", device);
  CHECK(file.read().empty());
  REQUIRE(file.write(data));
  CHECK(file.read() == data);
}

TEST_CASE_FIXTURE(Fixture, "another device or driver has another file") {
  const PipelineCacheFile file(folder, device);
  REQUIRE(file.write(data));
  DeviceDescription other = device;
  other.caps.driver_version = 2;
  CHECK(PipelineCacheFile(folder, other).path() != file.path());
  other = device;
  other.pipeline_cache_uuid[3] = 9;
  const PipelineCacheFile foreign(folder, other);
  CHECK(foreign.path() != file.path());
  std::filesystem::copy_file(file.path(), foreign.path());
  CHECK(foreign.read().empty());
}

TEST_CASE_FIXTURE(Fixture, "damaged files are ignored") {
  const PipelineCacheFile file(folder, device);
  REQUIRE(file.write(data));
  const auto whole = os::read_file(file.path());
  for (const std::size_t at : {0ul, 9ul, 17ul, 25ul, 32ul, whole.size() - 1}) {
    auto damaged = whole;
    damaged[at] ^= std::byte{1};
    os::write_file(file.path(), damaged);
    CHECK(file.read().empty());
  }
  for (const std::size_t size : {0ul, 5ul, 32ul, whole.size() - 1}) {
    os::write_file(file.path(), std::span(whole).first(size));
    CHECK(file.read().empty());
  }
  os::write_file(file.path(), whole);
  CHECK(file.read() == data);
}

TEST_CASE_FIXTURE(Fixture, "a cache that can't be written is no error") {
  std::ofstream(folder + "/file") << "in the way";
  CHECK_FALSE(PipelineCacheFile(folder + "/file", device).write(data));
  CHECK_FALSE(PipelineCacheFile("", device).write(data));
  CHECK(PipelineCacheFile("", device).read().empty());
}

}  // namespace
}  // namespace tuff
