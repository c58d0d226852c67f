// Receptive fields as the layers say, against gradients: of every network that gives an image for an image.
#include "apps/receptive_field.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <filesystem>
#include <numeric>
#include <string>
#include <utility>
#include <vector>

#include "apps/model_runner.h"
#include "onnx/export.h"
#include "onnx/serialize.h"
#include "support/child.h"
#include "support/test_device.h"
#include "tasks/dense_task.h"
#include "train/checkpoint.h"
#include "train/training_graph.h"

namespace tuff::test {
namespace {

namespace fs = std::filesystem;
using Settings = std::vector<std::pair<std::string, std::string>>;

// A model file of a network that was never trained.
fs::path fresh_model(const std::string& name, const Settings& settings) {
  TrainOptions options = default_options(name);
  options.base = 2;
  options.depth = 2;
  options.masks = name == "illumination" ? "masks" : "";
  for (const auto& [field, text] : settings) set_field(options, field, text);
  validate(options);
  DataFormat format{.classes = static_cast<int>(options.classes), .image_channels = 2};
  format.dims = static_cast<int>(options.dims);
  if (name == "insilico") format.target_channels = 2;
  const auto task = make_dense_task(options, format);
  const Network& network = task->network();
  const auto least = [&](char axis) { return network.axis(axis).fitting(1); };
  const auto graph = inference_graph(network, 1, {network.rank == 3 ? least('z') : 1, least('y'), least('x')});
  ParameterStore store(test_device(), *graph);
  store.initialize(1);
  const fs::path file = scratch_folder("field_" + name) / "model.safetensors";
  save_model(file, options, format, take_snapshot(store));
  return file;
}

enum class Reaches { as_far, at_most };

void check_field(const std::string& name, const Settings& settings, Reaches reaches, double stride = 1) {
  CAPTURE(name);
  const FieldSubject subject = field_subject(fresh_model(name, settings).string(), 0);
  const MeasuredField field = measure_field(subject, true, test_device());
  REQUIRE(field.axes.size() == subject.axes.size());
  for (std::size_t axis = 0; axis < field.axes.size(); ++axis) {
    CAPTURE(axis);
    const std::int64_t said = declared_reach(subject, axis);
    CHECK(!field.axes[axis].clipped);
    CHECK(field.axes[axis].reach <= said);
    if (reaches == Reaches::as_far) CHECK(field.axes[axis].reach == said);
    CHECK(field.axes[axis].reach > said / 2);
    CHECK(field.axes[axis].pixels <= 2 * said + 1);
  }
  CHECK(field.stride.back() == doctest::Approx(stride));
  // Real weights see no more.
  const MeasuredField real = measure_field(subject, false, test_device());
  for (std::size_t axis = 0; axis < field.axes.size(); ++axis) CHECK(real.axes[axis].reach <= field.axes[axis].reach);
  CHECK(*std::ranges::max_element(field.effective) > 0);
}

}  // namespace

TEST_CASE("receptive field: U-Nets see as far as their layers say") {
  check_field("unet", {}, Reaches::as_far);
  check_field("unet", {{"padding", "valid"}}, Reaches::as_far);
  check_field("unet", {{"up", "bilinear"}, {"down", "stride"}, {"block", "residual"}}, Reaches::as_far);
  check_field("unet", {{"attention", "true"}}, Reaches::at_most);
  check_field("unet", {{"dims", "3"}, {"depth", "1"}}, Reaches::as_far);
  check_field("unet", {{"dims", "3"}, {"flat-levels", "1"}, {"depth", "1"}}, Reaches::as_far);
}

TEST_CASE("receptive field: the other networks see as far as their layers say") {
  check_field("fcn", {{"base", "1"}, {"variant", "8s"}}, Reaches::as_far);
  check_field("segnet", {}, Reaches::at_most);
  check_field("deepmedic", {{"base", "6"}}, Reaches::as_far);
  check_field("stardist", {{"rays", "4"}}, Reaches::as_far);
  check_field("insilico", {}, Reaches::as_far);
  check_field("illumination", {}, Reaches::as_far);
  check_field("denoiser", {{"noise", "gaussian:0.1"}}, Reaches::as_far);
  check_field("superres", {{"blocks", "1"}}, Reaches::as_far, 0.5);
}

TEST_CASE("receptive field: networks whose norm or style sees the whole image say so, and do") {
  for (const auto& [name, settings] : {std::pair<std::string, Settings>("unet", {{"norm", "instance"}}),
                                       {"rootpainter", {{"depth", "1"}}},
                                       {"cellpose", {}}}) {
    CAPTURE(name);
    const FieldSubject subject = field_subject(fresh_model(name, settings).string(), 0);
    CHECK(!subject.whole_image.empty());
    const MeasuredField field = measure_field(subject, true, test_device());
    for (std::size_t axis = 0; axis < 2; ++axis) CHECK(field.axes[axis].pixels == subject.input[axis]);
  }
}

TEST_CASE("receptive field: of an ONNX file what the gradient shows") {
  const fs::path model = fresh_model("unet", {});
  const fs::path file = model.parent_path() / "unet.onnx";
  onnx::write_model(file, onnx::export_model(inference_network(load_model(model), {1, 2, 96, 96}, "")));
  const FieldSubject subject = field_subject(file.string(), 0), known = field_subject(model.string(), 96);
  CHECK(subject.axes.empty());
  CHECK(subject.input == std::vector<std::int64_t>{96, 96});
  const MeasuredField field = measure_field(subject, true, test_device());
  CHECK(field.axes[0].reach == declared_reach(known, 0));
  CHECK(measure_field(known, true, test_device()).axes == field.axes);
  CHECK_THROWS_WITH_AS(field_subject(file.string(), 64), doctest::Contains("is fixed to 96"), Error);
  CHECK_THROWS_WITH_AS(field_subject(model.string(), 63), doctest::Contains("use 60 or 64"), Error);
}

}  // namespace tuff::test
