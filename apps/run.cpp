// tuff run: a model on arrays, with its gradients on request.
#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <filesystem>
#include <functional>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include "apps/commands.h"
#include "apps/model_runner.h"
#include "apps/options.h"
#include "apps/session.h"
#include "base/error.h"
#include "io/npy.h"

namespace tuff {
namespace {

namespace fs = std::filesystem;

struct RunArguments {
  std::string model, out, device, memory, dtype = "f32";
  std::vector<std::string> inputs, upstream;
  bool gradients = false;
  bool autotune = false;
};

// "NAME=FILE.npy"; the name is empty where only a file is given.
NamedArray read_named(const std::string& text) {
  const auto [name, file] = split_name(text, [](const std::string& path) { return !path.empty() && fs::exists(path); });
  return {name, read_npy_array(file)};
}

std::vector<NamedArray> read_inputs(const std::vector<std::string>& texts, const std::vector<std::string>& names) {
  std::vector<NamedArray> arrays;
  std::set<std::string> taken;
  for (const std::string& text : texts) {
    NamedArray array = read_named(text);
    if (array.name.empty()) {
      if (names.size() != 1)
        throw Error(fmt::format("--input {}: say which input it is, NAME=FILE.npy; the model has {}", text,
                                fmt::join(names, ", ")));
      array.name = names.front();
    }
    if (!taken.insert(array.name).second) throw Error(fmt::format("--input: \"{}\" is given twice", array.name));
    arrays.push_back(std::move(array));
  }
  return arrays;
}

// NAME as part of a file's name: what isn't A-Z, a-z, 0-9, "_", "." or "-" becomes "_".
std::string file_name(const std::string& name) {
  std::string safe = name;
  for (char& c : safe) {
    const bool plain =
        (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '_' || c == '.' || c == '-';
    if (!plain) c = '_';
  }
  return safe + ".npy";
}

// Said before anything is computed: which results there will be the model knows.
void require_own_files(const fs::path& folder, const ModelRunner& model, bool gradients) {
  std::set<std::string> taken;
  const auto take = [&](const std::string& file) {
    if (!taken.insert(file).second)
      throw Error(fmt::format("two results would be written to {}", (folder / file).string()));
  };
  for (const std::string& name : model.outputs()) take(file_name(name));
  if (!gradients) return;
  for (const std::string& name : model.differentiable()) take("grad_" + file_name(name));
}

void write_results(const fs::path& folder, const onnx::RunResult& result) {
  fs::create_directories(folder);
  for (const NamedArray& output : result.outputs) write_npy(folder / file_name(output.name), output.array);
  for (const NamedArray& gradient : result.gradients)
    write_npy(folder / ("grad_" + file_name(gradient.name)), gradient.array);
  for (const NamedArray& output : result.outputs)
    fmt::print("{}: {} {}\n", (folder / file_name(output.name)).string(), to_string(output.array.type),
               shape_text(output.array.shape));
  if (!result.gradients.empty())
    fmt::print("{} gradients in {}\n", result.gradients.size(), (folder / "grad_NAME.npy").string());
}

void run_run(const RunArguments& arguments) {
  if (!arguments.upstream.empty() && !arguments.gradients)
    throw Error("--upstream: gives weights to gradients; add --grad");
  if (fs::exists(arguments.out) && !fs::is_directory(arguments.out))
    throw Error(fmt::format("--output-dir {}: is a file; name a folder", arguments.out));
  const std::unique_ptr<ModelRunner> model = open_runner(arguments.model);
  require_own_files(arguments.out, *model, arguments.gradients);
  onnx::RunRequest request{.inputs = read_inputs(arguments.inputs, model->inputs()),
                           .gradients = arguments.gradients,
                           .memory = parse_memory(arguments.memory)};
  for (const std::string& text : arguments.upstream) {
    request.upstream.push_back(read_named(text));
    if (request.upstream.back().name.empty())
      throw Error(fmt::format("--upstream {}: say of which output, NAME=FILE.npy", text));
  }
  std::unique_ptr<Device> device;
  std::unique_ptr<Tuner> tuner;
  request.tuner = [&](Device& opened) { return (tuner = open_tuner(opened, arguments.autotune)).get(); };
  if (arguments.dtype == "f16") {
    device = open_device(arguments.device);
    request.storage = storage_on(*device, arguments.dtype);
  }
  const onnx::RunResult result = model->run(request, [&]() -> Device& {
    if (!device) device = open_device(arguments.device);
    return *device;
  });
  write_results(arguments.out, result);
  for (const NamedArray& output : result.outputs)
    if (is_floating(output.array.type))
      warn_of_range(request.storage, output.name, convert(output.array, ElementType::f32).as<float>());
  for (const NamedArray& gradient : result.gradients)
    warn_of_range(request.storage, "grad_" + gradient.name, gradient.array.as<float>());
}

}  // namespace

void add_run_command(CLI::App& tuff) {
  CLI::App* command = tuff.add_subcommand("run", "Run a model on arrays; writes DIR/NAME.npy for each output");
  const auto arguments = std::make_shared<RunArguments>();
  command->add_option("model", arguments->model, "an ONNX file, or a run's folder or model file of tuff")
      ->required()
      ->type_name("MODEL.onnx|MODEL");
  command
      ->add_option("--input", arguments->inputs,
                   "an input, once for each; the name may be left out where there is only one")
      ->allow_extra_args(false)
      ->type_name("NAME=FILE.npy");
  command
      ->add_option("--output-dir", arguments->out,
                   "folder for the results; other characters than A-Za-z0-9_.- of names become _")
      ->required()
      ->type_name("DIR");
  command->add_flag("--grad", arguments->gradients,
                    "also grad_NAME.npy for every float input and initializer: gradients of the sum over outputs of "
                    "output times upstream");
  command->add_option("--upstream", arguments->upstream, "weights of an output's elements in that sum [ones]")
      ->allow_extra_args(false)
      ->type_name("NAME=FILE.npy");
  add_memory_option(*command, arguments->memory,
                    "device memory that it may take, e.g. 800M or 2G; refused where it needs more");
  add_dtype_option(*command, arguments->dtype);
  add_autotune_option(*command, arguments->autotune);
  add_device_option(*command, arguments->device);
  command->callback([arguments] { blame_for_memory(arguments->model, [&] { run_run(*arguments); }); });
}

}  // namespace tuff
