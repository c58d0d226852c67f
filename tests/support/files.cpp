#include "support/files.h"

#include <atomic>
#include <chrono>

namespace tuff::test {

TemporaryFolder::TemporaryFolder() {
  static std::atomic<int> counter = 0;
  const auto now = std::chrono::steady_clock::now().time_since_epoch().count();
  path_ =
      std::filesystem::temp_directory_path() / ("tuff-test-" + std::to_string(now) + "-" + std::to_string(counter++));
  std::filesystem::create_directories(path_);
}

TemporaryFolder::~TemporaryFolder() {
  std::error_code ignored;
  std::filesystem::remove_all(path_, ignored);
}

Image random_image(std::int64_t channels, std::int64_t height, std::int64_t width, std::uint32_t limit,
                   std::uint64_t seed) {
  Image image(channels, height, width);
  image.info.bits = limit > 256 ? 16 : 8;
  PhiloxStream random(seed);
  for (float& value : image.values) value = static_cast<float>(random.below(limit));
  return image;
}

std::optional<std::filesystem::path> real_data() {
  const std::filesystem::path source(TUFF_SOURCE_DIR);
  for (const std::filesystem::path& folder : {source / "../shared/data", source / "../../shared/data"})
    if (std::filesystem::exists(folder)) return folder;
  return std::nullopt;
}

}  // namespace tuff::test
