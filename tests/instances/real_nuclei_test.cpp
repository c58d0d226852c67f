// What is lost on the way from objects to targets and back, on real nuclei, where ../shared/data is there: a network
// that learned its targets perfectly could do no better.
#include <doctest/doctest.h>

#include <algorithm>
#include <filesystem>
#include <map>

#include "cases/follow_flows_cases.h"
#include "cases/star_distances_cases.h"
#include "instances/distance_transform.h"
#include "instances/flows.h"
#include "instances/object_pixels.h"
#include "instances/star_polygons.h"
#include "instances/star_polyhedra.h"
#include "io/image.h"
#include "support/files.h"
#include "support/skip.h"

namespace tuff {
namespace {

// Every eighth mask of 256 x 256, by name.
std::vector<Labels> nuclei(const std::filesystem::path& data) {
  std::vector<std::filesystem::path> files;
  for (const auto& entry : std::filesystem::directory_iterator(data / "nuclei/train/masks"))
    files.push_back(entry.path());
  std::ranges::sort(files);
  std::vector<Labels> result;
  for (std::size_t i = 0; i < files.size(); i += 8) {
    const Image mask = read_mask(files[i]);
    if (mask.height != 256) continue;
    Labels labels(1, mask.height, mask.width);
    std::ranges::transform(mask.values, labels.ids.begin(), [](float id) { return static_cast<std::int32_t>(id); });
    result.push_back(std::move(labels));
  }
  return result;
}

// Found objects against true ones, summed over images.
struct Agreement {
  std::size_t truths = 0, found = 0, matched = 0;  // by an IoU above 0.5
  double iou = 0;                                  // of each truth's best, summed

  void add(const Labels& truth, const Labels& result) {
    const ObjectPixels objects(truth), results(result);
    std::map<std::int32_t, std::size_t> sizes;
    for (std::size_t i = 0; i < results.count(); ++i) sizes[results.id(i)] = results.of(i).size();
    truths += objects.count();
    found += results.count();
    for (std::size_t i = 0; i < objects.count(); ++i) {
      std::map<std::int32_t, std::size_t> common;
      for (const std::int64_t pixel : objects.of(i)) ++common[result.ids[static_cast<std::size_t>(pixel)]];
      double best = 0;
      for (const auto& [id, shared] : common)
        if (id != 0)
          best = std::max(best,
                          static_cast<double>(shared) / static_cast<double>(objects.of(i).size() + sizes[id] - shared));
      matched += best > 0.5;
      iou += best;
    }
  }
  double average_precision() const {
    return static_cast<double>(matched) / static_cast<double>(truths + found - matched);
  }
  double mean_iou() const { return iou / static_cast<double>(truths); }
};

}  // namespace

TEST_CASE("real nuclei become flows and nuclei again") {
  const auto data = test::real_data();
  if (!data) return test::skip("no ../shared/data");
  Agreement agreement;
  for (const Labels& truth : nuclei(*data)) {
    const std::vector<float> flows = flows_from_labels(truth);
    test::Array field(Shape{1, 2, truth.height, truth.width});
    std::ranges::copy(flows, field.data.begin());
    const test::Array ends = test::follow_flows_reference(field, 200);
    const std::vector<float> positions(ends.data.begin(), ends.data.end());
    std::vector<float> foreground;
    for (const std::int32_t id : truth.ids) foreground.push_back(id == 0 ? 0.0f : 1.0f);
    agreement.add(truth, labels_from_flows(flows, positions, foreground, truth.height, truth.width));
  }
  MESSAGE(agreement.truths << " nuclei: AP@0.5 " << agreement.average_precision() << ", mean IoU "
                           << agreement.mean_iou());
  CHECK(agreement.truths > 400);
  CHECK(agreement.average_precision() > 0.98);
  CHECK(agreement.mean_iou() > 0.97);
}

TEST_CASE("real nuclei become star distances and nuclei again") {
  const auto data = test::real_data();
  if (!data) return test::skip("no ../shared/data");
  Agreement agreement;
  for (const Labels& truth : nuclei(*data)) {
    test::Array ids(Shape{1, truth.height, truth.width});
    std::ranges::copy(truth.ids, ids.data.begin());
    const test::Array reach = test::star_distances_reference(ids, {.rays = 32});
    const std::vector<float> distances(reach.data.begin(), reach.data.end());
    const std::vector<StarPolygon> polygons =
        find_star_polygons(edt_prob(truth), distances, 32, truth.height, truth.width);
    agreement.add(truth, labels_from_polygons(polygons, truth.height, truth.width));
  }
  MESSAGE(agreement.truths << " nuclei: AP@0.5 " << agreement.average_precision() << ", mean IoU "
                           << agreement.mean_iou());
  CHECK(agreement.truths > 400);
  CHECK(agreement.average_precision() > 0.98);
  CHECK(agreement.mean_iou() > 0.9);
}

TEST_CASE("real nuclei of a volume become star distances and nuclei again") {
  const auto data = test::real_data();
  if (!data) return test::skip("no ../shared/data");
  const Image mask = read_mask(*data / "blobs3d/mask3d.tif", "ZYX");
  Labels truth(mask.depth, mask.height, mask.width);
  std::ranges::transform(mask.values, truth.ids.begin(), [](float id) { return static_cast<std::int32_t>(id); });
  test::Array ids(Shape{1, 1, truth.depth, truth.height, truth.width});
  std::ranges::copy(truth.ids, ids.data.begin());
  const test::Array reach = test::star_distances_reference(ids, {.rays = 96});
  const std::vector<float> distances(reach.data.begin(), reach.data.end());
  const StarSphere sphere = star_sphere(96);
  const std::vector<StarPolyhedron> polyhedra =
      find_star_polyhedra(edt_prob(truth), distances, sphere, truth.depth, truth.height, truth.width);
  Agreement agreement;
  agreement.add(truth, labels_from_polyhedra(polyhedra, sphere, truth.depth, truth.height, truth.width));
  MESSAGE(agreement.truths << " nuclei: AP@0.5 " << agreement.average_precision() << ", mean IoU "
                           << agreement.mean_iou());
  CHECK(agreement.truths == 51);
  CHECK(agreement.average_precision() > 0.93);
  CHECK(agreement.mean_iou() > 0.75);
}

}  // namespace tuff
