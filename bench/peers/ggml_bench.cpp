// Times ggml's Vulkan backend on the two-dimensional convolutions of bench/cases.json (forward; f32 weights, inputs and
// results) on the device that VK_DRIVER_FILES names. Needs nlohmann/json and ggml with that backend: Debian's
// libggml-dev and libggml0-backend-vulkan, newer than Debian 13.
//
//     g++ -std=c++20 -O2 bench/peers/ggml_bench.cpp -lggml -lggml-base -o ggml_bench
//     ./ggml_bench --json ggml.json      [--suite gpu] [--case REGEX] [--samples 10] [--cases FILE]
//     bench/peers/table.py tuff.json ggml.json
//
// On an older system unpack the packages and all that they depend on, libc6 too, into a folder (dpkg-deb -x), let L be
// its usr/lib/x86_64-linux-gnu, build with -I L/../../include -L L -Wl,--allow-shlib-undefined as well, and start the
// program with the loader that came with them. DRIVER is the folder of the libraries that the driver needs:
//
//     export GGML_BACKEND_PATH=$L/ggml/backends0/libggml-vulkan.so
//     $L/ld-linux-x86-64.so.2 --library-path $L:DRIVER:/usr/lib/x86_64-linux-gnu ./ggml_bench --json ggml.json
//
// In three ways: "direct" is ggml_conv_2d_direct, "im2col f16" is ggml_conv_2d, whose columns are halves, "im2col f32"
// is the same with columns of floats, whose product still takes them as halves where the device can, unless
// GGML_VK_DISABLE_F16 and GGML_VK_DISABLE_COOPMAT are set. A graph of several copies of the convolution runs on data
// that lies on the device; a copy's time is the graph's over their number, by the host's clock. Before that some
// results are compared with plain sums in double precision: `error` is their largest difference over the root of their
// mean square.

#include <ggml-alloc.h>
#include <ggml-backend.h>
#include <ggml.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <map>
#include <memory>
#include <nlohmann/json.hpp>
#include <optional>
#include <random>
#include <regex>
#include <stdexcept>
#include <string>
#include <vector>

namespace {

constexpr int kCopies = 5;
constexpr double kTolerance = 0.1;  // "direct" stays within 1e-5, sums of halves within some hundredths

using Pair = std::array<int, 2>;  // height, width

struct Case {
  std::string name;
  int batch, in_channels, out_channels;
  Pair kernel, input, stride, padding, dilation;

  int output(int axis) const {
    return (input[axis] + 2 * padding[axis] - dilation[axis] * (kernel[axis] - 1) - 1) / stride[axis] + 1;
  }
  int64_t flops() const {
    return int64_t{2} * batch * output(0) * output(1) * out_channels * in_channels * kernel[0] * kernel[1];
  }
};

struct Options {
  std::map<std::string, std::string> values = {
      {"--suite", "cpu"}, {"--case", ""}, {"--samples", "10"}, {"--json", ""}, {"--cases", "bench/cases.json"}};

  Options(int count, char** words) {
    for (int i = 1; i < count; i += 2) {
      if (!values.contains(words[i]) || i + 1 == count)
        throw std::runtime_error(std::string("unknown option, or one without a value: ") + words[i]);
      values[words[i]] = words[i + 1];
    }
  }
  const std::string& operator[](const std::string& name) const { return values.at(name); }
};

struct Free {
  void operator()(ggml_backend* backend) const { ggml_backend_free(backend); }
  void operator()(ggml_backend_buffer* buffer) const { ggml_backend_buffer_free(buffer); }
  void operator()(ggml_context* context) const { ggml_free(context); }
  void operator()(ggml_gallocr* allocator) const { ggml_gallocr_free(allocator); }
};
template <typename T>
using Owned = std::unique_ptr<T, Free>;

Owned<ggml_context> context_of(size_t tensors) {
  return Owned<ggml_context>(
      ggml_init({tensors * ggml_tensor_overhead() + ggml_graph_overhead(), nullptr, /*no_alloc=*/true}));
}

std::vector<float> random_floats(size_t count, float least, unsigned seed) {
  std::mt19937 engine(seed);
  std::uniform_real_distribution<float> uniform(least, least + 1);
  std::vector<float> values(count);
  for (float& value : values) value = uniform(engine);
  return values;
}

ggml_tensor* convolution(ggml_context* context, const Case& c, const std::string& mode, ggml_tensor* weight,
                         ggml_tensor* x) {
  const auto [s1, s0] = c.stride;
  const auto [p1, p0] = c.padding;
  const auto [d1, d0] = c.dilation;
  if (mode == "direct") return ggml_conv_2d_direct(context, weight, x, s0, s1, p0, p1, d0, d1);
  if (mode == "im2col f16") return ggml_conv_2d(context, weight, x, s0, s1, p0, p1, d0, d1);
  ggml_tensor* columns = ggml_im2col(context, weight, x, s0, s1, p0, p1, d0, d1, /*is_2D=*/true, GGML_TYPE_F32);
  const int64_t taps = columns->ne[0];
  ggml_tensor* rows = ggml_reshape_2d(context, columns, taps, ggml_nelements(columns) / taps);
  ggml_tensor* product = ggml_mul_mat(context, rows, ggml_reshape_2d(context, weight, taps, c.out_channels));
  product = ggml_reshape_4d(context, product, c.output(1), c.output(0), c.batch, c.out_channels);
  return ggml_cont(context, ggml_permute(context, product, 0, 1, 3, 2));
}

// Copies of one convolution on a backend, with their data in its memory.
class Copies {
 public:
  Copies(ggml_backend* backend, const Case& c, const std::string& mode)
      : backend_(backend), case_(c), constants_(context_of(2)), nodes_(context_of(16 * kCopies)) {
    weight_ =
        ggml_new_tensor_4d(constants_.get(), GGML_TYPE_F32, c.kernel[1], c.kernel[0], c.in_channels, c.out_channels);
    x_ = ggml_new_tensor_4d(constants_.get(), GGML_TYPE_F32, c.input[1], c.input[0], c.in_channels, c.batch);
    weights_ = random_floats(ggml_nelements(weight_), -0.5F, 0);
    values_ = random_floats(ggml_nelements(x_), 0, 1);
    graph_ = ggml_new_graph(nodes_.get());
    for (int i = 0; i < kCopies; ++i) {
      result_ = convolution(nodes_.get(), c, mode, weight_, x_);
      ggml_set_output(result_);
      ggml_build_forward_expand(graph_, result_);
    }
    for (int i = 0; i < ggml_graph_n_nodes(graph_); ++i)
      if (!ggml_backend_supports_op(backend, ggml_graph_node(graph_, i)))
        throw std::runtime_error(std::string("the backend has no ") + ggml_op_desc(ggml_graph_node(graph_, i)));
    memory_.reset(ggml_backend_alloc_ctx_tensors(constants_.get(), backend));
    allocator_.reset(ggml_gallocr_new(ggml_backend_get_default_buffer_type(backend)));
    if (!memory_ || !ggml_gallocr_alloc_graph(allocator_.get(), graph_)) throw std::runtime_error("no memory");
    ggml_backend_tensor_set(weight_, weights_.data(), 0, ggml_nbytes(weight_));
    ggml_backend_tensor_set(x_, values_.data(), 0, ggml_nbytes(x_));
  }

  double seconds() {  // of one copy
    const auto begin = std::chrono::steady_clock::now();
    if (ggml_backend_graph_compute(backend_, graph_) != GGML_STATUS_SUCCESS)
      throw std::runtime_error("the graph fails");
    return std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count() / kCopies;
  }

  double error() const {
    std::vector<float> results(ggml_nelements(result_));
    ggml_backend_tensor_get(result_, results.data(), 0, ggml_nbytes(result_));
    std::mt19937 engine(2);
    double largest = 0, squares = 0;
    constexpr int kChecked = 2000;
    for (int i = 0; i < kChecked; ++i) {
      const size_t at = i == 0 ? 0 : i == 1 ? results.size() - 1 : engine() % results.size();
      const double expected = plain_sum(at);
      const double difference = std::abs(results[at] - expected);
      largest = difference <= largest ? largest : difference;  // a NaN stays
      squares += expected * expected;
    }
    return largest / std::sqrt(squares / kChecked);
  }

 private:
  double plain_sum(size_t at) const {
    const int width = case_.output(1), height = case_.output(0), channels = case_.out_channels;
    const int column = at % width, row = at / width % height, channel = at / width / height % channels;
    const size_t image = at / width / height / channels;
    double sum = 0;
    for (int c = 0; c < case_.in_channels; ++c)
      for (int i = 0; i < case_.kernel[0]; ++i)
        for (int j = 0; j < case_.kernel[1]; ++j) {
          const int y = row * case_.stride[0] + i * case_.dilation[0] - case_.padding[0];
          const int x = column * case_.stride[1] + j * case_.dilation[1] - case_.padding[1];
          if (y < 0 || x < 0 || y >= case_.input[0] || x >= case_.input[1]) continue;
          const size_t tap = ((size_t(channel) * case_.in_channels + c) * case_.kernel[0] + i) * case_.kernel[1] + j;
          const size_t pixel = ((image * case_.in_channels + c) * case_.input[0] + y) * case_.input[1] + x;
          sum += double{weights_[tap]} * values_[pixel];
        }
    return sum;
  }

  ggml_backend* backend_;
  const Case& case_;
  Owned<ggml_context> constants_, nodes_;
  Owned<ggml_backend_buffer> memory_;
  Owned<ggml_gallocr> allocator_;
  ggml_cgraph* graph_;
  ggml_tensor *weight_, *x_, *result_;
  std::vector<float> weights_, values_;
};

nlohmann::json summary(std::vector<double> times) {
  std::sort(times.begin(), times.end());
  const auto at = [&](double share) { return times[std::lround(share * (times.size() - 1))]; };
  const size_t half = times.size() / 2;
  const double median = times.size() % 2 ? times[half] : (times[half - 1] + times[half]) / 2;
  return {{"median", median},
          {"p10", at(0.1)},
          {"p90", at(0.9)},
          {"low", at(0.2)},
          {"high", at(0.8)},
          {"samples", times.size()},
          {"noisy", at(0.9) - at(0.1) > 0.05 * at(0.5)}};
}

std::optional<Case> two_dimensional(const nlohmann::json& j) {
  if (j["kernel"].size() != 2 || j["op"] != "conv" || j["groups"] != 1) return {};
  return Case{j["name"],  j["batch"],  j["in_channels"], j["out_channels"], j["kernel"],
              j["input"], j["stride"], j["padding"],     j["dilation"]};
}

nlohmann::json measure(ggml_backend* backend, const Case& c, const std::string& mode, int samples) {
  Copies copies(backend, c, mode);
  copies.seconds();
  const double error = copies.error();
  if (!(error < kTolerance)) throw std::runtime_error("wrong results: error " + std::to_string(error));
  std::vector<double> times(samples);
  for (double& seconds : times) seconds = copies.seconds();
  nlohmann::json warm = summary(times);
  const double median = warm["median"];
  std::printf("%-16s forward          %-14s %10.3f ms %9.2f GFLOP/s  error %.1e\n", c.name.c_str(), mode.c_str(),
              median * 1e3, c.flops() / median / 1e9, error);
  std::fflush(stdout);
  return {{"case", c.name},     {"pass", "forward"}, {"dtype", mode},
          {"flops", c.flops()}, {"error", error},    {"warm", warm}};
}

Owned<ggml_backend> vulkan() {
  setenv("GGML_VK_VISIBLE_DEVICES", "0", /*overwrite=*/0);  // unnamed, drivers on the CPU are passed over
  if (const char* path = std::getenv("GGML_BACKEND_PATH"))
    ggml_backend_load(path);
  else
    ggml_backend_load_all();
  ggml_backend_reg* backend = ggml_backend_reg_by_name("Vulkan");
  if (backend == nullptr || ggml_backend_reg_dev_count(backend) == 0)
    throw std::runtime_error(
        "ggml finds no Vulkan device: set VK_DRIVER_FILES, and GGML_BACKEND_PATH to libggml-vulkan.so");
  return Owned<ggml_backend>(ggml_backend_dev_init(ggml_backend_reg_dev_get(backend, 0), nullptr));
}

void run(const Options& given) {
  std::ifstream file(given["--cases"]);
  if (!file) throw std::runtime_error("can't read " + given["--cases"] + ": give --cases bench/cases.json");
  const nlohmann::json cases = nlohmann::json::parse(file).at(given["--suite"]).at("conv");
  const Owned<ggml_backend> backend = vulkan();
  if (!backend) throw std::runtime_error("ggml can't use the Vulkan device");
  const std::string engine = std::string("ggml ") + ggml_version();
  const std::string device = ggml_backend_dev_description(ggml_backend_get_device(backend.get()));
  std::printf("%s on %s\n", engine.c_str(), device.c_str());
  nlohmann::json report = {{"version", 2},
                           {"engine", engine},
                           {"suite", given["--suite"]},
                           {"device", {{"name", device}, {"driver_info", engine}}},
                           {"results", nlohmann::json::array()}};
  for (const nlohmann::json& j : cases) {
    const std::string name = j["name"];
    if (!std::regex_search(name, std::regex(given["--case"]))) continue;
    const std::optional<Case> c = two_dimensional(j);
    if (!c) {
      std::printf("left out: %s: not a two-dimensional convolution of one group\n", name.c_str());
      continue;
    }
    for (const std::string mode : {"direct", "im2col f16", "im2col f32"}) try {
        report["results"].push_back(measure(backend.get(), *c, mode, std::max(1, std::stoi(given["--samples"]))));
      } catch (const std::runtime_error& error) {
        std::printf("left out: %s, %s: %s\n", name.c_str(), mode.c_str(), error.what());
      }
  }
  if (!given["--json"].empty()) std::ofstream(given["--json"]) << report.dump(1) << "\n";
}

}  // namespace

int main(int count, char** words) {
  try {
    run(Options(count, words));
  } catch (const std::exception& error) {
    std::fprintf(stderr, "ggml_bench: %s\n", error.what());
    return 1;
  }
}
