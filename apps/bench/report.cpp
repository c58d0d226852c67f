#include "apps/bench/report.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <utility>

#include "apps/commit.h"
#include "base/clocks.h"
#include "base/error.h"
#include "base/os.h"
#include "vulkan/pipeline_cache.h"

namespace tuff::bench {
namespace {

nlohmann::ordered_json to_json(const Samples& samples) {
  return {{"median", samples.median}, {"p10", samples.p10},       {"p90", samples.p90},      {"low", samples.low},
          {"high", samples.high},     {"samples", samples.count}, {"noisy", samples.noisy()}};
}

// Of its bandwidth and its arithmetic, how much of the peak a pass reaches.
double share(double amount, double seconds, double peak) {
  return peak > 0 ? amount / seconds / peak : 0;
}

std::string kernels_text(const Measurement& measured) {
  if (measured.kernels.size() <= 4) return fmt::format("{}", fmt::join(measured.kernels, " "));
  return fmt::format("{} dispatches", measured.shaders.size());
}

// Of an operation by cooperative matrices theirs; a network is of both kinds.
double peak_of(const Case& item, const Measurement& measured, const Peaks& peaks) {
  const bool matrices = !item.network && std::ranges::any_of(measured.kernels, [](const std::string& kernel) {
    return kernel.find("/cooperative_") != std::string::npos;
  });
  return matrices && peaks.matrix_flops > 0 ? peaks.matrix_flops : peaks.flops;
}

// What isn't known is left out.
nlohmann::ordered_json clocks_of(const Device& device) {
  const DeviceCaps& caps = device.caps();
  const os::Clocks clocks = caps.is_cpu()
                                ? os::cpu_clocks()
                                : os::gpu_clocks({device.description().pci_address, caps.vendor_id, caps.device_id});
  nlohmann::ordered_json json = nlohmann::ordered_json::object();
  const std::pair<const char*, double> values[] = {
      {"core_mhz", clocks.core}, {"core_highest_mhz", clocks.core_highest}, {"memory_mhz", clocks.memory}};
  for (const auto& [name, megahertz] : values)
    if (megahertz > 0) json[name] = megahertz;
  return json;
}

}  // namespace

nlohmann::ordered_json begin_report(const Device& device, const std::string& suite, const Peaks& peaks) {
  const DeviceDescription& description = device.description();
  const DeviceCaps& caps = device.caps();
  nlohmann::ordered_json report = {{"version", kReportVersion}, {"tuff", TUFF_VERSION},
                                   {"commit", kCommit},         {"shaders", fmt::format("{:016x}", shader_set_hash())},
                                   {"os", os::system_name()},   {"suite", suite}};
  report["device"] = {{"name", caps.name},
                      {"kind", description.kind_text},
                      {"driver", caps.driver},
                      {"driver_info", description.driver_info},
                      {"driver_version", caps.driver_version},
                      {"vulkan", description.api_version},
                      {"vendor_id", caps.vendor_id},
                      {"device_id", caps.device_id},
                      {"cores", caps.cores},
                      {"memory_bytes", caps.memory},
                      {"timestamps", caps.timestamps}};
  if (nlohmann::ordered_json clocks = clocks_of(device); !clocks.empty()) report["clocks"] = std::move(clocks);
  report["peaks"] = {{"flops", peaks.flops},
                     {"flops_shader", peaks.flops_shader},
                     {"matrix_flops", peaks.matrix_flops},
                     {"matrix_shader", peaks.matrix_shader},
                     {"bytes", peaks.bytes},
                     {"bytes_shader", peaks.bytes_shader}};
  report["results"] = nlohmann::ordered_json::array();
  return report;
}

nlohmann::ordered_json to_json(const Case& item, const Measurement& measured, const Peaks& peaks) {
  const double seconds = measured.warm.median;
  nlohmann::ordered_json json = {{"case", item.name},
                                 {"pass", item.pass},
                                 {"dtype", to_string(item.storage)},
                                 {"clock", measured.device_clock ? "device" : "host"},
                                 {"warm", to_json(measured.warm)}};
  if (measured.cold.count > 0) json["cold"] = to_json(measured.cold);
  if (measured.flops > 0) {
    json["flops"] = measured.flops;
    json["effective"] = measured.effective;
    json["peak_share"] = share(measured.flops, seconds, peak_of(item, measured, peaks));
  }
  if (measured.bytes > 0) {
    json["bytes"] = measured.bytes;
    json["copy_share"] = share(measured.bytes, seconds, peaks.bytes);
  }
  if (measured.checked) json["error"] = measured.error;
  if (item.network)
    json["memory"] = {{"device_bytes", measured.device_bytes},
                      {"scratch_bytes", measured.scratch_bytes},
                      {"peak_live_bytes", measured.peak_live_bytes}};
  json["kernels"] = measured.kernels;
  json["shaders"] = measured.shaders;
  return json;
}

nlohmann::ordered_json to_json(const std::string& shader, const Samples& samples, bool device_clock, double flops,
                               double bytes, const Peaks& peaks) {
  nlohmann::ordered_json json = {{"case", shader},
                                 {"pass", "dispatch"},
                                 {"dtype", "any"},
                                 {"clock", device_clock ? "device" : "host"},
                                 {"warm", to_json(samples)}};
  if (flops > 0) {
    json["flops"] = flops;
    json["peak_share"] = share(flops, samples.median, peaks.flops);
  }
  if (bytes > 0) {
    json["bytes"] = bytes;
    json["copy_share"] = share(bytes, samples.median, peaks.bytes);
  }
  return json;
}

void print_peaks(const Peaks& peaks) {
  const std::string matrices = peaks.matrix_flops > 0 ? fmt::format("{:.1f} by cooperative matrices ({}), ",
                                                                    peaks.matrix_flops / 1e9, peaks.matrix_shader)
                                                      : "";
  fmt::print("peaks: {:.1f} GFLOP/s of multiply-adds in f32 ({}), {}{:.1f} GB/s copied ({})\n", peaks.flops / 1e9,
             peaks.flops_shader, matrices, peaks.bytes / 1e9, peaks.bytes_shader);
}

void add_statistics(const std::vector<PipelineStatistics>& pipelines, nlohmann::ordered_json& report) {
  report["pipelines"] = nlohmann::ordered_json::array();
  for (const PipelineStatistics& pipeline : pipelines) {
    if (pipeline.values.empty()) continue;
    nlohmann::ordered_json values;
    std::vector<std::string> words;
    for (const auto& [name, value] : pipeline.values) {
      values[name] = value;
      words.push_back(fmt::format("{} {:g}", name, value));
    }
    const PipelineRequest& request = pipeline.request;
    fmt::print("{} ({}): {}\n", request.shader, fmt::join(request.specialization, ","), fmt::join(words, ", "));
    report["pipelines"].push_back(
        {{"shader", request.shader}, {"specialization", request.specialization}, {"statistics", values}});
  }
  if (report["pipelines"].empty()) fmt::print("the driver tells nothing of the shaders that it compiled\n");
}

void print_heading() {
  fmt::print("{:<16} {:<15} {:<5} {:>10} {:>7} {:>10} {:>10} {:>6} {:>8} {:>6}  {}\n", "case", "pass", "dtype", "ms",
             "spread", "cold ms", "GFLOP/s", "peak", "GB/s", "copy", "kernels");
}

void print_row(const Case& item, const Measurement& measured, const Peaks& peaks) {
  const double seconds = measured.warm.median;
  const auto rate = [&](double amount) { return amount > 0 ? fmt::format("{:.2f}", amount / seconds / 1e9) : "-"; };
  const auto percent = [&](double amount, double peak) {
    return amount > 0 ? fmt::format("{:.0f}%", 100 * share(amount, seconds, peak)) : "-";
  };
  fmt::print("{:<16} {:<15} {:<5} {:>10.3f} {:>6.0f}%{} {:>9} {:>10}{} {:>5} {:>8} {:>6}  {}\n", item.name, item.pass,
             to_string(item.storage), seconds * 1e3, 100 * measured.warm.spread(), measured.warm.noisy() ? "!" : " ",
             measured.cold.count > 0 ? fmt::format("{:.3f}", measured.cold.median * 1e3) : "-", rate(measured.flops),
             measured.effective ? "e" : " ", percent(measured.flops, peak_of(item, measured, peaks)),
             rate(measured.bytes), percent(measured.bytes, peaks.bytes), kernels_text(measured));
  std::fflush(stdout);
}

nlohmann::json read_report(const std::string& path) {
  const std::vector<std::byte> bytes = os::read_file(path);
  nlohmann::json report;
  try {
    report = nlohmann::json::parse(reinterpret_cast<const char*>(bytes.data()),
                                   reinterpret_cast<const char*>(bytes.data()) + bytes.size());
  } catch (const nlohmann::json::exception&) {
    throw Error(fmt::format("{}: no JSON; give files that `tuff bench --json` wrote", path));
  }
  if (!report.is_object() || !report.contains("results") || !report["results"].is_array() ||
      report.value("version", 0) != kReportVersion)
    throw Error(fmt::format("{}: no report of `tuff bench --json` of version {}", path, kReportVersion));
  return report;
}

}  // namespace tuff::bench
