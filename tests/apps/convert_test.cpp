// `tuff convert` and `tuff run` as a user runs them: trained models to ONNX and back.
#include <doctest/doctest.h>

#include <algorithm>
#include <cmath>

#include "base/os.h"
#include "io/npy.h"
#include "io/safetensors.h"
#include "onnx/model.h"
#include "onnx/model_bytes.h"
#include "support/child.h"
#include "support/nuclei.h"
#include "support/test_device.h"

namespace tuff::test {
namespace {

namespace fs = std::filesystem;

// The folder of a U-Net trained for two steps: "run".
fs::path trained_unet(const std::string& name) {
  const fs::path data = nuclei_folder(name);
  require_done(run_tuff({"train", "unet", "--images", (data / "images").string(), "--masks", (data / "masks").string(),
                         "--out", (data / "run").string(), "--base", "4", "--depth", "1", "--crop", "32", "--batch",
                         "2", "--steps", "2"}));
  return data;
}

void write_input(const fs::path& path, const std::vector<std::int64_t>& shape) {
  Array array(ElementType::f32, shape);
  float value = 0;
  for (float& element : array.as<float>()) element = std::sin(value += 0.7f);
  write_npy(path, array);
}

// The results of a model for in.npy, in "out".
Finished run_model(const fs::path& data, const std::string& model, const std::vector<std::string>& more = {}) {
  const fs::path folder = data / "out";
  fs::remove_all(folder);
  std::vector<std::string> arguments = {"run",          (data / model).string(), "--input", (data / "in.npy").string(),
                                        "--output-dir", folder.string()};
  arguments.insert(arguments.end(), more.begin(), more.end());
  Finished finished = run_tuff(arguments);
  require_done(finished);
  return finished;
}

Array output_of(const fs::path& data, const std::string& model, const std::string& output,
                const std::vector<std::string>& more = {}) {
  run_model(data, model, more);
  return read_npy_array(data / "out" / (output + ".npy"));
}

double difference(const Array& a, const Array& b) {
  REQUIRE(a.shape == b.shape);
  const std::vector<double> x = numbers(a), y = numbers(b);
  double worst = 0, largest = 1e-30;
  for (std::size_t i = 0; i < x.size(); ++i)
    worst = std::max(worst, std::abs(x[i] - y[i])), largest = std::max(largest, std::abs(y[i]));
  return worst / largest;
}

// In any order.
void check_same(const SafeTensors& actual, const SafeTensors& expected) {
  CHECK(actual.metadata == expected.metadata);
  REQUIRE(actual.tensors.size() == expected.tensors.size());
  for (const StoredTensor& tensor : expected.tensors)
    CHECK_MESSAGE(actual.at(tensor.name).array() == tensor.array(), tensor.name);
}

}  // namespace

TEST_CASE("convert: a trained U-Net as ONNX, for images of any size, and back to the same model") {
  const fs::path data = trained_unet("convert_unet");
  const auto convert = [&](std::vector<std::string> arguments) {
    for (std::size_t i = 0; i < arguments.size(); ++i)
      if (!arguments[i].starts_with("--") && !(i > 0 && arguments[i - 1] == "--shape"))
        arguments[i] = (data / arguments[i]).string();
    arguments.insert(arguments.begin(), "convert");
    return run_tuff(arguments);
  };
  require_done(convert({"run", "unet.onnx"}));
  const onnx::Model model = onnx::read_model(data / "unet.onnx");
  REQUIRE(model.inputs.size() == 1);
  CHECK(model.inputs[0].name == "images");
  CHECK(model.inputs[0].shape->at(0).name == "batch");
  CHECK(model.inputs[0].shape->at(3).name == "width");
  CHECK(model.outputs.at(0).shape->at(2).name == "height");
  write_input(data / "in.npy", {2, 1, 24, 32});
  const Array expected = output_of(data, "run", "logits");
  CHECK(difference(output_of(data, "unet.onnx", "logits"), expected) < 3e-6);
  const double rounding = difference(output_of(data, "unet.onnx", "logits", {"--dtype", "f16"}), expected);
  CHECK(rounding < 4e-3);
  CHECK((rounding > 1e-5) == test_device().caps().storage_16bit);

  require_done(convert({"run", "weights.safetensors"}));
  SafeTensors weights = read_safetensors(data / "weights.safetensors");
  CHECK(weights.find("optimizer.adam.m.head.weight") == nullptr);
  require_done(convert({"unet.onnx", "again.safetensors"}));
  check_same(read_safetensors(data / "again.safetensors"), weights);

  require_done(convert({"unet.onnx", "fixed.onnx", "--shape", "images=1x1x16x16"}));
  CHECK(onnx::read_model(data / "fixed.onnx").inputs.at(0).shape->at(3).extent == 16);

  SafeTensors plain = weights;  // as another program would write them
  plain.metadata.clear();
  write_safetensors(data / "plain.safetensors", plain);
  check_refused(convert({"plain.safetensors", "plain.onnx"}), {"has weights alone, no network"});
  require_done(convert({"plain.safetensors", "filled.onnx", "--like", "unet.onnx"}));
  CHECK(file_text(data / "filled.onnx") == file_text(data / "unet.onnx"));
  require_done(convert({"plain.safetensors", "model.safetensors", "--like", "run"}));
  check_same(read_safetensors(data / "model.safetensors"), weights);
}

TEST_CASE("run: what overflows or vanishes in f16 is told") {
  const fs::path data = scratch_folder("run_f16");
  OnnxText text;  // 300 * 300 / 300
  text.input("x", ElementType::f32, {1, 1, 4, 4}).output("y", ElementType::f32, {1, 1, 4, 4});
  text.initializer("up", float_array({1, 1, 1, 1}, {300})).initializer("down", float_array({1, 1, 1, 1}, {1 / 300.0f}));
  text.node({.op = "Conv", .inputs = {"x", "up"}, .outputs = {"big"}})
      .node({.op = "Conv", .inputs = {"big", "down"}, .outputs = {"y"}});
  os::write_file(data / "model.onnx", text.bytes());
  write_npy(data / "in.npy", float_array({1, 1, 4, 4}, std::vector<float>(16, 300)));
  CHECK_FALSE(contains(run_model(data, "model.onnx").err, "f16"));
  const Finished half = run_model(data, "model.onnx", {"--dtype", "f16", "--grad"});
  if (!test_device().caps().storage_16bit) {
    CHECK(contains(half.err, "no 16-bit storage"));
    return;
  }
  CHECK(contains(half.err, "y: 16 of 16 values are infinite"));
  CHECK(contains(half.err, "grad_down: 1 of 1"));
  CHECK(contains(half.err, "--dtype f32"));
  write_npy(data / "in.npy", float_array({1, 1, 4, 4}, std::vector<float>(16, 1e-12f)));
  CHECK(contains(run_model(data, "model.onnx", {"--dtype", "f16"}).err, "y: all values are 0"));
}

TEST_CASE("convert: bad input is refused in one line") {
  const fs::path data = scratch_folder("convert_bad");
  const std::string model = (data / "a.onnx").string(), out = (data / "b.onnx").string();
  check_refused(run_tuff({"convert", model, out}), {"a.onnx"});
  check_refused(run_tuff({"convert", (data / "absent").string(), out}), {"absent"});
  write_input(data / "a.onnx", {3});
  check_refused(run_tuff({"convert", model, out}), {"a.onnx"});
  check_refused(run_tuff({"convert", model, model}), {"overwritten by itself"});
  check_refused(run_tuff({"convert", model, (data / "b.txt").string()}), {"must end in .onnx or .safetensors"});
  check_refused(run_tuff({"convert", model, out, "--shape", "1xx2"}), {"--shape 1xx2"});
}

}  // namespace tuff::test
