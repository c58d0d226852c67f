#include "io/signals.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <cmath>
#include <set>

#include "base/error.h"
#include "base/number.h"
#include "base/os.h"
#include "io/npy.h"

namespace tuff {
namespace {

namespace fs = std::filesystem;

constexpr std::string_view kClassHeading = "class";

std::string_view trimmed(std::string_view text) {
  constexpr std::string_view kBlank = " \t\r\"";
  const std::size_t first = text.find_first_not_of(kBlank);
  if (first == std::string_view::npos) return {};
  return text.substr(first, text.find_last_not_of(kBlank) - first + 1);
}

std::vector<std::string_view> split(std::string_view text, char separator) {
  std::vector<std::string_view> parts;
  while (true) {
    const std::size_t end = text.find(separator);
    parts.push_back(text.substr(0, end));
    if (end == std::string_view::npos) return parts;
    text.remove_prefix(end + 1);
  }
}

bool is_blank(std::string_view line) {
  return trimmed(line).empty();
}

bool is_number(std::string_view text) {
  double value = 0;
  return parse_number(trimmed(text), value);
}

void require_finite(const Signals& signals, const std::string& source) {
  for (std::size_t i = 0; i < signals.values.size(); ++i)
    if (!std::isfinite(signals.values[i]))
      throw Error(fmt::format("{}: signal {} has a value that is no finite number; leave it out", source,
                              static_cast<std::int64_t>(i) / (signals.channels * signals.length) + 1));
}

// A table in a text: fields refer to the text.
class Table {
 public:
  Table(std::string_view text, std::string source) : source_(std::move(source)) {
    for (const std::string_view line : tuff::split(text, '\n')) {
      if (is_blank(line)) continue;
      if (rows_.empty()) separator_ = separator_of(line);
      rows_.push_back(tuff::split(line, separator_));
    }
    if (rows_.empty()) throw Error(fmt::format("{}: holds no signals", source_));
  }

  Signals signals(std::string_view label_column, std::int64_t length) const {
    const bool bare = std::ssize(rows_.front()) == length;
    const std::size_t label = bare ? kNone : column(label_column), first = has_heading(label, label_column) ? 1 : 0;
    if (rows_.size() == first) throw Error(fmt::format("{}: holds a heading and no signals", source_));
    Signals signals;
    signals.length = static_cast<std::int64_t>(rows_[first].size()) - (label == kNone ? 0 : 1);
    if (signals.length < 1) throw Error(fmt::format("{}: a row has no values beside its class", source_));
    for (std::size_t row = first; row < rows_.size(); ++row) add(signals, row, label);
    return signals;
  }

 private:
  static constexpr std::size_t kNone = std::string::npos;

  static char separator_of(std::string_view line) {
    for (const char separator : {'\t', ';'})
      if (line.find(separator) != std::string_view::npos) return separator;
    return ',';
  }

  std::size_t column(std::string_view wanted) const {
    const std::vector<std::string_view>& heading = rows_.front();
    for (std::size_t i = 0; i < heading.size() && !is_number(wanted); ++i)
      if (trimmed(heading[i]) == (wanted.empty() ? kClassHeading : wanted)) return i;
    if (wanted.empty()) return kNone;
    std::int64_t number = 0;
    if (parse_number(wanted, number) && number >= 1 && number <= std::ssize(heading))
      return static_cast<std::size_t>(number - 1);
    throw Error(
        fmt::format("--label-column {}: {} has {} columns, none of this heading", wanted, source_, heading.size()));
  }

  // Positions may be headings, too, but then the classes' column has a name.
  bool has_heading(std::size_t label, std::string_view wanted) const {
    if (label != kNone && !is_number(wanted)) return true;
    for (std::size_t i = 0; i < rows_.front().size(); ++i)
      if (i != label && !is_number(rows_.front()[i])) return true;
    return false;
  }

  void add(Signals& signals, std::size_t row, std::size_t label) const {
    const std::vector<std::string_view>& fields = rows_[row];
    if (std::ssize(fields) - (label == kNone ? 0 : 1) != signals.length)
      throw Error(fmt::format("{}: row {} has {} columns where others have {}; signals must be of one length", source_,
                              row + 1, fields.size(), signals.length + (label == kNone ? 0 : 1)));
    for (std::size_t i = 0; i < fields.size(); ++i) {
      if (i == label) {
        signals.labels.emplace_back(trimmed(fields[i]));
        continue;
      }
      double value = 0;
      if (!parse_number(trimmed(fields[i]), value))
        throw Error(
            fmt::format("{}: row {}, column {}: \"{}\" is no number", source_, row + 1, i + 1, trimmed(fields[i])));
      signals.values.push_back(static_cast<float>(value));
    }
  }

  std::string source_;
  char separator_ = ',';
  std::vector<std::vector<std::string_view>> rows_;
};

bool is_npy(const fs::path& file) {
  return file.extension() == ".npy";
}

Signals signals_of(const Array& array, const std::string& source) {
  if (array.rank() != 2 && array.rank() != 3)
    throw Error(fmt::format("{}: is {}, (N, L) or (N, channels, L) is wanted", source, shape_text(array.shape)));
  if (array.elements() == 0) throw Error(fmt::format("{}: holds no signals", source));
  Signals signals;
  signals.channels = array.rank() == 3 ? array.shape[1] : 1;
  signals.length = array.shape.back();
  const Array floats = convert(array, ElementType::f32);
  signals.values.assign(floats.as<float>().begin(), floats.as<float>().end());
  return signals;
}

std::string text_of(const fs::path& file) {
  const std::vector<std::byte> bytes = os::read_file(file);
  return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

}  // namespace

Image Signals::signal(std::int64_t index) const {
  Image image(channels, 1, length);
  const auto size = static_cast<std::ptrdiff_t>(channels * length);
  std::copy_n(values.begin() + index * size, size, image.values.begin());
  return image;
}

Signals read_signals(const fs::path& file, std::string_view label_column, std::int64_t length) {
  if (is_npy(file) && !label_column.empty())
    throw Error(
        fmt::format("--label-column {}: is for CSV; give the classes of {} by --labels", label_column, file.string()));
  Signals signals = is_npy(file) ? signals_of(read_npy_array(file), file.string())
                                 : Table(text_of(file), file.string()).signals(label_column, length);
  require_finite(signals, file.string());
  return signals;
}

std::vector<std::string> read_signal_labels(const fs::path& file) {
  std::vector<std::string> labels;
  if (is_npy(file)) {
    const Array array = read_npy_array(file);
    if (!is_integer(array.type) || array.rank() != 1)
      throw Error(fmt::format("{}: classes are whole numbers, one for each signal; these are {} {}", file.string(),
                              to_string(array.type), shape_text(array.shape)));
    for (const std::int64_t label : integers(array)) labels.push_back(std::to_string(label));
    return labels;
  }
  const std::string text = text_of(file);
  for (const std::string_view line : split(text, '\n'))
    if (!is_blank(line)) labels.emplace_back(trimmed(line));
  return labels;
}

void write_signals(const fs::path& file, const Signals& signals) {
  if (is_npy(file)) {
    const Shape shape = signals.channels == 1 ? Shape{signals.count(), signals.length}
                                              : Shape{signals.count(), signals.channels, signals.length};
    return write_npy(file, HostTensor::from_floats(shape, signals.values));
  }
  if (signals.channels != 1)
    throw Error(
        fmt::format("{}: signals of {} channels don't fit into CSV; name a .npy", file.string(), signals.channels));
  fmt::memory_buffer text;
  const auto out = std::back_inserter(text);
  if (!signals.labels.empty()) fmt::format_to(out, "{},", kClassHeading);
  for (std::int64_t i = 0; i < signals.length; ++i) fmt::format_to(out, "{}x{}", i > 0 ? "," : "", i);
  for (std::int64_t row = 0; row < signals.count(); ++row) {
    fmt::format_to(out, "\n");
    if (!signals.labels.empty()) fmt::format_to(out, "{},", signals.labels[static_cast<std::size_t>(row)]);
    const auto first = signals.values.begin() + row * signals.length;
    fmt::format_to(out, "{}", fmt::join(first, first + signals.length, ","));
  }
  fmt::format_to(out, "\n");
  os::write_file(file, std::string_view(text.data(), text.size()));
}

std::vector<std::string> class_names(std::span<const std::string> labels) {
  const std::set<std::string> distinct(labels.begin(), labels.end());
  std::vector<std::string> names(distinct.begin(), distinct.end());
  if (!std::ranges::all_of(names, is_number)) return names;
  const auto value = [](const std::string& name) {
    double number = 0;
    parse_number(std::string_view(name), number);
    return number;
  };
  std::ranges::stable_sort(names, {}, value);
  return names;
}

std::vector<std::int32_t> class_indices(std::span<const std::string> labels, const std::vector<std::string>& names) {
  std::vector<std::int32_t> indices;
  for (const std::string& label : labels) {
    const auto found = std::ranges::find(names, label);
    if (found == names.end())
      throw Error(fmt::format("class \"{}\" is none of the model's: {}", label, fmt::join(names, ", ")));
    indices.push_back(static_cast<std::int32_t>(found - names.begin()));
  }
  return indices;
}

}  // namespace tuff
