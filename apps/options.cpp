#include "apps/options.h"

#include <fmt/format.h>

#include <charconv>
#include <filesystem>
#include <new>

#include "base/bytes.h"
#include "base/error.h"

namespace tuff {

void add_model_option(CLI::App& command, std::string& model) {
  command.add_option("model", model, "a run's folder (its best model is taken) or a model file")
      ->required()
      ->type_name("RUN|MODEL");
}

void add_device_option(CLI::App& command, std::string& device) {
  command.add_option("--device", device, "device by number or part of its name, see `tuff devices`")
      ->type_name("NAME|N");
}

void add_dtype_option(CLI::App& command, std::string& dtype) {
  command.add_option("--dtype", dtype, "what lies in memory between the layers: f32, or f16 in half the memory [f32]")
      ->check(CLI::IsMember({"f32", "f16"}))
      ->type_name("f32|f16");
}

void add_replace_nan_option(CLI::App& command, bool& replace_nan) {
  command.add_flag("--replace-nan", replace_nan,
                   "take a channel's smallest value where others are no finite numbers, instead of refusing it");
}

void add_autotune_option(CLI::App& command, bool& autotune) {
  command.add_flag("--autotune", autotune,
                   "time every kernel that can do an operation once, and use the fastest; results may differ in their "
                   "last digits");
}

void add_memory_option(CLI::App& command, std::string& memory, const std::string& use) {
  command.add_option("--memory", memory, use)->type_name("SIZE");
}

std::uint64_t parse_memory(const std::string& text) {
  if (text.empty()) return 0;
  if (const auto bytes = parse_bytes(text)) return *bytes;
  throw Error(fmt::format("--memory: \"{}\" is no amount of memory such as 800M or 2G", text));
}

void blame_for_memory(const std::string& file, const std::function<void()>& work) {
  try {
    work();
  } catch (const std::bad_alloc&) {
    throw Error(fmt::format("{}: there isn't enough memory for it", file));
  }
}

std::pair<std::string, std::string> split_name(const std::string& text,
                                               const std::function<bool(const std::string&)>& is_value) {
  std::size_t first = std::string::npos;
  for (std::size_t at = text.rfind('='); at != std::string::npos;
       at = at == 0 ? std::string::npos : text.rfind('=', at - 1)) {
    if (is_value(text.substr(at + 1))) return {text.substr(0, at), text.substr(at + 1)};
    first = at;
  }
  if (first == std::string::npos || is_value(text)) return {"", text};
  return {text.substr(0, first), text.substr(first + 1)};
}

void check_folder(const std::string& out) {
  if (std::filesystem::exists(out) && !std::filesystem::is_directory(out))
    throw Error(fmt::format("--out {}: is a file; name a folder", out));
}

std::int64_t parse_tile(const std::string& text) {
  if (text == "auto") return 0;
  std::int64_t tile = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), tile);
  if (error != std::errc{} || end != text.data() + text.size() || tile < 1)
    throw Error(fmt::format("--tile: \"{}\" is neither auto nor a number of pixels", text));
  return tile;
}

}  // namespace tuff
