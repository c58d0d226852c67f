#include "apps/bench/spirv.h"

#include <fmt/format.h>

#include <array>
#include <bit>
#include <charconv>
#include <cstring>
#include <optional>

#include "apps/bench/report.h"
#include "base/error.h"
#include "base/os.h"
#include "base/philox.h"

namespace tuff::bench {
namespace {

std::vector<std::uint32_t> read_spirv(const std::string& file) {
  const std::vector<std::byte> bytes = os::read_file(file);
  if (bytes.empty() || bytes.size() % 4 != 0)
    throw Error(
        fmt::format("{}: no SPIR-V; make it with: glslangValidator -V --target-env vulkan1.2 x.comp -o x.spv", file));
  std::vector<std::uint32_t> words(bytes.size() / 4);
  std::memcpy(words.data(), bytes.data(), bytes.size());
  return words;
}

std::vector<std::uint32_t> parse_constants(const std::string& option, const std::vector<std::string>& texts) {
  std::vector<std::uint32_t> constants;
  for (const std::string& text : texts) constants.push_back(parse_constant(option, text));
  return constants;
}

std::array<std::uint32_t, 3> parse_groups(const std::vector<std::string>& texts) {
  std::array<std::uint32_t, 3> groups = {1, 1, 1};
  if (texts.empty() || texts.size() > 3) throw Error("--groups: must be one to three numbers, as 1024,2,1");
  for (std::size_t axis = 0; axis < texts.size(); ++axis) {
    groups[axis] = parse_constant("--groups", texts[axis]);
    if (groups[axis] < 1 || groups[axis] > 65535)
      throw Error(fmt::format("--groups {}: must be from 1 to 65535", texts[axis]));
  }
  return groups;
}

// Numbers from -1 to 1, so that no product grows without bounds.
Buffer random_buffer(Device& device, std::uint64_t bytes, std::uint64_t seed) {
  const Buffer upload = device.allocate(bytes, MemoryKind::upload, "random numbers");
  PhiloxStream draws(seed);
  for (std::uint64_t offset = 0; offset + 4 <= bytes; offset += 4) {
    const float value = 2 * draws.uniform() - 1;
    std::memcpy(upload.mapped() + offset, &value, 4);
  }
  Buffer buffer = device.allocate(bytes, MemoryKind::device, "a buffer of --buffers");
  CommandBuffer commands = device.command_buffer();
  commands.begin();
  commands.copy(upload, 0, buffer, 0, bytes);
  commands.end();
  device.wait(device.submit(commands));
  return buffer;
}

}  // namespace

std::uint32_t parse_constant(const std::string& option, const std::string& text) {
  if (text == "true") return 1;
  if (text == "false") return 0;
  const char* const end = text.data() + text.size();
  const auto whole = [&](auto value, const char* from, int base) -> std::optional<std::uint32_t> {
    const auto [stop, fault] = std::from_chars(from, end, value, base);
    if (fault != std::errc() || stop != end) return {};
    return static_cast<std::uint32_t>(value);
  };
  const bool hexadecimal = text.starts_with("0x");
  if (const auto value = whole(std::uint32_t{}, text.data() + (hexadecimal ? 2 : 0), hexadecimal ? 16 : 10))
    return *value;
  if (const auto value = whole(std::int32_t{}, text.data(), 10)) return *value;
  std::size_t used = 0;
  float number = 0;
  try {
    number = std::stof(text, &used);
  } catch (const std::exception&) {
    used = 0;
  }
  if (used == 0 || used != text.size() || text.find_first_of(".eE") == std::string::npos)
    throw Error(
        fmt::format("{} {}: must be a whole number of 32 bits, a number with a point, true or false", option, text));
  return std::bit_cast<std::uint32_t>(number);
}

std::uint64_t parse_bytes(const std::string& option, const std::string& text) {
  std::uint64_t value = 0;
  const char* const end = text.data() + text.size();
  const auto [stop, fault] = std::from_chars(text.data(), end, value);
  const std::string_view unit(stop, end);
  const int shift = unit.empty() ? 0 : unit == "k" ? 10 : unit == "M" ? 20 : unit == "G" ? 30 : -1;
  if (fault != std::errc() || shift < 0 || value < 1 || value > (std::uint64_t{1} << 40 >> shift))
    throw Error(fmt::format("{} {}: must be a number of bytes, as 4096, 16k, 4M or 1G", option, text));
  return value << shift;
}

nlohmann::ordered_json run_spirv(Device& device, const SpirvArguments& arguments, const Effort& effort,
                                 const Peaks& peaks) {
  const auto groups = parse_groups(arguments.groups);
  PushConstants push;
  std::vector<Buffer> buffers;
  for (const std::string& text : arguments.buffers) {
    buffers.push_back(random_buffer(device, parse_bytes("--buffers", text), buffers.size()));
    push.add(buffers.back());
  }
  for (const std::uint32_t constant : parse_constants("--push", arguments.push)) push.add(constant);
  if (push.bytes().size() > 128)
    throw Error(fmt::format("{} bytes of addresses and --push: must be 128 at most", push.bytes().size()));
  const PipelineRequest request{arguments.file, parse_constants("--spec", arguments.specialization)};
  device.add_shader(arguments.file, read_spirv(arguments.file));
  DispatchTimer timer(device, request, push.bytes(), groups);
  timer.seconds();  // the first run pays for what drivers put off
  const Samples samples = collect(effort, [&] { return timer.seconds(); });
  std::string rates;
  if (arguments.flops > 0)
    rates += fmt::format(", {:.2f} GFLOP/s ({:.0f}% of the peak)", arguments.flops / samples.median / 1e9,
                         100 * arguments.flops / samples.median / peaks.flops);
  if (arguments.bytes > 0)
    rates += fmt::format(", {:.2f} GB/s ({:.0f}% of a copy)", arguments.bytes / samples.median / 1e9,
                         100 * arguments.bytes / samples.median / peaks.bytes);
  fmt::print("{}: {:.4f} ms ({:.4f} to {:.4f}, {} samples{}){}\n", arguments.file, samples.median * 1e3,
             samples.p10 * 1e3, samples.p90 * 1e3, samples.count, samples.noisy() ? ", noisy" : "", rates);
  return to_json(arguments.file, samples, device.caps().timestamps, arguments.flops, arguments.bytes, peaks);
}

}  // namespace tuff::bench
