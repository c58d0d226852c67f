#include "apps/run_part.h"

#include <fmt/format.h>

#include <filesystem>
#include <string_view>

#include "base/error.h"
#include "base/os.h"
#include "train/checkpoint.h"

namespace tuff {

namespace fs = std::filesystem;

TrainOptions run_options(const std::string& run) {
  const fs::path file = fs::path(run) / kConfigFile;
  if (!fs::exists(file))
    throw Error(fmt::format("--split: {} is no folder of a run with {}; give --images instead", run, kConfigFile));
  const std::vector<std::byte> bytes = os::read_file(file);
  TrainOptions options = options_from_json({reinterpret_cast<const char*>(bytes.data()), bytes.size()}, file.string());
  if (options.watch)
    throw Error(
        fmt::format("--split: the images of {} changed while it learned (--watch); give --images instead", run));
  return options;
}

void check_run_images(const std::string& run, const std::string& fingerprint) {
  const fs::path last = fs::path(run) / kLastModel;
  if (!fs::exists(last)) return;
  const Model model = load_model_file(last);
  if (model.state && model.state->dataset != fingerprint)
    throw Error(
        fmt::format("--split: these are not the images that {} was begun with (other names, sizes or number), so its "
                    "split is lost; bring those back, or give --images without --split",
                    run));
}

std::vector<std::size_t> part_of(const Split& split, const std::string& part) {
  std::vector<std::size_t> items = part == "train" ? split.train : part == "test" ? split.test : split.validation;
  if (items.empty())
    throw Error(fmt::format("--split {}: the run holds no images for that{}", part,
                            part == "test" ? "; they come from --test-fraction" : ""));
  return items;
}

}  // namespace tuff
