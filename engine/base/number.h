// Numbers from text, the same in every locale: std::from_chars, whose double overload Apple's library lacked for long.
#pragma once

#include <charconv>
#include <cstddef>
#include <string_view>
#include <system_error>
#include <type_traits>

namespace tuff {

// How many characters at the beginning of `text` make the number that `value` becomes; 0 where none do.
std::size_t parse_double_by_stream(std::string_view text, double& value);

template <class Number>
std::size_t parse_prefix(std::string_view text, Number& value) {
#if defined(_LIBCPP_VERSION) && !defined(__cpp_lib_to_chars)
  if constexpr (std::is_floating_point_v<Number>)
    return parse_double_by_stream(text, value);
  else
#endif
  {
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
    return error == std::errc{} ? static_cast<std::size_t>(end - text.data()) : 0;
  }
}

// The whole text is the number.
template <class Number>
bool parse_number(std::string_view text, Number& value) {
  return !text.empty() && parse_prefix(text, value) == text.size();
}

}  // namespace tuff
