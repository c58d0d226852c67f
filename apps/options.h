// Options that several commands share.
#pragma once

#include <CLI/CLI.hpp>
#include <cstdint>
#include <string>

namespace tuff {

// The first positional: a run's folder or a model file.
void add_model_option(CLI::App& command, std::string& model);
void add_device_option(CLI::App& command, std::string& device);
// f32 or f16, see storage_on() of session.h.
void add_dtype_option(CLI::App& command, std::string& dtype);

// "auto" is 0; else a whole number above 0, or Error.
std::int64_t parse_tile(const std::string& text);

}  // namespace tuff
