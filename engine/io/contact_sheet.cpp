#include "io/contact_sheet.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "io/overlay.h"

namespace tuff {
namespace {

constexpr Color kPaper = {255, 255, 255};
constexpr Color kInk = {30, 30, 30};
constexpr Color kGrid = {225, 225, 225};
constexpr std::int64_t kGap = 3;
constexpr std::int64_t kTextHeight = 7;
constexpr std::int64_t kLine = kTextHeight + 6;  // a line of text with room around it

// As much of a text as fits.
std::string_view shorten(std::string_view text, std::int64_t width) {
  while (!text.empty() && text_width(text) > width) text.remove_suffix(1);
  return text;
}

bool has_truth(const SheetRow& row) {
  return !row.truth.empty() || !row.true_image.values.empty();
}

Canvas result_tile(const SheetRow& row, const std::vector<std::int32_t>& labels, const Image& image,
                   std::int64_t side) {
  if (!image.values.empty()) return reduced(render_image(image), side);
  if (labels.empty()) return Canvas(1, 1, kPaper);
  return reduced(render_labels(labels, row.image.height, row.image.width), side);
}

std::vector<Canvas> row_tiles(const SheetRow& row, bool with_truth, std::int64_t side) {
  std::vector<Canvas> tiles = {reduced(render_image(row.image), side),
                               result_tile(row, row.prediction, row.predicted_image, side)};
  if (with_truth) tiles.push_back(result_tile(row, row.truth, row.true_image, side));
  return tiles;
}

std::int64_t tallest(const std::vector<Canvas>& tiles) {
  std::int64_t height = 0;
  for (const Canvas& tile : tiles) height = std::max(height, tile.height());
  return height;
}

struct Range {
  double low = 0;
  double high = 1;

  void widen() {
    if (!(high > low)) {
      const double margin = low == 0 ? 1 : std::abs(low) * 0.1;
      low -= margin;
      high += margin;
    }
  }
  double share(double value) const { return (value - low) / (high - low); }
};

template <class Get>
Range range_of(const std::vector<Curve>& curves, Get get) {
  Range range{INFINITY, -INFINITY};
  for (const Curve& curve : curves)
    for (std::size_t i = 0; i < std::min(curve.x.size(), curve.y.size()); ++i) {
      if (!std::isfinite(curve.x[i]) || !std::isfinite(curve.y[i])) continue;
      range.low = std::min(range.low, get(curve, i));
      range.high = std::max(range.high, get(curve, i));
    }
  if (range.low > range.high) range = {0, 1};
  range.widen();
  return range;
}

struct Plot {
  Canvas canvas;
  Range x;
  Range y;
  std::int64_t left;
  std::int64_t top;
  std::int64_t right;  // last pixel of the axes
  std::int64_t bottom;

  std::int64_t column(double value) const {
    return left + std::lround(x.share(value) * static_cast<double>(right - left));
  }
  std::int64_t row(double value) const {
    return bottom - std::lround(y.share(value) * static_cast<double>(bottom - top));
  }
};

void draw_axes(Plot& plot, const std::string& x_label) {
  const double step_x = tick_step(plot.x.high - plot.x.low, 6), step_y = tick_step(plot.y.high - plot.y.low, 5);
  for (double tick = std::ceil(plot.y.low / step_y) * step_y; tick <= plot.y.high + step_y * 1e-9; tick += step_y) {
    const double value = std::abs(tick) < step_y * 1e-9 ? 0 : tick;
    const std::string text = fmt::format("{:.4g}", value);
    plot.canvas.line(plot.left, plot.row(value), plot.right, plot.row(value), kGrid);
    plot.canvas.text(plot.left - 5 - text_width(text), plot.row(value) - kTextHeight / 2, text, kInk);
  }
  for (double tick = std::ceil(plot.x.low / step_x) * step_x; tick <= plot.x.high + step_x * 1e-9; tick += step_x) {
    const double value = std::abs(tick) < step_x * 1e-9 ? 0 : tick;
    const std::string text = fmt::format("{:.6g}", value);
    plot.canvas.line(plot.column(value), plot.top, plot.column(value), plot.bottom, kGrid);
    plot.canvas.text(plot.column(value) - text_width(text) / 2, plot.bottom + 5, text, kInk);
  }
  plot.canvas.line(plot.left, plot.top, plot.left, plot.bottom, kInk);
  plot.canvas.line(plot.left, plot.bottom, plot.right, plot.bottom, kInk);
  plot.canvas.text((plot.left + plot.right - text_width(x_label)) / 2, plot.bottom + 5 + kLine, x_label, kInk);
}

void draw_curve(Plot& plot, const Curve& curve, Color color) {
  bool drawing = false;
  std::int64_t from_x = 0, from_y = 0;
  for (std::size_t i = 0; i < std::min(curve.x.size(), curve.y.size()); ++i) {
    if (!std::isfinite(curve.x[i]) || !std::isfinite(curve.y[i])) {
      drawing = false;
      continue;
    }
    const std::int64_t x = plot.column(curve.x[i]), y = plot.row(curve.y[i]);
    if (drawing) {
      plot.canvas.line(from_x, from_y, x, y, color);
      plot.canvas.line(from_x, from_y + 1, x, y + 1, color);  // two pixels thick
    } else {
      plot.canvas.fill(x - 1, y - 1, 3, 3, color);
    }
    drawing = true;
    from_x = x;
    from_y = y;
  }
}

}  // namespace

double tick_step(double range, double count) {
  const double power = std::pow(10.0, std::floor(std::log10(range / count)));
  for (const double factor : {1.0, 2.0, 5.0})
    if (factor * power >= range / count) return factor * power;
  return 10 * power;
}

Canvas reduced(const Canvas& picture, std::int64_t side) {
  const std::int64_t longest = std::max(picture.width(), picture.height());
  if (longest <= side) return picture;
  const std::int64_t width = std::max<std::int64_t>(1, picture.width() * side / longest);
  const std::int64_t height = std::max<std::int64_t>(1, picture.height() * side / longest);
  Canvas result(width, height, kPaper);
  for (std::int64_t y = 0; y < height; ++y)
    for (std::int64_t x = 0; x < width; ++x) {
      const std::int64_t top = y * picture.height() / height, bottom = (y + 1) * picture.height() / height;
      const std::int64_t left = x * picture.width() / width, right = (x + 1) * picture.width() / width;
      std::array<std::int64_t, 3> sum{};
      for (std::int64_t row = top; row < bottom; ++row)
        for (std::int64_t column = left; column < right; ++column)
          for (std::size_t c = 0; c < 3; ++c) sum[c] += picture.pixel(column, row)[c];
      Color color;
      for (std::size_t c = 0; c < 3; ++c)
        color[c] = static_cast<std::uint8_t>(sum[c] / ((bottom - top) * (right - left)));
      result.set(x, y, color);
    }
  return result;
}

Canvas contact_sheet(const std::vector<SheetRow>& rows, std::int64_t tile) {
  const bool with_truth = std::ranges::any_of(rows, has_truth);
  std::vector<std::vector<Canvas>> tiles;
  std::int64_t column = 72, height = kLine;  // at least as wide as the headings
  for (const SheetRow& row : rows) {
    tiles.push_back(row_tiles(row, with_truth, tile));
    for (const Canvas& picture : tiles.back()) column = std::max(column, picture.width());
    height += kLine + tallest(tiles.back()) + kGap;
  }
  const std::int64_t columns = with_truth ? 3 : 2;
  Canvas sheet(kGap + columns * (column + kGap), height, kPaper);
  const char* const headings[] = {"image", "prediction", "truth"};
  for (std::int64_t c = 0; c < columns; ++c) sheet.text(kGap + c * (column + kGap), 4, headings[c], kInk);
  std::int64_t y = kLine;
  for (std::size_t r = 0; r < rows.size(); ++r) {
    sheet.text(kGap, y + 4, shorten(rows[r].caption, sheet.width() - 2 * kGap), kInk);
    y += kLine;
    for (std::size_t c = 0; c < tiles[r].size(); ++c)
      sheet.paste(kGap + static_cast<std::int64_t>(c) * (column + kGap), y, tiles[r][c]);
    y += tallest(tiles[r]) + kGap;
  }
  return sheet;
}

Canvas plot_curves(const std::string& title, const std::string& x_label, const std::vector<Curve>& curves,
                   std::int64_t width, std::int64_t height) {
  static constexpr Color kColors[] = {{31, 119, 180}, {214, 96, 20},  {44, 140, 44},
                                      {190, 40, 50},  {130, 90, 180}, {90, 90, 90}};
  Plot plot{Canvas(width, height, kPaper),
            range_of(curves, [](const Curve& curve, std::size_t i) { return curve.x[i]; }),
            range_of(curves, [](const Curve& curve, std::size_t i) { return curve.y[i]; }),
            56,
            2 * kLine + 6,
            width - 16,
            height - 2 * kLine - 8};
  plot.canvas.text((width - text_width(title)) / 2, 5, title, kInk);
  draw_axes(plot, x_label);
  std::int64_t legend = plot.left;
  for (std::size_t i = 0; i < curves.size(); ++i) {
    const Color color = kColors[i % std::size(kColors)];
    draw_curve(plot, curves[i], color);
    plot.canvas.fill(legend, kLine + 8, 14, 3, color);
    plot.canvas.text(legend + 18, kLine + 6, curves[i].name, kInk);
    legend += 18 + text_width(curves[i].name) + 16;
  }
  return std::move(plot.canvas);
}

}  // namespace tuff
