// The images that a run was begun with, parted as it parts them.
#pragma once

#include <string>
#include <vector>

#include "io/split.h"
#include "train/options.h"

namespace tuff {

// Those of config.json in a run's folder. Error where `run` is none.
TrainOptions run_options(const std::string& run);

// Error where the images of this fingerprint aren't those that the run was begun with.
void check_run_images(const std::string& run, const std::string& fingerprint);

// The list named "train", "validation" or "test". Error where it is empty.
std::vector<std::size_t> part_of(const Split& split, const std::string& part);

}  // namespace tuff
