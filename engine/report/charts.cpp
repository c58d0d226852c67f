#include "report/charts.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "io/contact_sheet.h"

namespace tuff {
namespace {

constexpr int kCharacter = 6;  // pixels, about
constexpr double kRow = 15;
constexpr std::size_t kChartColors = 4;

std::string number(double value) {
  return fmt::format("{:.1f}", value);
}

std::string tick_text(double value) {
  return fmt::format("{:.4g}", value);
}

// From values to pixels along one axis.
class Axis {
 public:
  Axis(bool logarithmic, double first, double last) : logarithmic_(logarithmic), first_(first), last_(last) {}

  bool shows(double value) const { return std::isfinite(value) && (!logarithmic_ || value > 0); }
  void take(double value) {
    if (!shows(value)) return;
    low_ = std::min(low_, scaled(value));
    high_ = std::max(high_, scaled(value));
  }
  // Once all values are taken.
  void settle() {
    if (low_ > high_) low_ = high_ = logarithmic_ ? 0 : 1;
    if (logarithmic_ && high_ - low_ < 1) {
      low_ = std::floor(low_);
      high_ = std::max(std::ceil(high_), low_ + 1);
    } else if (!(high_ > low_)) {
      const double margin = low_ == 0 ? 1 : std::abs(low_) * 0.1;
      low_ -= margin;
      high_ += margin;
    }
  }
  double pixel(double value) const { return first_ + (scaled(value) - low_) / (high_ - low_) * (last_ - first_); }

  std::vector<double> ticks(double count) const {
    std::vector<double> values;
    const double step =
        logarithmic_ ? std::max(1.0, std::ceil((high_ - low_) / count)) : tick_step(high_ - low_, count);
    for (double tick = std::ceil(low_ / step - 1e-9) * step; tick <= high_ + step * 1e-9; tick += step) {
      const double rounded = std::abs(tick) < step * 1e-9 ? 0 : tick;
      values.push_back(logarithmic_ ? std::pow(10.0, rounded) : rounded);
    }
    return values;
  }

 private:
  double scaled(double value) const { return logarithmic_ ? std::log10(value) : value; }

  bool logarithmic_;
  double first_, last_;
  double low_ = INFINITY, high_ = -INFINITY;
};

void draw_rule(Html& html, double x0, double y0, double x1, double y1, const char* kind) {
  html.empty("line", {{"x1", number(x0)}, {"y1", number(y0)}, {"x2", number(x1)}, {"y2", number(y1)}, {"class", kind}});
}

void draw_label(Html& html, double x, double y, const std::string& text, const char* anchor = "start",
                const char* kind = "label") {
  html.leaf("text", text, {{"x", number(x)}, {"y", number(y)}, {"text-anchor", anchor}, {"class", kind}});
}

void draw_dot(Html& html, double x, double y, std::size_t series, double radius) {
  html.empty("circle", {{"cx", number(x)},
                        {"cy", number(y)},
                        {"r", number(radius)},
                        {"class", fmt::format("dot line{}", series % kChartColors)}});
}

// Names in the colours of their lines, from (x, y) to the right.
void draw_legend(Html& html, double x, double y, const std::vector<std::pair<std::string, std::size_t>>& names) {
  for (const auto& [name, series] : names) {
    draw_dot(html, x + 4, y - 4, series, 4);
    draw_label(html, x + 12, y, name);
    x += 24 + kCharacter * static_cast<double>(name.size());
  }
}

Html::Attributes picture(double width, double height, const std::string& title) {
  return {{"viewBox", fmt::format("0 0 {:.0f} {:.0f}", width, height)},
          {"width", fmt::format("{:.0f}", width)},
          {"height", fmt::format("{:.0f}", height)},
          {"class", "chart"},
          {"role", "img"},
          {"aria-label", title}};
}

void draw_line(Html& html, const ChartLine& line, std::size_t series, const Axis& x, const Axis& y) {
  std::string points;
  std::size_t count = 0;
  double last_x = 0, last_y = 0;
  for (std::size_t i = 0; i < std::min(line.x.size(), line.y.size()); ++i) {
    if (!x.shows(line.x[i]) || !y.shows(line.y[i])) continue;
    last_x = x.pixel(line.x[i]);
    last_y = y.pixel(line.y[i]);
    points += fmt::format("{}{:.1f},{:.1f}", count++ == 0 ? "" : " ", last_x, last_y);
  }
  if (count == 1) draw_dot(html, last_x, last_y, series, 3);
  if (count > 1)
    html.empty("polyline",
               {{"points", points},
                {"class", fmt::format("curve{} line{}", line.faint ? " faint" : "", series % kChartColors)}});
}

}  // namespace

const std::string_view kChartStyle =
    ".chart{max-width:100%;height:auto;font:11px sans-serif}\n"
    ".chart .label{fill:var(--ink)}.chart .title{fill:var(--ink);font-weight:bold;font-size:12px}\n"
    ".chart .grid{stroke:var(--rule)}.chart .axis{stroke:var(--ink)}\n"
    ".chart .curve{fill:none;stroke:currentColor;stroke-width:1.6}.chart .faint{opacity:.35;stroke-width:1}\n"
    ".chart .dot{fill:currentColor}\n"
    ".line0{color:var(--line0)}.line1{color:var(--line1)}.line2{color:var(--line2)}.line3{color:var(--line3)}\n";

void draw_lines(Html& html, const std::vector<ChartLine>& lines, const ChartOptions& options) {
  const double left = 58, top = 44, right = options.width - 12, bottom = options.height - 36;
  Axis x(false, left, right), y(options.logarithmic, bottom, top);
  for (const ChartLine& line : lines)
    for (std::size_t i = 0; i < std::min(line.x.size(), line.y.size()); ++i) {
      if (!y.shows(line.y[i])) continue;
      x.take(line.x[i]);
      y.take(line.y[i]);
    }
  x.settle();
  y.settle();
  const auto svg = html.element("svg", picture(options.width, options.height, options.title));
  draw_label(html, left, 14, options.title, "start", "title");
  std::vector<std::pair<std::string, std::size_t>> names;
  for (std::size_t i = 0; i < lines.size(); ++i)
    if (!lines[i].name.empty()) names.emplace_back(lines[i].name, i);
  draw_legend(html, left, 32, names);
  for (const double tick : y.ticks(5)) {
    draw_rule(html, left, y.pixel(tick), right, y.pixel(tick), "grid");
    draw_label(html, left - 5, y.pixel(tick) + 4, tick_text(tick), "end");
  }
  for (const double tick : x.ticks(6)) {
    draw_rule(html, x.pixel(tick), bottom, x.pixel(tick), bottom + 4, "axis");
    draw_label(html, x.pixel(tick), bottom + 16, fmt::format("{:.6g}", tick), "middle");
  }
  draw_rule(html, left, bottom, right, bottom, "axis");
  draw_label(html, (left + right) / 2, options.height - 5, options.x_label, "middle");
  for (std::size_t i = 0; i < lines.size(); ++i) draw_line(html, lines[i], i, x, y);
}

void draw_dots(Html& html, const std::vector<std::string>& rows, const std::vector<ChartDots>& series,
               const std::string& title) {
  std::size_t longest = 0;
  for (const std::string& row : rows) longest = std::max(longest, row.size());
  const double left = 16 + kCharacter * static_cast<double>(longest), right = left + 420, top = 44,
               bottom = top + kRow * static_cast<double>(rows.size());
  Axis x(true, left, right);
  for (const ChartDots& dots : series)
    for (const double value : dots.values) x.take(value);
  x.settle();
  const auto svg = html.element("svg", picture(right + 30, bottom + 26, title));
  draw_label(html, 4, 14, title, "start", "title");
  std::vector<std::pair<std::string, std::size_t>> names;
  for (std::size_t i = 0; i < series.size(); ++i) names.emplace_back(series[i].name, i);
  draw_legend(html, left, 32, names);
  for (const double tick : x.ticks(8)) {
    draw_rule(html, x.pixel(tick), top, x.pixel(tick), bottom, "grid");
    draw_label(html, x.pixel(tick), bottom + 14, tick_text(tick), "middle");
  }
  for (std::size_t row = 0; row < rows.size(); ++row) {
    const double y = top + kRow * (static_cast<double>(row) + 0.5);
    draw_label(html, left - 8, y + 4, rows[row], "end");
    for (std::size_t i = 0; i < series.size(); ++i) {
      const double value = series[i].values[row];
      if (std::isfinite(value)) draw_dot(html, value > 0 ? x.pixel(value) : left, y, i, 3.5);
    }
  }
}

}  // namespace tuff
