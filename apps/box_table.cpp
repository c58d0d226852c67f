#include "apps/box_table.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <map>
#include <sstream>

#include "base/csv.h"
#include "base/error.h"
#include "base/number.h"
#include "base/os.h"
#include "base/text.h"
#include "instances/label_files.h"
#include "instances/regions.h"

namespace tuff {
namespace {

// The columns by their names.
class Heading {
 public:
  Heading(const std::string& file, std::vector<std::string> names) : file_(file), names_(std::move(names)) {}

  bool has(const std::string& name) const { return std::ranges::find(names_, name) != names_.end(); }
  std::size_t operator[](const std::string& name) const {
    const auto found = std::ranges::find(names_, name);
    if (found == names_.end())
      throw Error(fmt::format("{}: has no column \"{}\"; its first line must name name, class, y, x, height, width",
                              file_, name));
    return static_cast<std::size_t>(found - names_.begin());
  }
  std::size_t count() const { return names_.size(); }

 private:
  std::string file_;
  std::vector<std::string> names_;
};

}  // namespace

void write_boxes(const std::filesystem::path& file, const Dataset& dataset, std::span<const FoundBox> found,
                 std::span<const std::string> classes) {
  std::string text = "name,class,score,y,x,height,width\n";
  for (const FoundBox& one : found) {
    const Detection& detection = one.detection;
    text += fmt::format("{},{},{:.6f},{:.2f},{:.2f},{:.2f},{:.2f}\n", csv_field(dataset.items[one.image].name),
                        csv_field(classes[static_cast<std::size_t>(detection.label)]), detection.score, detection.box.y,
                        detection.box.x, detection.box.height, detection.box.width);
  }
  os::write_file(file, text);
}

std::vector<TrueBox> read_boxes(const std::filesystem::path& file, const Dataset& dataset,
                                std::span<const std::string> classes, const std::string& class_column) {
  std::map<std::string, std::size_t> images;
  for (std::size_t item = 0; item < dataset.items.size(); ++item) images.emplace(dataset.items[item].name, item);
  const std::vector<std::byte> bytes = os::read_file(file);
  std::istringstream text(std::string(reinterpret_cast<const char*>(bytes.data()), bytes.size()));
  std::string line;
  std::getline(text, line);
  const Heading heading(file.string(), csv_fields(line));
  const std::string of_class = heading.has(class_column) ? class_column : heading.has("label") ? "label" : "class";
  std::vector<TrueBox> boxes;
  for (int number = 2; std::getline(text, line); ++number) {
    if (line.empty() || line == "\r") continue;
    const std::vector<std::string> fields = csv_fields(line);
    if (fields.size() != heading.count())
      throw Error(fmt::format("{}, line {}: has {} fields, the first line names {}", file.string(), number,
                              fields.size(), heading.count()));
    const auto value = [&](const char* column) {
      double result = 0;
      if (!parse_number(fields[heading[column]], result))
        throw Error(
            fmt::format("{}, line {}: \"{}\" is no number", file.string(), number, printable(fields[heading[column]])));
      return result;
    };
    const Box2D box{value("y"), value("x"), value("height"), value("width")};
    if (!(box.height > 0 && box.width > 0))
      throw Error(fmt::format("{}, line {}: the box has no area", file.string(), number));
    const std::filesystem::path name = fields[heading["name"]];
    const auto image = images.find(is_image_file(name) ? image_name(name) : name.string());
    const auto found = std::ranges::find(classes, fields[heading[of_class]]);
    if (image == images.end()) continue;
    if (found == classes.end())
      throw Error(fmt::format("{}, line {}: class \"{}\"; the model knows {}", file.string(), number,
                              printable(fields[heading[of_class]]), fmt::join(classes, ", ")));
    boxes.push_back({image->second, box, static_cast<std::int32_t>(found - classes.begin())});
  }
  if (boxes.empty())
    throw Error(fmt::format("{}: has no box of these images; the column name has their names", file.string()));
  return boxes;
}

std::vector<TrueBox> boxes_of_masks(const std::filesystem::path& masks, const Dataset& dataset, std::int32_t label) {
  const std::string source = fmt::format("--truth {}", masks.string());
  const std::map<std::string, LabelFile> by_name = label_files_by_name(masks);
  std::vector<TrueBox> boxes;
  for (std::size_t item = 0; item < dataset.items.size(); ++item) {
    const DataItem& image = dataset.items[item];
    if (image.planes > 1)
      throw Error(fmt::format("{}: {} is a plane of a stack; give a CSV of boxes", source, image.name));
    const auto found = by_name.find(image.name);
    if (found == by_name.end()) throw Error(fmt::format("{}: has no mask of the image {}", source, image.name));
    const std::filesystem::path& file = found->second.path;
    const LabelStack stack = read_labels(file, {.meaning = LabelMeaning::ids, .axes = dataset.format.axes});
    const Labels& labels = stack.labels.front();
    if (stack.labels.size() != 1 || labels.height != image.size.height || labels.width != image.size.width)
      throw Error(fmt::format("{}: is no mask of one plane of {}x{} as the image is", file.string(), image.size.height,
                              image.size.width));
    for (const Region& region : measure_regions(labels)) {
      const auto place = [&](std::size_t axis) { return static_cast<double>(region.first[axis]); };
      const auto extent = [&](std::size_t axis) {
        return static_cast<double>(region.last[axis] - region.first[axis] + 1);
      };
      boxes.push_back({item, {place(1), place(2), extent(1), extent(2)}, label});
    }
  }
  if (boxes.empty()) throw Error(fmt::format("{}: no mask of these images has an object", source));
  return boxes;
}

}  // namespace tuff
