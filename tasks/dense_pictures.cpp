#include "tasks/dense_pictures.h"

#include <algorithm>
#include <span>
#include <vector>

#include "io/contact_sheet.h"
#include "io/overlay.h"

namespace tuff {
namespace {

Image small(const Canvas& picture) {
  return reduced(picture, kPictureSide).image();
}

Image drawn(const Image& image) {
  return small(render_image(image.depth > 1 ? image.plane(image.depth / 2) : image));
}

// Pixels that nothing is said of (below 0) as background.
Image drawn(std::span<const std::int32_t> ids, std::int64_t depth, std::int64_t height, std::int64_t width) {
  const auto pixels = static_cast<std::size_t>(height * width);
  const auto slice = ids.subspan(static_cast<std::size_t>(depth / 2) * pixels, pixels);
  std::vector<std::int32_t> labels(slice.begin(), slice.end());
  for (std::int32_t& label : labels) label = std::max(label, 0);
  return small(render_labels(labels, height, width));
}

}  // namespace

PictureRow picture_row(std::string caption, const Sample& sample, const Image& input, const DenseResult& result,
                       DenseResult::Kind kind) {
  PictureRow row{.caption = std::move(caption), .pictures = {{"image", drawn(input)}}};
  const auto add = [&](const char* title, Image image) { row.pictures.push_back({title, std::move(image)}); };
  if (kind == DenseResult::Kind::image) {
    if (!sample.targets.values.empty()) add("truth", drawn(sample.targets));
    add("prediction", drawn(result.image));
  } else {
    const ImageSize size = sample.image.size();
    if (!sample.labels.empty()) add("truth", drawn(sample.labels, size.depth, size.height, size.width));
    const Labels& labels = result.labels;
    add("prediction", drawn(labels.ids, labels.depth, labels.height, labels.width));
  }
  return row;
}

}  // namespace tuff
