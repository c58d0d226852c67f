// Who is taken for whom, for people and for programs.
#pragma once

#include <filesystem>
#include <nlohmann/json.hpp>
#include <span>
#include <string>

#include "io/canvas.h"
#include "tasks/confusion.h"

namespace tuff {

// `counted`: what was counted, such as "images". A line for each class: how many, precision, recall, F1, and what they
// are taken for.
void print_classes(const Confusion& confusion, std::span<const std::string> names, const std::string& counted);
// Before it, all of them together: how many, accuracy, balanced accuracy.
void print_accuracy(const Confusion& confusion, const std::string& counted);

// An array with an object for each class: name, `counted`, precision, recall, f1, taken_for.
nlohmann::ordered_json classes_json(const Confusion& confusion, std::span<const std::string> names,
                                    const std::string& counted);
// The same with `counted`, accuracy and balanced_accuracy of all, as the object's first members.
nlohmann::ordered_json confusion_json(const Confusion& confusion, std::span<const std::string> names,
                                      const std::string& counted);

// Rows are true classes, columns what they are taken for; the darker, the larger the share of the row. Shares in
// percent instead of counts where there are more than 9,999,999.
Canvas confusion_picture(const Confusion& confusion, std::span<const std::string> names);

// Counts as CSV, or as a picture where the file's name is that of one. Error where it can't be written.
void write_confusion(const std::filesystem::path& file, const Confusion& confusion, std::span<const std::string> names);

}  // namespace tuff
