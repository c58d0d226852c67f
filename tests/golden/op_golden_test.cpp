// Every op against PyTorch in float64: the committed cases that tests/parity/generate_golden_ops.py makes (it says what
// a file holds). Outputs and gradients within 1e-5 of the largest value, 2e-3 with TUFF_TEST_STORAGE=f16; NaN and
// infinity where PyTorch has them.
#include <doctest/doctest.h>
#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <filesystem>
#include <set>

#include "autodiff/gradient.h"
#include "base/error.h"
#include "base/number.h"
#include "base/os.h"
#include "golden/op_builders.h"
#include "io/safetensors.h"
#include "runtime/compile.h"
#include "support/array.h"
#include "support/test_device.h"

namespace tuff::test {

Value GoldenInputs::named(std::string_view name) const {
  const auto found = std::ranges::find(names, name);
  return found == names.end() ? Value() : values[static_cast<std::size_t>(found - names.begin())];
}

Layout golden_layout(std::string_view op, std::string_view input) {
  if (input != "weight") return Layout::channels_last;
  return op == "conv" ? Layout::weight : op == "conv_transpose" ? Layout::transposed_weight : Layout::channels_last;
}

namespace {

double tolerance() {
  return test_storage() == DType::f16 ? 2e-3 : 1e-5;
}

// Whether f16 can hold a result: finite values within its range, the largest among its normal numbers.
bool fits_storage(const Array& array) {
  if (test_storage() == DType::f32) return true;
  double largest = 0;
  for (const double value : array.data) largest = std::max(largest, std::isfinite(value) ? std::abs(value) : 0);
  return largest <= 65504 && (largest == 0 || largest >= 6.2e-5);
}

// What golden_ops/case.py's upstream() gives.
HostTensor upstream(const Shape& shape) {
  HostTensor tensor(shape);
  for (std::size_t i = 0; i < tensor.floats().size(); ++i)
    tensor.floats()[i] = static_cast<float>(static_cast<int>(i * 7919 % 201) - 100) / 128.0f;
  return tensor;
}

// One case, compiled with its gradients.
class GoldenCase {
 public:
  GoldenCase(const SafeTensors& file, std::string number, const OpBuilders& builders)
      : file_(file), number_(std::move(number)), text_(nlohmann::json::parse(file.metadata.at(number_))) {
    const std::string op = text_["op"];
    const auto builder = builders.find(op);
    REQUIRE_MESSAGE(builder != builders.end(), "no builder for ", op);
    GoldenInputs inputs;
    for (const std::string& name : text_["inputs"].get<std::vector<std::string>>()) {
      host_inputs_.emplace_back(name, file_.at(number_ + ".x." + name).tensor());
      const HostTensor& tensor = host_inputs_.back().second;
      inputs.names.push_back(name);
      inputs.values.push_back(graph_.input(name, tensor.shape, tensor.dtype, golden_layout(op, name)));
    }
    outputs_ = builder->second(inputs, text_["attributes"]);
    for (std::size_t i = 0; i < outputs_.size(); ++i) graph_.output(fmt::format("y.{}", i), outputs_[i]);
    add_gradients(inputs);
  }

  std::string describe() const { return number_ + ": " + text_.dump(); }
  std::size_t outputs() const { return graph_.outputs().size(); }

  // Gives the number of results that the storage can't hold and that weren't compared.
  int check() {
    int skipped = 0;
    const std::unique_ptr<Executable> executable = compile(graph_, test_device(), nullptr, {.storage = test_storage()});
    bool inputs_fit = true;
    for (const auto& [name, tensor] : host_inputs_) {
      executable->write(name, tensor);
      inputs_fit = inputs_fit && fits_storage(to_array(tensor));
    }
    executable->run();
    for (const Output& output : graph_.outputs()) {
      INFO("output ", output.name);
      const HostTensor expected = file_.at(number_ + "." + output.name).tensor();
      const HostTensor actual = executable->read(output.name);
      REQUIRE(actual.shape == expected.shape);
      if (!inputs_fit || !fits_storage(to_array(expected))) {
        ++skipped;
        continue;
      }
      // A gradient such as y (1 - y) loses what 1 - y rounds away, in PyTorch's float32 as well.
      if (text_["special"])
        check_each(to_array(actual), to_array(expected), output.name.starts_with("g."));
      else
        CHECK(relative_error(to_array(actual), to_array(expected)) <= tolerance());
    }
    CHECK(file_.find(fmt::format("{}.y.{}", number_, outputs_.size())) == nullptr);
    return skipped;
  }

 private:
  void add_gradients(const GoldenInputs& inputs) {
    std::vector<Value> wrt, weighted, flowing;
    std::vector<std::string> names;
    for (std::size_t i = 0; i < inputs.names.size(); ++i) {
      if (!file_.find(number_ + ".g." + inputs.names[i])) continue;
      wrt.push_back(inputs.values[i]);
      names.push_back(inputs.names[i]);
    }
    if (wrt.empty()) return;
    for (std::size_t i = 0; i < outputs_.size(); ++i) {
      if (outputs_[i].dtype() != DType::f32) continue;
      const TensorType type = outputs_[i].type();
      const std::string name = fmt::format("upstream.{}", i);
      host_inputs_.emplace_back(name, upstream(type.shape));
      weighted.push_back(outputs_[i]);
      flowing.push_back(graph_.input(name, type.shape, DType::f32, type.layout));
    }
    const std::vector<Value> gradients = gradient(weighted, flowing, wrt);
    for (std::size_t i = 0; i < gradients.size(); ++i) graph_.output("g." + names[i], gradients[i]);
  }

  // Values of very different size, each for itself.
  void check_each(const Array& actual, const Array& expected, bool gradient) const {
    const double absolute = gradient ? tolerance() : test_storage() == DType::f16 ? 0x1p-24 : 1e-37;
    const auto undecided = gradient ? text_["undecided"].get<std::set<std::size_t>>() : std::set<std::size_t>();
    for (std::size_t i = 0; i < expected.data.size(); ++i) {
      if (undecided.contains(i)) continue;
      INFO("element ", i, ": ", actual.data[i], ", not ", expected.data[i]);
      if (!std::isfinite(expected.data[i]))
        CHECK((std::isnan(expected.data[i]) ? std::isnan(actual.data[i]) : actual.data[i] == expected.data[i]));
      else
        CHECK(std::abs(actual.data[i] - expected.data[i]) <= tolerance() * std::abs(expected.data[i]) + absolute);
    }
  }

  const SafeTensors& file_;
  std::string number_;
  nlohmann::json text_;
  Graph graph_;
  std::vector<std::pair<std::string, HostTensor>> host_inputs_;
  std::vector<Value> outputs_;
};

// TUFF_GOLDEN_EVERY=n checks each n-th case only: most of the time goes into compiling each case's pipelines.
std::size_t golden_stride() {
  std::size_t stride = 1;
  if (const auto text = os::environment("TUFF_GOLDEN_EVERY")) REQUIRE(parse_number(*text, stride));
  return stride;
}

// The cases of a file; its size is part of the test, so that none gets lost.
void check_family(const std::string& family, const OpBuilders& builders, std::size_t count) {
  const SafeTensors file =
      read_safetensors(std::filesystem::path(TUFF_SOURCE_DIR) / "tests/golden/ops" / (family + ".safetensors"));
  CHECK(file.metadata.size() == count);
  const std::size_t stride = golden_stride();
  if (stride != 1) std::printf("golden: every %zu. of %zu cases of %s\n", stride, count, family.c_str());
  int skipped = 0;
  for (std::size_t number = 0; number < file.metadata.size(); number += stride) {
    const std::string key = fmt::format("{}", number);
    INFO("case ", key, ": ", file.metadata.at(key));
    try {
      skipped += GoldenCase(file, key, builders).check();
    } catch (const Error& error) {
      FAIL_CHECK(std::string(error.what()));
    }
  }
  if (skipped > 0) std::printf("golden: %d results of %s skipped: beyond f16's range\n", skipped, family.c_str());
}

}  // namespace

TEST_CASE("golden: convolution") {
  check_family("convolution", convolution_builders(), 228);
}
TEST_CASE("golden: pooling") {
  check_family("pooling", resampling_builders(), 231);
}
TEST_CASE("golden: resampling") {
  check_family("resampling", resampling_builders(), 173);
}
TEST_CASE("golden: pointwise") {
  check_family("pointwise", pointwise_builders(), 427);
}
TEST_CASE("golden: reductions") {
  check_family("reductions", reduction_builders(), 352);
}
TEST_CASE("golden: normalization") {
  check_family("normalization", reduction_builders(), 148);
}
TEST_CASE("golden: movement") {
  check_family("movement", movement_builders(), 171);
}
TEST_CASE("golden: losses") {
  check_family("losses", loss_builders(), 248);
}

}  // namespace tuff::test
