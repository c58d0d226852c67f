// Pretrained networks of other makers against what ONNX Runtime or PyTorch gives for them; ../shared/data/models where
// it is there.
#include <doctest/doctest.h>

#include <algorithm>
#include <cmath>
#include <filesystem>
#include <string>
#include <vector>

#include "io/npy.h"
#include "onnx/session.h"
#include "support/files.h"
#include "support/skip.h"
#include "support/test_device.h"

namespace tuff {
namespace {

namespace fs = std::filesystem;

// The number of elements that differ by more than 1e-4 of the expected value and 1e-5, or 1e-5 of the largest value
// where that is above 1: SINet's reach 8e8 and pass through zero, where the reference and float64 differ by as much
// too.
std::int64_t differing(const Array& actual, const Array& expected) {
  REQUIRE(actual.shape == expected.shape);
  const std::vector<double> a = numbers(actual), e = numbers(expected);
  double largest = 1;
  for (const double value : e) largest = std::max(largest, std::abs(value));
  std::int64_t count = 0;
  for (std::size_t i = 0; i < a.size(); ++i)
    count += std::abs(a[i] - e[i]) <= 1e-5 * largest + 1e-4 * std::abs(e[i]) ? 0 : 1;
  return count;
}

void check_model(const std::string& name, const std::vector<std::string>& references) {
  const auto data = test::real_data();
  if (!data || !fs::exists(*data / "models" / (name + ".onnx")))
    return test::skip("no ../shared/data/models/" + name + ".onnx");
  const fs::path folder = *data / "models";
  const onnx::Model model = onnx::read_model(folder / (name + ".onnx"));
  const onnx::RunRequest request{
      .inputs = {{model.free_inputs().at(0).name, read_npy_array(folder / (name + ".input.npy"))}}};
  const onnx::RunResult result = onnx::run_model(model, request, []() -> Device& { return test::test_device(); });
  REQUIRE(result.outputs.size() == references.size());
  for (std::size_t i = 0; i < references.size(); ++i)
    CHECK_MESSAGE(differing(result.outputs[i].array, read_npy_array(folder / references[i])) == 0, references[i]);
}

}  // namespace

TEST_CASE("onnx pretrained: mnist") {
  check_model("mnist", {"mnist.output.npy"});
}
TEST_CASE("onnx pretrained: dncnn_25") {
  check_model("dncnn_25", {"dncnn_25.output.npy"});
}
TEST_CASE("onnx pretrained: unet_n2n") {
  check_model("unet_n2n", {"unet_n2n.output.npy"});
}
TEST_CASE("onnx pretrained: SINet") {
  check_model("SINet", {"SINet.output.npy"});
}
TEST_CASE("onnx pretrained: ultraface_rfb320") {
  check_model("ultraface_rfb320", {"ultraface_rfb320.output0.npy", "ultraface_rfb320.output1.npy"});
}

}  // namespace tuff
