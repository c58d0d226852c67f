#include "runtime/choice_file.h"

#include <fmt/format.h>

#include <algorithm>
#include <nlohmann/json.hpp>
#include <optional>
#include <utility>
#include <vector>

#include "base/hash.h"
#include "base/os.h"
#include "ops/kernel_table.h"
#include "vulkan/pipeline_cache.h"

namespace tuff {
namespace {

constexpr int kVersion = 1;

using Entries = std::vector<std::pair<std::string, std::string>>;  // measured longest ago first

// Of the names of all kernels: where there are others to choose from, choices are made anew.
std::uint64_t names_of_kernels() {
  std::vector<std::string> names;
  for (const auto& [op, kernels] : kernel_table())
    for (const Kernel& kernel : kernels) names.push_back(fmt::format("{} {}", op, kernel.name));
  std::ranges::sort(names);
  Hash hash;
  for (const std::string& name : names) hash.add(name);
  return hash.value();
}

// Everything that kernels' refusals and their work may depend on.
std::string identity_of(const DeviceDescription& device, const DeviceCaps& caps) {
  std::string text =
      fmt::format("{}; {}; {:016x}; shared memory {}, invocations {}, group {}x{}x{}, groups {}x{}x{}, push {}, ",
                  caps.name, device.driver_info, device_identity(device), caps.max_shared_memory, caps.max_invocations,
                  caps.max_group_size[0], caps.max_group_size[1], caps.max_group_size[2], caps.max_groups[0],
                  caps.max_groups[1], caps.max_groups[2], caps.max_push_constants);
  text += fmt::format("allocation {}, subgroup {}, cores {}, matrix {}x{}x{}", caps.max_allocation, caps.subgroup_size,
                      caps.cores, caps.cooperative_matrix.m, caps.cooperative_matrix.n, caps.cooperative_matrix.k);
  const std::pair<const char*, bool> features[] = {{"16-bit storage", caps.storage_16bit},
                                                   {"fp16", caps.arithmetic_fp16},
                                                   {"int64", caps.int64},
                                                   {"broadcast", caps.subgroup_broadcast},
                                                   {"shared loads", caps.shared_loads},
                                                   {"elements of matrices", caps.cooperative_elements}};
  for (const auto& [name, has] : features)
    if (has) text += fmt::format(", {}", name);
  return fmt::format("{}; kernels {:016x}", text, names_of_kernels());
}

// Nothing where it isn't such a file.
std::optional<Entries> parse(const std::vector<std::byte>& bytes, const std::string& identity) {
  const auto* text = reinterpret_cast<const char*>(bytes.data());
  const nlohmann::json json = nlohmann::json::parse(text, text + bytes.size(), nullptr, false);
  if (!json.is_object() || json.value("version", nlohmann::json()) != kVersion ||
      json.value("device", nlohmann::json()) != identity || !json.contains("kernels") || !json["kernels"].is_array())
    return std::nullopt;
  Entries entries;
  for (const nlohmann::json& entry : json["kernels"]) {
    if (!entry.is_array() || entry.size() != 2 || !entry[0].is_string() || !entry[1].is_string()) return std::nullopt;
    entries.emplace_back(entry[0], entry[1]);
  }
  return entries;
}

std::optional<Entries> read_entries(const std::filesystem::path& path, const std::string& identity) {
  std::error_code absent;
  if (path.empty() || !std::filesystem::exists(path, absent)) return Entries{};
  try {
    return parse(os::read_file(path), identity);
  } catch (const std::exception&) {
    return std::nullopt;
  }
}

}  // namespace

ChoiceFile::ChoiceFile(const std::filesystem::path& folder, const DeviceDescription& device, const DeviceCaps& caps) {
  if (folder.empty()) return;
  identity_ = identity_of(device, caps);
  Hash hash;
  hash.add(identity_);
  path_ = folder / fmt::format("kernels-{:016x}.json", hash.value());
}

KernelChoices ChoiceFile::read(const LogSink& log) const {
  const std::optional<Entries> entries = read_entries(path_, identity_);
  if (!entries && log)
    log(LogLevel::warning,
        fmt::format("{}: is damaged or of another device; kernels are measured anew", path_.string()));
  KernelChoices choices;
  if (entries) choices.insert(entries->begin(), entries->end());
  return choices;
}

bool ChoiceFile::write(const KernelChoices& used) const noexcept try {
  if (path_.empty()) return false;
  Entries entries = read_entries(path_, identity_).value_or(Entries{});
  std::erase_if(entries, [&](const auto& entry) { return used.contains(entry.first); });
  entries.insert(entries.end(), used.begin(), used.end());
  if (entries.size() > kMost) entries.erase(entries.begin(), entries.end() - static_cast<std::ptrdiff_t>(kMost));
  nlohmann::ordered_json json = {{"version", kVersion}, {"device", identity_}};
  json["kernels"] = nlohmann::ordered_json::array();
  for (const auto& [operation, kernel] : entries)
    json["kernels"].push_back(nlohmann::ordered_json::array({operation, kernel}));
  std::filesystem::create_directories(path_.parent_path());
  os::write_file(path_, json.dump(1) + "\n");
  return true;
} catch (...) {
  return false;
}

}  // namespace tuff
