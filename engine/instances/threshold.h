// Thresholds between background and foreground from a histogram of an image's values.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "io/image.h"

namespace tuff {

struct Histogram {
  std::vector<std::int64_t> counts;
  double first = 0;  // the value that the first bin stands for: its center
  double step = 1;   // from one bin's center to the next

  double center(std::size_t bin) const { return first + static_cast<double>(bin) * step; }
};

// Error, beginning with `file`, where a value is NaN or infinite.
void check_finite(std::span<const float> values, const std::string& file);

// Integers of up to 16 bits get a bin for each value from the smallest to the largest, so nothing is lost: at most 256
// bins for 8 bits, 65536 for 16. Floats and larger integers get 256 bins of equal width between the smallest and the
// largest value. Error, beginning with `file`, where a value is no finite number or all are equal.
Histogram histogram_of(std::span<const float> values, const ImageInfo& info, const std::string& file);

// Each function gives the value of the last bin that is background: foreground is what lies above.
//
// Otsu, IEEE Transactions on Systems, Man, and Cybernetics 9, 1979: the largest variance between the two classes, the
// smallest threshold of equal ones.
double otsu_threshold(const Histogram& histogram);
// Zack, Rogers and Latt, Journal of Histochemistry and Cytochemistry 25, 1977: the bin farthest below the line from the
// peak to the end of the longer tail. For few objects on much background.
double triangle_threshold(const Histogram& histogram);
// Li and Tam, Pattern Recognition Letters 19, 1998: the smallest cross-entropy between the image and the image of its
// two classes' means; over the bins, all tried. Values are counted from the smallest. For dim objects.
double li_threshold(const Histogram& histogram);

}  // namespace tuff
