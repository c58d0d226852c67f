#include "report/charts.h"

#include <doctest/doctest.h>

#include <cmath>
#include <limits>
#include <string>

#include "support/files.h"
#include "support/markup.h"

using namespace tuff;

namespace {

std::string drawn(const std::vector<ChartLine>& lines, const ChartOptions& options) {
  Html html;
  draw_lines(html, lines, options);
  CHECK(test::markup_fault(html.str()) == "");
  CHECK_FALSE(test::contains(html.str(), "nan"));
  CHECK_FALSE(test::contains(html.str(), "inf"));
  return html.str();
}

std::size_t count(const std::string& text, const std::string& part) {
  std::size_t found = 0;
  for (std::size_t at = text.find(part); at != std::string::npos; at = text.find(part, at + 1)) ++found;
  return found;
}

}  // namespace

TEST_CASE("charts: a line runs from corner to corner of its axes") {
  const std::string svg = drawn({{.name = "a<b", .x = {0, 5, 10}, .y = {0, 1, 2}}}, {.width = 400, .height = 200});
  CHECK(test::contains(svg, "points=\"58.0,164.0 223.0,104.0 388.0,44.0\""));
  CHECK(test::contains(svg, "a&lt;b"));
}

TEST_CASE("charts: logarithmic axes leave out what they can't show") {
  const std::string svg =
      drawn({{.x = {0, 1, 2, 3}, .y = {1, 0, -1, 100}}}, {.logarithmic = true, .width = 400, .height = 200});
  CHECK(test::contains(svg, "points=\"58.0,164.0 388.0,44.0\""));
}

TEST_CASE("charts: single points, no points, values that are no numbers, one value throughout") {
  const double nan = std::numeric_limits<double>::quiet_NaN(), infinity = std::numeric_limits<double>::infinity();
  CHECK(test::contains(drawn({{.x = {3}, .y = {7}}}, {}), "<circle"));
  CHECK_FALSE(test::contains(drawn({{.x = {}, .y = {}}}, {}), "polyline"));
  CHECK(test::contains(drawn({{.x = {1, 2, 3, 4}, .y = {1, nan, infinity, 2}}}, {}), "polyline"));
  drawn({{.x = {1, 2}, .y = {0, 0}}}, {});
  drawn({{.x = {1, 2}, .y = {1e-30, 1e30}}}, {.logarithmic = true});
  drawn({{.x = {1, 2}, .y = {5, 5}}}, {.logarithmic = true});
}

TEST_CASE("charts: a row of dots for each name") {
  const double nan = std::numeric_limits<double>::quiet_NaN();
  Html html;
  draw_dots(html, {"encoder.0", "encoder.1", "head"}, {{"output", {1, 0.1, 0}}, {"gradient", {1e-6, nan, 1e-3}}},
            "layers");
  CHECK(test::markup_fault(html.str()) == "");
  CHECK(count(html.str(), "<circle") == 5 + 2);  // two in the legend
  CHECK(count(html.str(), ">encoder.1<") == 1);
}
