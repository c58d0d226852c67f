// The words of TUFF_TEST_LAYER (layer.h) as data.
#pragma once

#include <cstdint>
#include <map>
#include <set>
#include <string>
#include <string_view>

namespace tuff_test {

struct Settings {
  std::map<std::string, std::uint64_t, std::less<>> limits;  // by Vulkan's name, and heapSize, subgroupSize
  std::set<std::string, std::less<>> hidden;                 // features, extensions, "timestamps"
  std::uint64_t lose_at_submit = 0;                          // 0: never
  std::uint64_t hang_at_submit = 0;
  std::uint64_t out_of_memory_at_allocation = 0;
  std::uint64_t memory_budget = UINT64_MAX;  // bytes
  bool pipeline_statistics = false;
  std::string counts_file;

  bool hides(std::string_view name) const { return hidden.contains(name); }
};

// False, with the word in `error`, where a word is unknown or its number is none.
bool parse_settings(std::string_view text, Settings& settings, std::string& error);

}  // namespace tuff_test
