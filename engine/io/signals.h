// Spectra and other signals of one axis, many in a file: NumPy arrays (N, L) or (N, C, L), or CSV with one a row.
#pragma once

#include <cstdint>
#include <filesystem>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "io/image.h"

namespace tuff {

struct Signals {
  std::int64_t channels = 1;
  std::int64_t length = 0;
  std::vector<float> values;        // (N, channels, length)
  std::vector<std::string> labels;  // a class for each; none where the file has none

  std::int64_t count() const { return channels * length > 0 ? std::ssize(values) / (channels * length) : 0; }
  Image signal(std::int64_t index) const;  // (channels, 1, length)
};

// By extension: .npy, else CSV with commas, semicolons or tabs and, or not, a heading. `label_column`: the column of
// a CSV that holds classes, by its heading or counted from 1; empty: the one headed "class", if there is one. Error
// naming file and row: no such column, rows of different lengths, what is no finite number, nothing there. A file whose
// rows are just the `length` values that are wanted has no such column; 0: any.
Signals read_signals(const std::filesystem::path& file, std::string_view label_column = {}, std::int64_t length = 0);

// A .npy of whole numbers, or a text with one class a line.
std::vector<std::string> read_signal_labels(const std::filesystem::path& file);

// By extension as above; CSV has a heading, and the labels, where there are some, in a first column "class". Signals of
// several channels are for .npy alone.
void write_signals(const std::filesystem::path& file, const Signals& signals);

// The names of the classes, in the order of numbers where all are such, else of the alphabet; and each label's index.
std::vector<std::string> class_names(std::span<const std::string> labels);
// Error naming a label that isn't among the names.
std::vector<std::int32_t> class_indices(std::span<const std::string> labels, const std::vector<std::string>& names);

}  // namespace tuff
