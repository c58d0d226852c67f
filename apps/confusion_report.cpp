#include "apps/confusion_report.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "base/csv.h"
#include "base/os.h"
#include "io/image.h"

namespace tuff {
namespace {

std::vector<std::int64_t> taken_for(const Confusion& confusion, std::int64_t truth) {
  std::vector<std::int64_t> counts;
  for (std::int64_t p = 0; p < confusion.classes(); ++p) counts.push_back(confusion.count(truth, p));
  return counts;
}

std::string to_csv(const Confusion& confusion, std::span<const std::string> names) {
  std::string text = "truth";
  for (const std::string& name : names) text += "," + csv_field(name);
  text += "\n";
  for (std::int64_t c = 0; c < confusion.classes(); ++c) {
    text += csv_field(names[static_cast<std::size_t>(c)]);
    for (const std::int64_t count : taken_for(confusion, c)) text += fmt::format(",{}", count);
    text += "\n";
  }
  return text;
}

}  // namespace

void print_accuracy(const Confusion& confusion, const std::string& counted) {
  fmt::print("{} {}  accuracy {:.4f}  balanced accuracy {:.4f}\n", confusion.all(), counted, confusion.accuracy(),
             confusion.balanced_accuracy());
}

void print_classes(const Confusion& confusion, std::span<const std::string> names, const std::string& counted) {
  std::size_t width = 5;
  for (const std::string& name : names) width = std::max(width, name.size());
  std::int64_t most = 0;
  for (std::int64_t c = 0; c < confusion.classes(); ++c) most = std::max(most, confusion.of_class(c));
  const std::size_t digits = std::max<std::size_t>(4, std::to_string(most).size()),
                    column = std::max(digits, counted.size());
  fmt::print("{:{}}  {:>{}}  precision  recall      F1  taken for\n", "class", width, counted, column);
  for (std::int64_t c = 0; c < confusion.classes(); ++c) {
    fmt::print("{:{}}  {:>{}}     {:.4f}  {:.4f}  {:.4f} ", names[static_cast<std::size_t>(c)], width,
               confusion.of_class(c), column, confusion.precision(c), confusion.recall(c), confusion.f1(c));
    for (const std::int64_t count : taken_for(confusion, c)) fmt::print(" {:>{}}", count, digits);
    fmt::print("\n");
  }
}

nlohmann::ordered_json classes_json(const Confusion& confusion, std::span<const std::string> names,
                                    const std::string& counted) {
  nlohmann::ordered_json json = nlohmann::ordered_json::array();
  for (std::int64_t c = 0; c < confusion.classes(); ++c)
    json.push_back({{"name", names[static_cast<std::size_t>(c)]},
                    {counted, confusion.of_class(c)},
                    {"precision", confusion.precision(c)},
                    {"recall", confusion.recall(c)},
                    {"f1", confusion.f1(c)},
                    {"taken_for", taken_for(confusion, c)}});
  return json;
}

nlohmann::ordered_json confusion_json(const Confusion& confusion, std::span<const std::string> names,
                                      const std::string& counted) {
  return {{counted, confusion.all()},
          {"accuracy", confusion.accuracy()},
          {"balanced_accuracy", confusion.balanced_accuracy()},
          {"classes", classes_json(confusion, names, counted)}};
}

Canvas confusion_picture(const Confusion& confusion, std::span<const std::string> names) {
  constexpr std::int64_t kCell = 44, kEdge = 8;
  constexpr Color kInk = {30, 30, 30}, kPaper = {255, 255, 255};
  std::int64_t left = 0;
  for (const std::string& name : names) left = std::max(left, text_width(name));
  left += 2 * kEdge;
  const std::int64_t top = 2 * kEdge + 8, count = confusion.classes();
  const bool in_percent = confusion.all() > 9'999'999;  // what a cell has room for
  Canvas canvas(left + count * kCell + kEdge, top + count * kCell + kEdge, kPaper);
  const auto centered = [&](std::int64_t x, std::int64_t y, const std::string& text, Color color) {
    canvas.text(x + (kCell - text_width(text)) / 2, y, text, color);
  };
  for (std::int64_t c = 0; c < count; ++c) {
    const std::string& name = names[static_cast<std::size_t>(c)];
    centered(left + c * kCell, kEdge, name.substr(0, (kCell - 2) / 6), kInk);
    canvas.text(kEdge, top + c * kCell + kCell / 2 - 3, name, kInk);
    for (std::int64_t p = 0; p < count; ++p) {
      const std::int64_t count_here = confusion.count(c, p);
      const double share =
          static_cast<double>(count_here) / static_cast<double>(std::max<std::int64_t>(1, confusion.of_class(c)));
      const auto fade = [&](int full) { return static_cast<std::uint8_t>(255 - std::sqrt(share) * (255 - full)); };
      const Color fill = c == p ? Color{fade(20), fade(110), fade(70)} : Color{fade(190), fade(40), fade(30)};
      canvas.fill(left + p * kCell, top + c * kCell, kCell - 1, kCell - 1, fill);
      if (count_here > 0)
        centered(left + p * kCell, top + c * kCell + kCell / 2 - 3,
                 in_percent ? fmt::format("{:.1f}%", 100 * share) : std::to_string(count_here),
                 share > 0.3 ? kPaper : kInk);
    }
  }
  return canvas;
}

void write_confusion(const std::filesystem::path& file, const Confusion& confusion,
                     std::span<const std::string> names) {
  if (is_image_file(file))
    write_image(file, confusion_picture(confusion, names).image());
  else
    os::write_file(file, to_csv(confusion, names));
}

}  // namespace tuff
