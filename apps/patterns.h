// Reports of learned illumination: a table and a picture.
#pragma once

#include <filesystem>

#include "train/checkpoint.h"

namespace tuff {

// patterns.csv, one row a lamp, and patterns.png, one picture a pattern: lamps where they stand where --lamp-grid says
// so, else one bar each. Into an existing folder.
void write_patterns(const Model& model, const std::filesystem::path& folder);

}  // namespace tuff
