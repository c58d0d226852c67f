// Real microscopy files, where ../shared/data is there.
#include <algorithm>

#include "io/components.h"
#include "io/dataset.h"
#include "io/loader.h"
#include "io/split.h"
#include "io/tiff.h"
#include "support/files.h"
#include "support/skip.h"

namespace tuff {

TEST_CASE("real data: nuclei are paired, loaded and batched") {
  const auto data = test::real_data();
  if (!data) return test::skip("no ../shared/data");
  const Dataset dataset = open_dataset(*data / "nuclei/train/images", *data / "nuclei/train/masks", {});
  REQUIRE(dataset.items.size() == 126);
  CHECK(dataset.format.image_channels == 1);
  const Sample sample = load_sample(dataset, 0);
  CHECK(sample.image.info.bits == 8);
  const auto foreground = std::ranges::count(sample.labels, 1);
  CHECK((foreground > 500 && foreground < static_cast<std::ptrdiff_t>(sample.labels.size()) / 2));
  const Split split = split_dataset(dataset, {});
  Loader loader(dataset, split.train, {.batch = 8, .crop = CropSize({128, 128}), .label_dtype = DType::f32});
  for (int i = 0; i < 3; ++i) {
    const Batch batch = loader.next();
    CHECK(batch.images.shape == Shape{8, 1, 128, 128});
    CHECK(batch.labels.shape == Shape{8, 1, 128, 128});
  }
}

TEST_CASE("real data: em's membranes are mask value 0") {
  const auto data = test::real_data();
  if (!data) return test::skip("no ../shared/data");
  const Dataset dataset = open_dataset(*data / "em/images", *data / "em/labels", {.foreground = {0}});
  REQUIRE(dataset.items.size() == 24);
  const Sample sample = load_sample(dataset, 3);
  const double share = static_cast<double>(std::ranges::count(sample.labels, 1)) / (512.0 * 512.0);
  CHECK((share > 0.1 && share < 0.4));
}

TEST_CASE("real data: 16-bit PNG planes and TIFF stacks") {
  const auto data = test::real_data();
  if (!data) return test::skip("no ../shared/data");
  const Image phase = read_image(*data / "insilico/phase_z00.png");
  CHECK((phase.height == 1024 && phase.width == 512 && phase.info.bits == 16));
  CHECK(*std::ranges::max_element(phase.values) > 255);
  const Image flat = read_image(*data / "blobs3d/img2d.tif");
  CHECK((flat.height == 512 && flat.width == 512 && flat.channels == 1));
  CHECK(test::contains(test::error_of([&] { read_image(*data / "blobs3d/img3d.tif"); }), "31 pages"));
  const Image stack = read_image(*data / "blobs3d/img3d.tif", "ZYX");
  CHECK((stack.depth == 31 && stack.height == 61 && stack.width == 57));
  const Image mask = read_mask(*data / "blobs3d/mask2d.tif");
  std::vector<std::int32_t> labels = labels_from_mask(mask, {.classes = 65536}, "mask2d.tif");
  std::vector<std::int32_t> ids = labels;
  std::ranges::sort(ids);
  CHECK(std::distance(ids.begin(), std::unique(ids.begin(), ids.end())) - 1 == 125);
  CHECK(label_components(labels, 512, 512).count <= 125);
}

}  // namespace tuff
