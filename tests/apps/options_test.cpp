// Names and values that `tuff run` and `tuff convert` are given, on models that need no device.
#include <doctest/doctest.h>

#include <algorithm>

#include "base/os.h"
#include "io/npy.h"
#include "onnx/model.h"
#include "onnx/model_bytes.h"
#include "support/child.h"

namespace tuff::test {
namespace {

namespace fs = std::filesystem;

const std::string kNoVulkan = "TUFF_VULKAN_LOADER=/nonexistent/libvulkan.so";

Array ints(const std::vector<std::int64_t>& values) {
  return array_of({std::ssize(values)}, values);
}

}  // namespace

TEST_CASE("run: names and files may hold = themselves") {
  const fs::path data = scratch_folder("run_names");
  OnnxText text;
  text.input("a=b", ElementType::i64, {2}).output("y", ElementType::i64, {2});
  text.node({.op = "Add", .inputs = {"a=b", "a=b"}, .outputs = {"y"}});
  os::write_file(data / "m.onnx", text.bytes());
  fs::create_directories(data / "d=1");
  write_npy(data / "in.npy", ints({1, 2}));
  write_npy(data / "d=1" / "in.npy", ints({3, 4}));
  const auto run = [&](const std::string& input) {
    return run_tuff({"run", (data / "m.onnx").string(), "--input", input, "--output-dir", (data / "out").string()},
                    kNoVulkan);
  };
  require_done(run("a=b=" + (data / "in.npy").string()));
  CHECK(integers(read_npy_array(data / "out" / "y.npy")) == std::vector<std::int64_t>{2, 4});
  require_done(run("a=b=" + (data / "d=1" / "in.npy").string()));
  CHECK(integers(read_npy_array(data / "out" / "y.npy")) == std::vector<std::int64_t>{6, 8});
  require_done(run((data / "d=1" / "in.npy").string()));
  check_refused(run("a=absent.npy"), {"absent.npy"});
}

TEST_CASE("run: a model without inputs needs none, and one with inputs names what is missing") {
  const fs::path data = scratch_folder("run_no_inputs");
  OnnxText text;
  text.output("y", ElementType::f32, {1}).node({.op = "Constant", .outputs = {"c"}, .lists = {{"value_ints", {0}}}});
  text.node({.op = "Cast", .inputs = {"c"}, .outputs = {"f"}, .numbers = {{"to", 1}}})
      .node({.op = "Exp", .inputs = {"f"}, .outputs = {"y"}});
  os::write_file(data / "m.onnx", text.bytes());
  const auto run = [&] {
    return run_tuff({"run", (data / "m.onnx").string(), "--output-dir", (data / "out").string()}, kNoVulkan);
  };
  require_done(run());
  CHECK(read_npy_array(data / "out" / "y.npy") == float_array({1}, {1}));

  OnnxText with_input;
  with_input.input("wanted", ElementType::i64, {1})
      .output("y", ElementType::i64, {1})
      .node({.op = "Neg", .inputs = {"wanted"}, .outputs = {"y"}});
  os::write_file(data / "m.onnx", with_input.bytes());
  check_refused(run(), {"\"wanted\" isn't given"});
}

TEST_CASE("run: two results of one file's name are refused before anything is computed") {
  const fs::path data = scratch_folder("run_collision");
  OnnxText text;
  text.input("x", ElementType::f32, {1}).output("a b", ElementType::f32, {1}).output("a_b", ElementType::f32, {1});
  text.node({.op = "Neg", .inputs = {"x"}, .outputs = {"a b"}})
      .node({.op = "Abs", .inputs = {"x"}, .outputs = {"a_b"}});
  os::write_file(data / "outputs.onnx", text.bytes());
  OnnxText gradients;
  gradients.input("x", ElementType::f32, {1})
      .output("grad_x", ElementType::f32, {1})
      .node({.op = "Neg", .inputs = {"x"}, .outputs = {"grad_x"}});
  os::write_file(data / "gradients.onnx", gradients.bytes());
  const auto run = [&](const char* model,
                       std::vector<std::string> more) {  // without the input, which is looked at later
    std::vector<std::string> arguments = {"run", (data / model).string(), "--output-dir", (data / "out").string()};
    arguments.insert(arguments.end(), more.begin(), more.end());
    return run_tuff(arguments, kNoVulkan);
  };
  check_refused(run("outputs.onnx", {}), {"two results would be written to", "a_b.npy"});
  check_refused(run("gradients.onnx", {"--grad"}), {"two results would be written to", "grad_x.npy"});
  check_refused(run("gradients.onnx", {}), {"\"x\" isn't given"});
}

TEST_CASE("convert: shapes of inputs by name, scalars too; parts are of tuff's own models") {
  const fs::path data = scratch_folder("convert_shapes");
  OnnxText text;
  text.input("a=b", ElementType::f32, {-1, 3}).input("s", ElementType::f32, {}).output("y", ElementType::f32, {-1, 3});
  text.node({.op = "Mul", .inputs = {"a=b", "s"}, .outputs = {"y"}});
  os::write_file(data / "m.onnx", text.bytes());
  const auto convert = [&](std::vector<std::string> more) {
    std::vector<std::string> arguments = {"convert", (data / "m.onnx").string(), (data / "out.onnx").string()};
    arguments.insert(arguments.end(), more.begin(), more.end());
    return run_tuff(arguments, kNoVulkan);
  };
  require_done(convert({"--shape", "a=b=2x3", "--shape", "s="}));
  const onnx::Model model = onnx::read_model(data / "out.onnx");
  REQUIRE(model.inputs.size() == 2);
  CHECK(model.inputs[0].name == "a=b");
  CHECK(model.inputs[0].shape->at(0).extent == 2);
  CHECK(model.inputs[1].shape->empty());
  check_refused(convert({"--shape", "a=b=2x0"}), {"--shape a=b=2x0: is no shape"});
  check_refused(convert({"--part", "encoder"}), {"--part encoder: is for tuff's own models"});
}

}  // namespace tuff::test
