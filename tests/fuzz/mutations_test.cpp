// Files cut at every byte and with every bit of their beginning flipped, for all readers; libFuzzer (scripts/fuzz) goes
// further.
#include <doctest/doctest.h>
#include <fmt/format.h>

#include <algorithm>
#include <filesystem>
#include <vector>

#include "base/os.h"
#include "fuzz/targets.h"

namespace tuff::test {
namespace {

constexpr std::size_t kHeader = 512;  // bytes whose bits are flipped; every 31st byte beyond
constexpr std::size_t kStep = 31;

std::vector<std::filesystem::path> seeds(std::string_view target) {
  std::vector<std::filesystem::path> found;
  for (const auto& entry :
       std::filesystem::directory_iterator(std::filesystem::path(TUFF_SOURCE_DIR) / "tests/fuzz/seeds" / target))
    found.push_back(entry.path());
  std::sort(found.begin(), found.end());
  return found;
}

void mutate(const fuzz::Target& target, const std::vector<std::byte>& seed) {
  target.run(seed);
  const std::size_t step = seed.size() > 4096 ? kStep : 1;
  for (std::size_t length = 0; length < seed.size(); length += length < kHeader ? 1 : step)
    target.run(std::span(seed).first(length));
  std::vector<std::byte> changed = seed;
  for (std::size_t at = 0; at < seed.size(); at += at < kHeader ? 1 : kStep)
    for (int bit = 0; bit < 8; ++bit) {
      changed[at] ^= static_cast<std::byte>(1 << bit);
      target.run(changed);
      changed[at] = seed[at];
    }
}

}  // namespace

TEST_CASE("fuzz: files cut anywhere or with any bit flipped are read or refused") {
  for (const fuzz::Target& target : fuzz::targets()) {
    CAPTURE(target.name);
    const auto files = seeds(target.name);
    CHECK(files.size() >= 3);
    for (const std::filesystem::path& file : files) {
      CAPTURE(file.string());
      CHECK_NOTHROW(mutate(target, os::read_file(file)));
    }
  }
}

}  // namespace tuff::test
