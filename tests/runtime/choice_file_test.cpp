#include "runtime/choice_file.h"

#include <doctest/doctest.h>

#include <fstream>
#include <vector>

#include "base/os.h"
#include "support/child.h"
#include "support/files.h"

namespace tuff::test {
namespace {

struct Fixture {
  Fixture() { device.caps.name = "some device"; }
  ChoiceFile file() const { return {folder.path(), device, device.caps}; }
  KernelChoices read(const ChoiceFile& from) {
    return from.read([&](LogLevel level, const std::string& line) {
      CHECK(level == LogLevel::warning);
      lines.push_back(line);
    });
  }
  TemporaryFolder folder;
  DeviceDescription device;
  std::vector<std::string> lines;
  const KernelChoices some = {{"conv(a; f32 1x1) -> f32 1x1", "winograd"}, {"reduce(\"x\")", "columns"}};
};

}  // namespace

TEST_CASE_FIXTURE(Fixture, "choice file: what was written is read again; more is added to it") {
  CHECK(read(file()).empty());
  REQUIRE(file().write(some));
  CHECK(read(file()) == some);
  REQUIRE(file().write({{"pad()", "copy"}, {"reduce(\"x\")", "columns_vec4"}}));
  CHECK(read(file()) == KernelChoices{{"conv(a; f32 1x1) -> f32 1x1", "winograd"},
                                      {"pad()", "copy"},
                                      {"reduce(\"x\")", "columns_vec4"}});
  CHECK(lines.empty());
}

TEST_CASE_FIXTURE(Fixture, "choice file: another device, driver or set of capabilities has another file") {
  const ChoiceFile mine = file();
  REQUIRE(mine.write(some));
  DeviceDescription other = device;
  other.caps.driver_version = 2;
  DeviceCaps lowered = device.caps;
  lowered.max_shared_memory /= 2;
  for (const ChoiceFile& foreign :
       {ChoiceFile(folder.path(), other, device.caps), ChoiceFile(folder.path(), device, lowered)}) {
    CHECK(foreign.path() != mine.path());
    CHECK(read(foreign).empty());
    CHECK(lines.empty());
    std::filesystem::copy_file(mine.path(), foreign.path());
    CHECK(read(foreign).empty());
    REQUIRE(lines.size() == 1);
    CHECK(contains(lines[0], foreign.path().string()));
    lines.clear();
    REQUIRE(foreign.write(some));
    CHECK(read(foreign) == some);
  }
}

TEST_CASE_FIXTURE(Fixture, "choice file: damaged ones are ignored with one line") {
  REQUIRE(file().write(some));
  const std::string whole = file_text(file().path());
  std::size_t ignored = 0;
  for (std::size_t size = 0; size + 2 < whole.size(); size += 7) {
    os::write_file(file().path(), whole.substr(0, size));
    CHECK(read(file()).empty());
    CHECK(lines.size() == ++ignored);
  }
  for (const char* text :
       {"[]", "{}", "{\"version\":1}", "null", "{\"version\":1,\"device\":7,\"kernels\":[]}", "\xff"}) {
    CAPTURE(text);
    os::write_file(file().path(), std::string_view(text));
    CHECK(read(file()).empty());
    CHECK(lines.size() == ++ignored);
  }
  std::string wrong = whole;
  wrong.replace(wrong.find("\"winograd\""), 10, "17");
  os::write_file(file().path(), wrong);
  CHECK(read(file()).empty());
  REQUIRE(file().write(some));
  CHECK(read(file()) == some);
}

TEST_CASE_FIXTURE(Fixture, "choice file: it holds so many operations, those used last") {
  KernelChoices many;
  for (std::size_t i = 0; i < ChoiceFile::kMost; ++i) many.emplace("old " + std::to_string(i), "a");
  REQUIRE(file().write(many));
  CHECK(read(file()).size() == ChoiceFile::kMost);
  REQUIRE(file().write(some));
  const KernelChoices kept = read(file());
  CHECK(kept.size() == ChoiceFile::kMost);
  for (const auto& [key, kernel] : some) CHECK(kept.at(key) == kernel);
}

TEST_CASE_FIXTURE(Fixture, "choice file: one that can't be written is no error") {
  std::ofstream(folder / "file") << "in the way";
  CHECK_FALSE(ChoiceFile(folder / "file", device, device.caps).write(some));
  CHECK_FALSE(ChoiceFile().write(some));
  CHECK(ChoiceFile().read({}).empty());
}

}  // namespace tuff::test
