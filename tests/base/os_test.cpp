#include "base/os.h"

#include <doctest/doctest.h>

#include <cstdlib>
#include <cstring>
#include <fstream>
#include <thread>

#include "base/error.h"

namespace tuff {
namespace {

namespace fs = std::filesystem;

// A folder of its own for each test case.
class Folder {
 public:
  Folder() : path_((fs::temp_directory_path() / "tuff-os-XXXXXX").string()) {
    REQUIRE(::mkdtemp(path_.data()) != nullptr);
  }
  ~Folder() {
    std::error_code ignored;
    fs::remove_all(path_, ignored);
  }
  fs::path operator/(const char* name) const { return fs::path(path_) / name; }
  std::size_t files() const {
    return static_cast<std::size_t>(std::distance(fs::directory_iterator(path_), fs::directory_iterator()));
  }

 private:
  std::string path_;
};

std::string text_of(const fs::path& path) {
  const auto bytes = os::read_file(path);
  return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

std::string message_of(const auto& action) {
  try {
    action();
  } catch (const Error& error) {
    return error.what();
  }
  return "no error";
}

TEST_CASE("write_file replaces a file whole and leaves nothing beside it") {
  const Folder folder;
  const fs::path path = folder / "a";
  os::write_file(path, "first, the longer text");
  os::write_file(path, "second");
  CHECK(text_of(path) == "second");
  os::write_file(path, "");
  CHECK(text_of(path).empty());
  CHECK(folder.files() == 1);
}

TEST_CASE("write_file takes over what a killed process left") {
  const Folder folder;
  std::ofstream(folder / "a.tmp") << "half a file, longer than the new one";
  os::write_file(folder / "a", "new");
  CHECK(text_of(folder / "a") == "new");
  CHECK(folder.files() == 1);
}

TEST_CASE("write_file keeps the old file where it can't write the new one") {
  const Folder folder;
  os::write_file(folder / "a", "old");
  fs::create_directory(folder / "a.tmp");  // stands in the way of the temporary file, for root as well
  const std::string message = message_of([&] { os::write_file(folder / "a", "new"); });
  CHECK(message.find((folder / "a").string()) != std::string::npos);
  CHECK(text_of(folder / "a") == "old");
}

TEST_CASE("write_file says that the disk is full") {
  if (!fs::exists("/dev/full")) return;
  CHECK(message_of([&] { os::write_file("/dev/full", "text"); }).find("No space left") != std::string::npos);
}

TEST_CASE("write_file follows a link and refuses a folder") {
  const Folder folder;
  os::write_file(folder / "target", "old");
  fs::create_symlink(folder / "target", folder / "link");
  os::write_file(folder / "link", "new");
  CHECK(fs::is_symlink(folder / "link"));
  CHECK(text_of(folder / "target") == "new");
  CHECK_THROWS_AS(os::write_file(folder / "", "text"), Error);
}

TEST_CASE("threads that write one file never mix their texts") {
  const Folder folder;
  const auto write = [&](char letter) {
    for (int round = 0; round < 50; ++round) os::write_file(folder / "a", std::string(10000, letter));
  };
  std::thread one(write, 'x'), two(write, 'y');
  one.join();
  two.join();
  const std::string text = text_of(folder / "a");
  REQUIRE(text.size() == 10000);
  CHECK(text == std::string(10000, text.front()));
  CHECK(folder.files() == 1);
}

TEST_CASE("read_file names what it can't read") {
  const Folder folder;
  const fs::path path = folder / "absent";
  CHECK(message_of([&] { os::read_file(path); }) == "can't read " + path.string() + ": No such file or directory");
  CHECK_THROWS_AS(os::read_file(folder / ""), Error);
}

TEST_CASE("read_file reads files that tell no size") {
  CHECK(text_of("/proc/self/status").find("Pid:") != std::string::npos);
}

TEST_CASE("a library that isn't there says why") {
  const char* names[] = {"libtuff-absent.so.1", "libtuff-absent.so"};
  std::string why;
  CHECK_FALSE(os::Library::open(names, why));
  CHECK(why.find("libtuff-absent.so.1") != std::string::npos);
}

TEST_CASE("figures of the process make sense") {
  CHECK(os::physical_cores() >= 1);
  CHECK(os::physical_cores() <= std::thread::hardware_concurrency());
  CHECK(os::available_memory() > (1u << 20));
  CHECK(os::process_peak_memory() > (1u << 20));
  CHECK(os::thread_cpu_seconds() > 0);
  CHECK(os::terminal_columns() > 0);
  const double start = os::monotonic_seconds();
  std::this_thread::sleep_for(std::chrono::milliseconds(2));
  CHECK(os::monotonic_seconds() - start >= 0.002);
}

TEST_CASE("the cache folder follows the environment") {
  const auto saved = os::environment("TUFF_CACHE");
  ::setenv("TUFF_CACHE", "/somewhere/tuff-cache", 1);
  CHECK(os::cache_folder() == "/somewhere/tuff-cache");
  ::unsetenv("TUFF_CACHE");
  ::setenv("XDG_CACHE_HOME", "/elsewhere", 1);
  CHECK(os::cache_folder() == "/elsewhere/tuff");
  ::unsetenv("XDG_CACHE_HOME");
  if (saved) ::setenv("TUFF_CACHE", saved->c_str(), 1);
}

}  // namespace
}  // namespace tuff
