#include "layer/settings.h"

#include <charconv>

#include "layer/weaken.h"

namespace tuff_test {
namespace {

bool parse_number(std::string_view text, std::uint64_t& value) {
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  return error == std::errc() && end == text.data() + text.size() && !text.empty();
}

bool parse_word(std::string_view word, Settings& settings) {
  if (word.starts_with('-')) {
    const std::string name(word.substr(1));
    settings.hidden.insert(name);
    return name == "timestamps" || name.starts_with("VK_") || is_feature(name);
  }
  if (word == "pipeline_statistics") return settings.pipeline_statistics = true;
  const std::size_t equals = word.find('=');
  if (equals == std::string_view::npos) return false;
  const std::string name(word.substr(0, equals));
  const std::string_view value = word.substr(equals + 1);
  if (name == "counts") {
    settings.counts_file = value;
    return !value.empty();
  }
  if (name == "lose_at_submit") return parse_number(value, settings.lose_at_submit);
  if (name == "hang_at_submit") return parse_number(value, settings.hang_at_submit);
  if (name == "out_of_memory_at_allocation") return parse_number(value, settings.out_of_memory_at_allocation);
  if (name == "memory_budget") return parse_number(value, settings.memory_budget);
  return is_limit(name) && parse_number(value, settings.limits[name]);
}

}  // namespace

bool parse_settings(std::string_view text, Settings& settings, std::string& error) {
  constexpr std::string_view kSpace = " \n\t";
  while (true) {
    const std::size_t begin = text.find_first_not_of(kSpace);
    if (begin == std::string_view::npos) return true;
    text.remove_prefix(begin);
    const std::string_view word = text.substr(0, text.find_first_of(kSpace));
    if (!parse_word(word, settings)) {
      error = word;
      return false;
    }
    text.remove_prefix(word.size());
  }
}

}  // namespace tuff_test
