// Charts as SVG for pages: they take the page's colours (classes line0, line1 ... of kChartStyle), so that they are
// readable on light and dark.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "report/html.h"

namespace tuff {

struct ChartLine {
  std::string name;
  std::vector<double> x, y;  // of equal length; points that aren't finite are left out, on log axes those below 0 too
  bool faint = false;        // behind a line that is its mean
};

struct ChartOptions {
  std::string title;
  std::string x_label = "step";
  bool logarithmic = false;  // y
  int width = 460;
  int height = 260;
};

// Lines over one pair of axes; single points as dots.
void draw_lines(Html& html, const std::vector<ChartLine>& lines, const ChartOptions& options);

struct ChartDots {
  std::string name;
  std::vector<double> values;  // one for each row; not finite: none
};

// A row for each name with a dot of each series along a logarithmic axis; values that are 0 lie at its left end.
void draw_dots(Html& html, const std::vector<std::string>& rows, const std::vector<ChartDots>& series,
               const std::string& title);

// The style sheet of both.
extern const std::string_view kChartStyle;

}  // namespace tuff
