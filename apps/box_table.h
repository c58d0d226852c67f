// Boxes as CSV: those that `tuff detect` finds, and true ones.
#pragma once

#include <filesystem>
#include <span>
#include <string>
#include <vector>

#include "io/dataset.h"
#include "tasks/detection.h"

namespace tuff {

// Rows of name, class, score, y, x, height, width.
void write_boxes(const std::filesystem::path& file, const Dataset& dataset, std::span<const FoundBox> found,
                 std::span<const std::string> classes);

// Of the data set's images; rows of others are left out. The heading names the columns, in any order: name, y, x,
// height, width, and `class_column`, else "class" or "label". Error naming file and line: a column that isn't there,
// what is no number, a class that isn't known.
std::vector<TrueBox> read_boxes(const std::filesystem::path& file, const Dataset& dataset,
                                std::span<const std::string> classes, const std::string& class_column);

// Around each object of the masks of ids in a folder or file, all of the class `label`. Error where an image has no
// mask of its name and size.
std::vector<TrueBox> boxes_of_masks(const std::filesystem::path& masks, const Dataset& dataset, std::int32_t label);

}  // namespace tuff
