#include "io/image_labels.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <cstddef>
#include <map>
#include <set>
#include <utility>

#include "base/csv.h"
#include "base/error.h"
#include "base/hash.h"
#include "base/number.h"
#include "base/os.h"
#include "base/text.h"
#include "io/idx.h"

namespace tuff {
namespace {

namespace fs = std::filesystem;

// Whole numbers by their value, before words.
bool class_before(const std::string& a, const std::string& b) {
  std::int64_t x = 0, y = 0;
  const bool first = parse_number(a, x), second = parse_number(b, y);
  if (first && second && x != y) return x < y;
  return first != second ? first : a < b;
}

// The sorted folders in a folder.
std::vector<fs::path> class_folders(const fs::path& folder) {
  if (!fs::is_directory(folder))
    throw Error(fmt::format("{}: is no folder; labels by folders need images in {}", folder.string(),
                            (folder / "CLASS" / "NAME.png").string()));
  std::vector<fs::path> folders;
  for (const fs::directory_entry& entry : fs::directory_iterator(folder))
    if (entry.is_directory() && !entry.path().filename().string().starts_with('.')) folders.push_back(entry.path());
  if (folders.empty())
    throw Error(fmt::format("{}: holds no folders; labels by folders need images in {}", folder.string(),
                            (folder / "CLASS" / "NAME.png").string()));
  std::ranges::sort(folders, class_before, [](const fs::path& path) { return path.filename().string(); });
  return folders;
}

std::string_view trimmed(std::string_view text) {
  constexpr std::string_view kSpace = " \t\r";
  const std::size_t first = text.find_first_not_of(kSpace);
  if (first == text.npos) return {};
  return text.substr(first, text.find_last_not_of(kSpace) - first + 1);
}

// As ImageSet names images: without folder and extension.
std::string listed_name(std::string_view text) {
  const fs::path path = fs::path(text).filename();
  return is_image_file(path) ? image_name(path) : path.string();
}

// The class of each name; the first line may be a heading.
std::map<std::string, std::string> read_table(const fs::path& file, const std::set<std::string>& images) {
  const std::vector<std::byte> bytes = os::read_file(file);
  std::string_view text(reinterpret_cast<const char*>(bytes.data()), bytes.size());
  if (text.starts_with("\xef\xbb\xbf")) text.remove_prefix(3);
  std::map<std::string, std::string> table;
  for (std::int64_t number = 1; !text.empty(); ++number) {
    const std::size_t end = std::min(text.find('\n'), text.size());
    const std::string_view line = trimmed(text.substr(0, end));
    text.remove_prefix(std::min(end + 1, text.size()));
    if (line.empty()) continue;
    std::vector<std::string> fields = csv_fields(line);
    if (fields.size() < 2)
      throw Error(fmt::format("{}, line {}: \"{}\" is no name and class such as cell_03.png,round", file.string(),
                              number, printable(line)));
    const std::string label = printable(trimmed(fields.back()));
    fields.pop_back();  // names with commas needn't be quoted
    const std::string name = listed_name(trimmed(fmt::format("{}", fmt::join(fields, ","))));
    if (number == 1 && !images.contains(name)) continue;
    if (label.empty()) throw Error(fmt::format("{}, line {}: {} has no class", file.string(), number, name));
    const auto [at, inserted] = table.emplace(name, label);
    if (!inserted && at->second != label)
      throw Error(fmt::format("{}, line {}: {} has the class {} here and {} before", file.string(), number, name, label,
                              at->second));
  }
  return table;
}

std::vector<std::string> labels_of_table(std::span<const std::string> images, const fs::path& file) {
  const std::map<std::string, std::string> table = read_table(file, {images.begin(), images.end()});
  std::vector<std::string> labels;
  for (const std::string& image : images) {
    const auto found = table.find(image);
    if (found == table.end()) throw Error(fmt::format("{}: has no line for the image {}", file.string(), image));
    labels.push_back(found->second);
  }
  return labels;
}

std::vector<std::string> labels_of_idx(std::size_t images, const fs::path& file) {
  std::vector<std::string> labels;
  for (const std::uint8_t label : read_idx_labels(file)) labels.push_back(std::to_string(label));
  if (labels.size() != images)
    throw Error(fmt::format("{}: has {} labels, there are {} images", file.string(), labels.size(), images));
  return labels;
}

// Names of classes to their numbers.
ImageClasses numbered(std::span<const std::string> images, const std::vector<std::string>& labels,
                      const LabelSource& source) {
  ImageClasses result{.classes = source.known, .labels = {}};
  if (result.classes.empty()) {
    const std::set<std::string> all(labels.begin(), labels.end());
    result.classes.assign(all.begin(), all.end());
    std::ranges::sort(result.classes, class_before);
  }
  if (result.classes.size() < 2)
    throw Error(fmt::format("{}: all images are of the class \"{}\"; at least two classes are wanted", source.labels,
                            result.classes.front()));
  std::map<std::string, std::int32_t> numbers;
  for (const std::string& name : result.classes) numbers.emplace(name, static_cast<std::int32_t>(numbers.size()));
  for (std::size_t i = 0; i < labels.size(); ++i) {
    const auto found = numbers.find(labels[i]);
    if (found == numbers.end())
      throw Error(fmt::format("{}: the image {} is of the class \"{}\"; the model knows {}", source.labels, images[i],
                              labels[i], fmt::join(result.classes, ", ")));
    result.labels.push_back(found->second);
  }
  return result;
}

}  // namespace

std::string LabelledImages::fingerprint() const {
  if (labels.empty() && validation == 0) return images.fingerprint();
  Hash hash;
  hash.add(images.fingerprint());
  if (validation > 0) hash.add(fmt::format(" {}", validation));
  for (const std::string& name : classes) hash.add("\n" + name);
  hash.add(std::as_bytes(std::span(labels)));
  return fmt::format("{:016x}", hash.value());
}

std::vector<fs::path> labelled_paths(std::span<const fs::path> paths, const LabelSource& source) {
  std::vector<fs::path> all(paths.begin(), paths.end());
  if (!source.validation.empty()) all.push_back(source.validation);
  if (source.labels != kLabelsFromFolders) return all;
  std::vector<fs::path> folders;
  for (const fs::path& path : all)
    for (fs::path& folder : class_folders(path)) folders.push_back(std::move(folder));
  return folders;
}

std::int64_t count_validation(std::span<const std::size_t> from, std::span<const fs::path> paths,
                              const LabelSource& source) {
  const std::size_t own = labelled_paths(paths, {.labels = source.labels}).size();
  return std::ranges::count_if(from, [&](std::size_t path) { return path >= own; });
}

ImageClasses read_classes(std::span<const std::string> names, std::span<const std::size_t> from,
                          std::span<const fs::path> paths, const LabelSource& source) {
  if (source.labels != kLabelsFromFolders) {
    const bool table = fs::path(source.labels).extension() == ".csv";
    return numbered(names, table ? labels_of_table(names, source.labels) : labels_of_idx(names.size(), source.labels),
                    source);
  }
  std::vector<std::string> labels;
  for (const std::size_t path : from) labels.push_back(paths[path].filename().string());
  return numbered(names, labels, source);
}

LabelledImages open_labelled_images(std::span<const fs::path> paths, const LabelSource& source,
                                    const DataFormat& format, std::int64_t side, Fit fit,
                                    std::int64_t (*side_from)(std::int64_t)) {
  LabelledImages result;
  const std::vector<fs::path> all = labelled_paths(paths, source);
  result.images = open_image_set(all, format, side, fit, side_from);
  std::vector<std::string> names;
  std::vector<std::size_t> from;
  for (std::int64_t i = 0; i < result.images.count(); ++i) {
    names.push_back(result.images.name(i));
    from.push_back(result.images.path_index(i));
  }
  result.validation = count_validation(from, paths, source);
  if (source.labels.empty()) return result;
  ImageClasses read = read_classes(names, from, all, source);
  result.classes = std::move(read.classes);
  result.labels = std::move(read.labels);
  return result;
}

std::vector<std::string> class_ids(std::int64_t classes) {
  std::vector<std::string> names;
  for (std::int64_t id = 0; id < classes; ++id) names.push_back(std::to_string(id));
  return names;
}

std::int32_t class_named(std::span<const std::string> classes, std::string_view name) {
  const auto found = std::ranges::find(classes, name);
  if (found == classes.end())
    throw Error(fmt::format("there is no class \"{}\"; the model knows {}", name, fmt::join(classes, ", ")));
  return static_cast<std::int32_t>(found - classes.begin());
}

}  // namespace tuff
