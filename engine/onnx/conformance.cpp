#include "onnx/conformance.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <set>

#include "base/error.h"
#include "base/os.h"
#include "onnx/export.h"
#include "onnx/serialize.h"
#include "onnx/session.h"

namespace tuff::onnx {
namespace {

namespace fs = std::filesystem;

constexpr double kRelative = 1e-3, kAbsolute = 1e-7;

// input_0.pb, input_1.pb, ... as far as they go.
std::vector<NamedTensor> read_tensors(const fs::path& folder, const std::string& kind) {
  std::vector<NamedTensor> tensors;
  for (int i = 0;; ++i) {
    const fs::path path = folder / fmt::format("{}_{}.pb", kind, i);
    if (!fs::exists(path)) return tensors;
    tensors.push_back(parse_tensor(os::read_file(path), path.string()));
  }
}

const Array& array_of_case(const NamedTensor& tensor) {
  if (tensor.array) return *tensor.array;
  const std::string type = data_type_name(tensor.data_type);
  throw Unsupported(fmt::format("unsupported: a tensor of type {}", type), {type});
}

// `relative` is the element type's: bf16 has 8 bits, and ONNX's own runner allows two of the last.
bool close(double actual, double expected, double relative) {
  if (std::isnan(expected) || std::isinf(expected))
    return std::isnan(expected) ? std::isnan(actual) : actual == expected;
  return std::abs(actual - expected) <= kAbsolute + relative * std::abs(expected);
}

// Why the arrays differ; empty where they don't. Raises `error`.
std::string difference(const Array& actual, const Array& expected, double& error) {
  if (actual.type != expected.type)
    return fmt::format("is {}, expected {}", to_string(actual.type), to_string(expected.type));
  if (actual.shape != expected.shape)
    return fmt::format("has the shape {}, expected {}", shape_text(actual.shape), shape_text(expected.shape));
  if (!is_floating(actual.type)) {
    const std::size_t width = size_of(actual.type);
    const auto found = std::ranges::mismatch(actual.data, expected.data).in1;
    if (found == actual.data.end()) return {};
    const auto at = static_cast<std::int64_t>(static_cast<std::size_t>(found - actual.data.begin()) / width);
    return fmt::format("element {} is {}, expected {}", at, number_at(actual, at), number_at(expected, at));
  }
  const std::vector<double> a = numbers(actual), e = numbers(expected);
  double largest = 0, worst = 0;
  std::string reason;
  const double relative = actual.type == ElementType::bf16 ? 0x1p-6 : kRelative;
  for (std::size_t i = 0; i < a.size(); ++i) {
    if (std::isfinite(e[i])) largest = std::max(largest, std::abs(e[i]));
    if (std::isfinite(a[i]) && std::isfinite(e[i])) worst = std::max(worst, std::abs(a[i] - e[i]));
    if (reason.empty() && !close(a[i], e[i], relative))
      reason = fmt::format("element {} is {}, expected {}", i, a[i], e[i]);
  }
  if (worst > 0) error = std::max(error, worst / std::max(largest, 1e-30));
  return reason;
}

// Old generators wrote bf16, which NumPy lacks, as the u16 of its bits.
Array as_declared(Array array, std::int64_t declared) {
  if (array.type == ElementType::u16 && element_type(declared) == ElementType::bf16) array.type = ElementType::bf16;
  return array;
}

// The arrays under the model's input names; a file's own name counts where the model has such an input.
std::vector<NamedArray> name_inputs(const Model& model, const std::vector<NamedTensor>& tensors) {
  const std::vector<Port> free = model.free_inputs();
  const std::vector<Port>& ports = tensors.size() > free.size() ? model.inputs : free;
  std::vector<NamedArray> inputs;
  for (std::size_t i = 0; i < tensors.size(); ++i) {
    const bool named = std::ranges::find(model.inputs, tensors[i].name, &Port::name) != model.inputs.end();
    if (!named && i >= ports.size()) throw Error("more inputs are given than the model has");
    const std::string& name = named ? tensors[i].name : ports[i].name;
    const auto port = std::ranges::find(model.inputs, name, &Port::name);
    inputs.push_back({name, as_declared(array_of_case(tensors[i]), port->data_type)});
  }
  return inputs;
}

// Imported, exported and read again: inputs whose numbers import has used are gone.
Model exported_again(const Model& model, RunRequest& request) {
  std::vector<Feed> feeds;
  for (const NamedArray& input : request.inputs) feeds.push_back({.name = input.name, .values = &input.array});
  const std::string bytes = serialize_model(export_model(import_model(model, feeds)));
  Model again = parse(std::as_bytes(std::span(bytes)));
  std::erase_if(request.inputs, [&](const NamedArray& input) {
    return std::ranges::find(again.inputs, input.name, &Port::name) == again.inputs.end();
  });
  return again;
}

void run_data_set(const Model& model, const fs::path& folder, const std::function<Device&()>& device, bool reexported,
                  CaseResult& result) {
  RunRequest request;
  request.inputs = name_inputs(model, read_tensors(folder, "input"));
  const std::vector<NamedTensor> expected = read_tensors(folder, "output");
  const RunResult run =
      reexported ? run_model(exported_again(model, request), request, device) : run_model(model, request, device);
  result.on_device = result.on_device || run.on_device;
  if (run.outputs.size() != expected.size())
    throw Error(fmt::format("{} outputs, expected {}", run.outputs.size(), expected.size()));
  for (std::size_t i = 0; i < expected.size(); ++i) {
    const std::string reason = difference(
        run.outputs[i].array, as_declared(array_of_case(expected[i]), model.outputs[i].data_type), result.error);
    if (!reason.empty()) throw Error(fmt::format("output \"{}\" {}", run.outputs[i].name, reason));
  }
}

std::vector<std::string> operators_of(const Model& model) {
  std::set<std::string> names;
  for (const Node& node : model.nodes) names.insert(full_name(node));
  return {names.begin(), names.end()};
}

}  // namespace

std::vector<fs::path> find_cases(const fs::path& folder) {
  if (!fs::is_directory(folder)) throw Error(fmt::format("{}: no such folder", folder.string()));
  std::vector<fs::path> cases;
  if (fs::exists(folder / "model.onnx")) cases.push_back(folder);
  for (const auto& entry : fs::recursive_directory_iterator(folder))
    if (entry.is_directory() && fs::exists(entry.path() / "model.onnx")) cases.push_back(entry.path());
  std::ranges::sort(cases);
  if (cases.empty()) throw Error(fmt::format("{}: no folder below it has a model.onnx", folder.string()));
  return cases;
}

CaseResult run_case(const fs::path& folder, const std::function<Device&()>& device, bool reexported) {
  CaseResult result{.name = folder.filename().string()};
  try {
    Model model = read_model(folder / "model.onnx");
    for (Port& port : model.inputs) port.shape.reset();  // some data disagree, and ONNX's runner doesn't look
    result.operators = operators_of(model);
    require_supported(model);
    bool any = false;
    for (int set = 0; fs::exists(folder / fmt::format("test_data_set_{}", set)); ++set, any = true)
      run_data_set(model, folder / fmt::format("test_data_set_{}", set), device, reexported, result);
    if (!any) throw Error(fmt::format("{}: it has no test_data_set_0", folder.string()));
  } catch (const DeviceLost&) {
    throw;
  } catch (const Unsupported& reason) {
    result.outcome = Outcome::unsupported;
    result.reason = reason.what();
    result.missing = reason.operators;
  } catch (const Error& reason) {
    result.outcome = Outcome::failed;
    result.reason = reason.what();
  }
  return result;
}

}  // namespace tuff::onnx
