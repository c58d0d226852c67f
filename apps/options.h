// Options that several commands share.
#pragma once

#include <CLI/CLI.hpp>
#include <cstdint>
#include <functional>
#include <string>
#include <utility>

namespace tuff {

// The first positional: a run's folder or a model file.
void add_model_option(CLI::App& command, std::string& model);
void add_device_option(CLI::App& command, std::string& device);
// f32 or f16, see storage_on() of session.h.
void add_dtype_option(CLI::App& command, std::string& dtype);

// DataFormat::replace_nan, for a model that was trained without.
void add_replace_nan_option(CLI::App& command, bool& replace_nan);

// See open_tuner() of session.h.
void add_autotune_option(CLI::App& command, bool& autotune);

// Device memory, see parse_memory(); `use` says what for.
void add_memory_option(CLI::App& command, std::string& memory, const std::string& use);
// In bytes; "" is 0, no limit. Error where it is no amount.
std::uint64_t parse_memory(const std::string& text);

// Does `work`; where there isn't enough memory for it, an Error names the file that asks for so much.
void blame_for_memory(const std::string& file, const std::function<void()>& work);

// NAME=VALUE as name and value; the name is empty where there is none. Names and files may hold "=" themselves: it is
// the last one behind which `is_value` finds a value, else the first.
std::pair<std::string, std::string> split_name(const std::string& text,
                                               const std::function<bool(const std::string&)>& is_value);

// Error where --out, which is to be a folder, is a file.
void check_folder(const std::string& out);

// "auto" is 0; else a whole number above 0, or Error.
std::int64_t parse_tile(const std::string& text);

}  // namespace tuff
