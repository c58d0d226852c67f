#include "io/image_labels.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <cstddef>
#include <map>
#include <set>
#include <utility>

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

std::string_view unquoted(std::string_view text) {
  text = trimmed(text);
  const bool quoted = text.size() >= 2 && text.front() == '"' && text.back() == '"';
  return quoted ? text.substr(1, text.size() - 2) : text;
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
    const std::size_t comma = line.rfind(',');
    if (comma == line.npos)
      throw Error(fmt::format("{}, line {}: \"{}\" is no name and class such as cell_03.png,round", file.string(),
                              number, printable(line)));
    const std::string name = listed_name(unquoted(line.substr(0, comma)));
    const std::string label = printable(unquoted(line.substr(comma + 1)));
    if (number == 1 && !images.contains(name)) continue;
    if (label.empty()) throw Error(fmt::format("{}, line {}: {} has no class", file.string(), number, name));
    const auto [at, inserted] = table.emplace(name, label);
    if (!inserted && at->second != label)
      throw Error(fmt::format("{}, line {}: {} has the class {} here and {} before", file.string(), number, name, label,
                              at->second));
  }
  return table;
}

std::vector<std::string> labels_of_table(const ImageSet& images, const fs::path& file) {
  std::set<std::string> names;
  for (std::int64_t i = 0; i < images.count(); ++i) names.insert(images.name(i));
  const std::map<std::string, std::string> table = read_table(file, names);
  std::vector<std::string> labels;
  for (std::int64_t i = 0; i < images.count(); ++i) {
    const auto found = table.find(images.name(i));
    if (found == table.end())
      throw Error(fmt::format("{}: has no line for the image {}", file.string(), images.name(i)));
    labels.push_back(found->second);
  }
  return labels;
}

std::vector<std::string> labels_of_idx(const ImageSet& images, const fs::path& file) {
  std::vector<std::string> labels;
  for (const std::uint8_t label : read_idx_labels(file)) labels.push_back(std::to_string(label));
  if (static_cast<std::int64_t>(labels.size()) != images.count())
    throw Error(fmt::format("{}: has {} labels, there are {} images", file.string(), labels.size(), images.count()));
  return labels;
}

// Names of classes to their numbers.
void assign(LabelledImages& images, const std::vector<std::string>& labels, const LabelSource& source) {
  images.classes = source.known;
  if (images.classes.empty()) {
    const std::set<std::string> all(labels.begin(), labels.end());
    images.classes.assign(all.begin(), all.end());
    std::ranges::sort(images.classes, class_before);
  }
  if (images.classes.size() < 2)
    throw Error(fmt::format("{}: all images are of the class \"{}\"; at least two classes are wanted", source.labels,
                            images.classes.front()));
  std::map<std::string, std::int32_t> numbers;
  for (const std::string& name : images.classes) numbers.emplace(name, static_cast<std::int32_t>(numbers.size()));
  for (std::size_t i = 0; i < labels.size(); ++i) {
    const auto found = numbers.find(labels[i]);
    if (found == numbers.end())
      throw Error(fmt::format("{}: the image {} is of the class \"{}\"; the model knows {}", source.labels,
                              images.images.name(static_cast<std::int64_t>(i)), labels[i],
                              fmt::join(images.classes, ", ")));
    images.labels.push_back(found->second);
  }
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

LabelledImages open_labelled_images(std::span<const fs::path> paths, const LabelSource& source,
                                    const DataFormat& format, std::int64_t side, Fit fit,
                                    std::int64_t (*side_from)(std::int64_t)) {
  const bool in_folders = source.labels == kLabelsFromFolders;
  std::vector<fs::path> all;  // as many as image sets tell apart
  const auto add = [&](const fs::path& path) {
    const std::vector<fs::path> opened = in_folders ? class_folders(path) : std::vector{path};
    all.insert(all.end(), opened.begin(), opened.end());
  };
  for (const fs::path& path : paths) add(path);
  const std::size_t own = all.size();
  if (!source.validation.empty()) add(source.validation);
  LabelledImages result;
  result.images = open_image_set(all, format, side, fit, side_from);
  const ImageSet& images = result.images;
  for (std::int64_t i = 0; i < images.count(); ++i) result.validation += images.path_index(i) >= own ? 1 : 0;
  if (source.labels.empty()) return result;
  std::vector<std::string> labels;
  if (in_folders)
    for (std::int64_t i = 0; i < images.count(); ++i) labels.push_back(all[images.path_index(i)].filename().string());
  else
    labels = fs::path(source.labels).extension() == ".csv" ? labels_of_table(images, source.labels)
                                                           : labels_of_idx(images, source.labels);
  assign(result, labels, source);
  return result;
}

std::int32_t class_named(std::span<const std::string> classes, std::string_view name) {
  const auto found = std::ranges::find(classes, name);
  if (found == classes.end())
    throw Error(fmt::format("there is no class \"{}\"; the model knows {}", name, fmt::join(classes, ", ")));
  return static_cast<std::int32_t>(found - classes.begin());
}

}  // namespace tuff
