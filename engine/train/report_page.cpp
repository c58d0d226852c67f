#include "train/report_page.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <span>

#include "base/os.h"
#include "io/contact_sheet.h"
#include "io/png.h"
#include "report/charts.h"
#include "report/encoding.h"
#include "report/html.h"

namespace tuff {
namespace {

constexpr std::size_t kMostPoints = 200;  // of a curve
constexpr double kLogarithmic = 30;       // curves that span so many times their least value get a log axis
constexpr double kGrowth = 1000;          // of the gradients' norm that is told of
constexpr std::size_t kLeastTenth = 5;    // steps that it is judged by

constexpr std::string_view kStyle =
    ":root{color-scheme:light dark;--paper:#fff;--ink:#222;--soft:#666;--rule:#ddd;--box:#f5f5f3;--bad:#a32020;"
    "--line0:#1f6fb0;--line1:#c8591a;--line2:#2c8c2c;--line3:#8a5ab8}\n"
    "@media(prefers-color-scheme:dark){:root{--paper:#16181b;--ink:#e4e4e0;--soft:#a0a09a;--rule:#3a3d41;"
    "--box:#202327;--bad:#ff8f80;--line0:#6cb4ee;--line1:#f0975c;--line2:#74cc74;--line3:#c09aea}}\n"
    "body{background:var(--paper);color:var(--ink);font:14px/1.45 sans-serif;margin:1.5rem auto;max-width:1000px;"
    "padding:0 1rem}\n"
    "h1{font-size:1.5rem;margin:0}h2{font-size:1.15rem;margin:1.8rem 0 .6rem}p{margin:.3rem 0}\n"
    ".soft{color:var(--soft)}.bad{color:var(--bad)}.row{display:flex;flex-wrap:wrap;gap:12px;align-items:flex-start}\n"
    "figure{margin:0;background:var(--box);padding:6px;border-radius:4px}figcaption{font-size:12px}\n"
    "img{display:block;max-width:100%;image-rendering:pixelated}\n"
    "table{border-collapse:collapse;font-size:13px}td,th{border-bottom:1px solid var(--rule);padding:2px 12px 2px 0;"
    "text-align:left;vertical-align:top}td.number,th.number{text-align:right;font-variant-numeric:tabular-nums}\n"
    "summary{cursor:pointer;margin:.5rem 0}.set{font-weight:bold}\n";

ChartLine line_of(const Curve& curve) {
  return {.name = curve.name, .x = curve.x, .y = curve.y};
}

// Whether values are all above 0 and span so much that a linear axis would hide most of them.
bool wants_logarithm(const std::vector<double>& values) {
  double low = INFINITY, high = 0;
  for (const double value : values) {
    if (!std::isfinite(value)) continue;
    low = std::min(low, value);
    high = std::max(high, value);
  }
  return low > 0 && high > kLogarithmic * low;
}

void add_chart(Html& html, const std::string& title, const Curve& curve) {
  if (curve.x.empty()) return;
  const auto figure = html.element("figure");
  draw_lines(html, {line_of(curve)}, {.title = title, .logarithmic = wants_logarithm(curve.y)});
}

template <class Get>
Curve epoch_curve(const std::vector<MetricsRow>& rows, Get&& get) {
  Curve curve;
  for (const MetricsRow& row : rows) {
    const std::optional<double> value = get(row);
    if (!value) continue;
    curve.x.push_back(static_cast<double>(row.step));
    curve.y.push_back(*value);
  }
  return curve;
}

double middle_norm(std::span<const StepLoss> steps) {
  std::vector<double> norms;
  for (const StepLoss& step : steps)
    if (std::isfinite(step.gradient_norm)) norms.push_back(step.gradient_norm);
  if (norms.empty()) return 0;
  const auto middle = norms.begin() + static_cast<std::ptrdiff_t>(norms.size() / 2);
  std::ranges::nth_element(norms, middle);
  return *middle;
}

// Says so where the gradients of the last tenth of the steps are far larger than those of the first.
void tell_of_growth(Html& html, std::span<const StepLoss> steps) {
  const std::size_t tenth = steps.size() / 10;
  if (tenth < kLeastTenth) return;
  const double first = middle_norm(steps.first(tenth)), last = middle_norm(steps.last(tenth));
  if (first > 0 && last > kGrowth * first)
    html.leaf(
        "p",
        fmt::format("exploding gradients: their norm has risen from {:.3g} to {:.3g}; try --clip 1 or a lower --lr",
                    first, last),
        {{"class", "bad"}});
}

void add_curves(Html& html, const ReportContent& content) {
  html.leaf("h2", "Curves");
  tell_of_growth(html, content.losses);
  const auto row = html.element("div", {{"class", "row"}});
  add_chart(html, "training loss", step_curve(content.losses, &StepLoss::loss, kMostPoints));
  for (std::size_t i = 0; i < content.parts.size(); ++i)
    add_chart(html, "training: " + content.parts[i],
              step_curve(
                  content.losses, [i](const StepLoss& step) { return step.parts[i]; }, kMostPoints));
  for (std::size_t i = 0; i < content.metrics.size(); ++i)
    add_chart(html, "validation: " + content.metrics[i].title, epoch_curve(content.rows, [i](const MetricsRow& epoch) {
                return epoch.scores.empty() ? std::nullopt : std::optional(epoch.scores[i]);
              }));
  add_chart(html, "norm of the gradients, before clipping",
            step_curve(content.losses, &StepLoss::gradient_norm, kMostPoints));
  if (content.options.dtype == "f16")
    add_chart(html, "loss scale", step_curve(content.losses, &StepLoss::loss_scale, kMostPoints));
  add_chart(html, "learning rate",
            epoch_curve(content.rows, [](const MetricsRow& epoch) { return std::optional(epoch.learning_rate); }));
}

// ---- pictures -----------------------------------------------------------------------------------

void add_picture(Html& html, const std::string& title, std::span<const std::byte> png) {
  const auto figure = html.element("figure");
  html.empty("img", {{"alt", title}, {"src", "data:image/png;base64," + base64(png)}});
  html.leaf("figcaption", title);
}

void add_pictures(Html& html, const ReportContent& content) {
  if (!content.pictures.empty()) html.leaf("h2", fmt::format("Validation images after epoch {}", content.rows.size()));
  for (const PictureRow& row : content.pictures) {
    html.leaf("p", row.caption, {{"class", "soft"}});
    const auto pictures = html.element("div", {{"class", "row"}});
    for (const auto& [title, image] : row.pictures) add_picture(html, title, serialize_png(image));
  }
  if (content.more_pictures.empty()) return;
  html.leaf("h2", "Pictures");
  const auto pictures = html.element("div", {{"class", "row"}});
  for (const std::filesystem::path& file : content.more_pictures)
    add_picture(html, file.stem().string(), os::read_file(file));
}

// ---- layers -------------------------------------------------------------------------------------

std::vector<LayerNorm> of_kind(const std::vector<LayerNorm>& norms, LayerNorm::Kind kind) {
  std::vector<LayerNorm> chosen;
  std::ranges::copy_if(norms, std::back_inserter(chosen), [&](const LayerNorm& norm) { return norm.kind == kind; });
  return chosen;
}

void add_norms_chart(Html& html, const std::vector<LayerNorm>& norms, const std::string& title,
                     const std::string& what) {
  if (norms.empty()) return;
  std::vector<std::string> names;
  ChartDots values{what, {}}, gradients{"gradient", {}};
  for (const LayerNorm& norm : norms) {
    names.push_back(norm.name);
    values.values.push_back(norm.rms);
    gradients.values.push_back(norm.gradient_rms);
  }
  const auto figure = html.element("figure");
  draw_dots(html, names, {values, gradients}, title);
}

void add_norms_table(Html& html, const std::vector<LayerNorm>& norms) {
  const auto details = html.element("details");
  html.leaf("summary", "all numbers");
  const auto table = html.element("table");
  {
    const auto head = html.element("tr");
    for (const char* title : {"", "root mean square", "of the gradient", "zeros"})
      html.leaf("th", title, {{"class", "number"}});
  }
  for (const LayerNorm& norm : norms) {
    const auto row = html.element("tr");
    html.leaf("td", norm.name);
    html.leaf("td", fmt::format("{:.3g}", norm.rms), {{"class", "number"}});
    html.leaf("td", fmt::format("{:.3g}", norm.gradient_rms), {{"class", "number"}});
    html.leaf("td", norm.zeros > 0 ? fmt::format("{:.1f} %", 100 * norm.zeros) : "", {{"class", "number"}});
  }
}

void add_layers(Html& html, const ReportContent& content) {
  if (content.norms.empty()) return;
  const std::vector<LayerNorm> norms = last_norms(content.norms);
  html.leaf("h2", fmt::format("Layers after step {}", content.norms.back().step));
  const std::vector<std::string> problems = findings(norms);
  for (const std::string& problem : problems) html.leaf("p", problem, {{"class", "bad"}});
  if (problems.empty()) html.leaf("p", "No layer stands out: none vanishes, explodes or is dead.", {{"class", "soft"}});
  {
    const auto row = html.element("div", {{"class", "row"}});
    add_norms_chart(html, of_kind(norms, LayerNorm::Kind::layer), "outputs of layers, root mean square", "output");
    add_norms_chart(html, of_kind(norms, LayerNorm::Kind::parameter), "parameters, root mean square", "parameter");
  }
  add_norms_table(html, norms);
}

// ---- tables -------------------------------------------------------------------------------------

void add_row(Html& html, const std::string& name, const std::string& value, bool strong = false) {
  const auto row = html.element("tr");
  html.leaf("td", name);
  html.leaf("td", value, {{"class", strong ? "set" : ""}});
}

std::string seconds_text(double seconds) {
  if (seconds < 1) return fmt::format("{:.1f} ms", seconds * 1e3);
  if (seconds < 120) return fmt::format("{:.1f} s", seconds);
  return seconds < 7200 ? fmt::format("{:.1f} min", seconds / 60) : fmt::format("{:.1f} h", seconds / 3600);
}

void add_timing(Html& html, const ReportContent& content) {
  const auto section = html.element("section", {{"id", "timing"}});
  html.leaf("h2", "Timing");
  const auto table = html.element("table");
  add_row(html, "device", content.device);
  add_row(html, "driver", content.driver);
  const RunTiming& timing = content.timing;
  const auto steps = static_cast<double>(std::max<std::int64_t>(1, timing.steps));
  if (timing.stepping > 0) add_row(html, "steps per second", fmt::format("{:.3g}", steps / timing.stepping));
  add_row(html, "a step", seconds_text(timing.stepping / steps));
  add_row(html, "loading of a batch, beside the step", seconds_text(timing.loading / steps));
  add_row(html, "validation, in all", seconds_text(timing.validation));
  add_row(html, "measuring layers, in all", seconds_text(timing.layers));
  add_row(html, "saving, in all", seconds_text(timing.saving));
  if (!content.rows.empty()) add_row(html, "the run so far", seconds_text(content.rows.back().seconds));
}

void add_configuration(Html& html, const ReportContent& content) {
  html.leaf("h2", "Configuration");
  html.leaf("p", "Bold: not the default.", {{"class", "soft"}});
  const TrainOptions defaults = default_options(content.options.model);
  const auto table = html.element("table");
  for (const TrainField& field : train_fields()) {
    if (field.kept == TrainField::Kept::never || !applies(field, content.options.model)) continue;
    const std::string value = field_text(content.options, field);
    add_row(html, std::string(field.name), value, value != field_text(defaults, field));
  }
}

void add_heading(Html& html, const ReportContent& content) {
  html.leaf("h1", "tuff train " + content.options.model);
  const std::int64_t step = content.losses.empty() ? 0 : content.losses.back().step;
  html.leaf("p", fmt::format("step {} of {}, epoch {}", step, content.steps, content.rows.size()));
  if (content.best_score)
    html.leaf("p", fmt::format("best validation {}: {:.{}f}, at step {}", content.metrics[0].title, *content.best_score,
                               content.metrics[0].decimals, content.best_step));
}

}  // namespace

std::string report_page(const ReportContent& content) {
  Html html;
  html.raw("<!DOCTYPE html>\n");
  {
    const auto page = html.element("html", {{"lang", "en"}});
    {
      const auto head = html.element("head");
      html.empty("meta", {{"charset", "utf-8"}});
      html.empty("meta", {{"name", "viewport"}, {"content", "width=device-width"}});
      html.leaf("title", "tuff train " + content.options.model);
      const auto style = html.element("style");
      html.raw(kStyle);
      html.raw(kChartStyle);
    }
    const auto body = html.element("body");
    add_heading(html, content);
    add_curves(html, content);
    add_pictures(html, content);
    add_layers(html, content);
    add_timing(html, content);
    add_configuration(html, content);
  }
  return html.str();
}

}  // namespace tuff
