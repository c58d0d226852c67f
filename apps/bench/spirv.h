// Anyone's compute shader, timed: `tuff bench --spv`.
#pragma once

#include <cstdint>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "apps/bench/peaks.h"
#include "apps/bench/samples.h"
#include "vulkan/device.h"

namespace tuff::bench {

struct SpirvArguments {
  std::string file;
  std::vector<std::string> specialization;  // constants 0, 1, 2, ...: 3, 0x10, -1, 0.5, true
  std::vector<std::string> push;            // after the buffers' addresses, as above
  std::vector<std::string> buffers;         // bytes: 4096, 16k, 4M, 1G
  std::vector<std::string> groups = {"1"};  // x, y, z
  double flops = 0, bytes = 0;              // of one dispatch, for rates; 0: unknown
};

// Prints a line; gives a result for the report. Error where an argument can't be read or the file is no SPIR-V.
nlohmann::ordered_json run_spirv(Device& device, const SpirvArguments& arguments, const Effort& effort,
                                 const Peaks& peaks);

// A constant's 32 bits: a whole number (decimal or 0x), a number with a point or exponent as float, true or false.
std::uint32_t parse_constant(const std::string& option, const std::string& text);

// Bytes, with k, M or G for powers of 1,024.
std::uint64_t parse_bytes(const std::string& option, const std::string& text);

}  // namespace tuff::bench
