// Kernels that tuning chose, on disk: one JSON file per device, driver, shader set and capabilities, beside the
// pipeline cache. A cache: what can't be read is measured again.
#pragma once

#include <filesystem>
#include <string>

#include "base/log.h"
#include "plan/plan.h"
#include "vulkan/description.h"

namespace tuff {

class ChoiceFile {
 public:
  // Operations that a file holds at most; those that were used longest ago go first.
  static constexpr std::size_t kMost = 4096;

  ChoiceFile() = default;  // of no folder: reads nothing, writes nothing
  // `caps`: as the device is used, maybe lowered.
  ChoiceFile(const std::filesystem::path& folder, const DeviceDescription& device, const DeviceCaps& caps);

  const std::filesystem::path& path() const { return path_; }
  // Empty where absent. A file that is damaged or of something else is ignored, with a line to the log.
  KernelChoices read(const LogSink& log) const;
  // Puts these last among those that the file has; what another process wrote meanwhile stays. False where it can't.
  bool write(const KernelChoices& used) const noexcept;

 private:
  std::filesystem::path path_;
  std::string identity_;
};

}  // namespace tuff
