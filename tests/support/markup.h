// Reads pages as XML does, as far as tests need it.
#pragma once

#include <cctype>
#include <string>
#include <string_view>
#include <vector>

namespace tuff::test {

// What is wrong with a page, "" where nothing is: every tag closed in order, attributes quoted, no bare < or & in text.
inline std::string markup_fault(std::string_view page) {
  std::vector<std::string> open;
  constexpr std::string_view kDoctype = "<!DOCTYPE html>";
  if (page.starts_with(kDoctype)) page.remove_prefix(kDoctype.size());
  while (!page.empty()) {
    const std::size_t start = page.find('<');
    const std::string_view text = page.substr(0, start);
    for (std::size_t at = text.find('&'); at != std::string_view::npos; at = text.find('&', at + 1))
      if (text.substr(at, 9).find(';') == std::string_view::npos) return "a bare & in \"" + std::string(text) + "\"";
    if (start == std::string_view::npos) break;
    page.remove_prefix(start);
    std::size_t end = 0;
    for (bool quoted = false; end < page.size() && (quoted || page[end] != '>'); ++end) {
      if (page[end] == '"') quoted = !quoted;
      if (end > 0 && page[end] == '<') return "a < within a tag near " + std::string(page.substr(0, 80));
    }
    if (end == page.size()) return "a tag without end: " + std::string(page.substr(0, 80));
    std::string_view tag = page.substr(1, end - 1);
    page.remove_prefix(end + 1);
    const bool closes = tag.starts_with('/'), is_empty = tag.ends_with('/');
    if (closes) tag.remove_prefix(1);
    std::size_t length = 0;
    while (length < tag.size() && (std::isalnum(static_cast<unsigned char>(tag[length])) || tag[length] == '-'))
      ++length;
    const std::string name(tag.substr(0, length));
    if (name.empty()) return "a tag without a name";
    if (closes) {
      if (open.empty() || open.back() != name) return "</" + name + "> closes " + (open.empty() ? "none" : open.back());
      open.pop_back();
    } else if (!is_empty) {
      open.push_back(name);
    }
  }
  return open.empty() ? "" : "<" + open.back() + "> is never closed";
}

}  // namespace tuff::test
