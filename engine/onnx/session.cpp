#include "onnx/session.h"

#include <fmt/format.h>

#include <algorithm>

#include "autodiff/gradient.h"
#include "base/error.h"
#include "ops/fill.h"
#include "runtime/compile.h"

namespace tuff::onnx {
namespace {

const NamedArray* find(const std::vector<NamedArray>& arrays, const std::string& name) {
  const auto found = std::ranges::find(arrays, name, &NamedArray::name);
  return found == arrays.end() ? nullptr : &*found;
}

// f32 for floats and booleans, i32 for integers: what import makes of inputs.
HostTensor device_tensor(const NamedArray& array) {
  const bool whole = is_integer(array.array.type);
  return to_tensor(whole ? array.array : convert(array.array, ElementType::f32), fmt::format("\"{}\"", array.name));
}

class Session {
 public:
  Session(Imported net, const RunRequest& request) : request_(request), imported_(std::move(net)) {
    for (const NamedArray& array : request.upstream) require_upstream(array);
    if (request.gradients) add_gradients();
  }

  RunResult run(const std::function<Device&()>& device) {
    RunResult result{.on_device = !imported_.graph->outputs().empty()};
    if (result.on_device) execute(device());
    for (const ImportedPort& output : imported_.outputs)
      result.outputs.push_back({output.name, output.known ? *output.known : convert(read(output.name), output.type)});
    for (const std::vector<ImportedPort>* ports : {&imported_.inputs, &imported_.initializers})
      for (const ImportedPort& port : *ports)
        if (request_.gradients && is_floating(port.type)) result.gradients.push_back({port.name, gradient_of(port)});
    return result;
  }

 private:
  // Also where it has no effect, as of outputs whose numbers are known.
  void require_upstream(const NamedArray& array) const {
    const auto output = std::ranges::find(imported_.outputs, array.name, &ImportedPort::name);
    if (output == imported_.outputs.end())
      throw Error(fmt::format("an upstream gradient is given for \"{}\", which is no output", array.name));
    if (!is_floating(output->type))
      throw Error(fmt::format("an upstream gradient is given for \"{}\", which is {} and has no gradient", array.name,
                              to_string(output->type)));
    if (array.array.shape != output->shape)
      throw Error(fmt::format("the upstream gradient of \"{}\" is {}, the output {}", array.name,
                              shape_text(array.array.shape), shape_text(output->shape)));
    if (std::ranges::count(request_.upstream, array.name, &NamedArray::name) > 1)
      throw Error(fmt::format("two upstream gradients are given for \"{}\"; leave one out", array.name));
  }

  static std::string gradient_name(const std::string& name) { return "gradient of " + name; }
  static std::string upstream_name(const std::string& name) { return "upstream of " + name; }

  Value variable(const std::string& name) const {
    for (const Variable& wanted : imported_.graph->variables())
      if (wanted.name == name)
        return wanted.arena == "buffers"
                   ? imported_.graph->buffer(name, wanted.type.shape, wanted.initializer)
                   : imported_.graph->parameter(name, wanted.type.shape, wanted.initializer, wanted.type.layout);
    throw Error(fmt::format("the graph has no variable \"{}\"", name));
  }

  void add_gradients() {
    Graph& graph = *imported_.graph;
    std::vector<Value> outputs, upstream, wrt;
    std::vector<std::string> names;
    for (const Output& output : graph.outputs()) {
      const auto port = std::ranges::find(imported_.outputs, output.name, &ImportedPort::name);
      const Value value(&graph, output.value);
      if (!is_floating(port->type) || value.dtype() != DType::f32) continue;
      const Shape shape = value.shape();
      outputs.push_back(value);
      upstream.push_back(find(request_.upstream, output.name) != nullptr
                             ? graph.input(upstream_name(output.name), shape)
                             : full(graph, TensorType{DType::f32, shape}, 1));
    }
    for (const Value input : graph.inputs()) {
      const auto port = std::ranges::find(imported_.inputs, graph.info(input).name, &ImportedPort::name);
      if (port == imported_.inputs.end() || !is_floating(port->type)) continue;
      wrt.push_back(input);
      names.push_back(port->name);
    }
    for (const ImportedPort& port : imported_.initializers) {
      if (!port.in_graph) continue;
      wrt.push_back(variable(port.name));
      names.push_back(port.name);
    }
    if (outputs.empty()) return;
    const std::vector<Value> gradients = gradient(outputs, upstream, wrt);
    for (std::size_t i = 0; i < gradients.size(); ++i) graph.output(gradient_name(names[i]), gradients[i]);
  }

  void execute(Device& device) {
    store_ = std::make_unique<ParameterStore>(device, *imported_.graph);
    imported_.load(*store_);
    CompileOptions options{.storage = request_.storage, .tuner = request_.tuner ? request_.tuner(device) : nullptr};
    options.memory = options.tuner != nullptr ? request_.memory : 0;  // tuned kernels may want more
    executable_ = compile(within_memory(device, options), device, store_.get(), options);
    const std::vector<Value> inputs = executable_->graph().inputs();
    for (const Value input : inputs) {
      const std::string name = executable_->graph().info(input).name;
      const NamedArray* given = find(request_.inputs, name);
      if (given != nullptr) {
        executable_->write(name, device_tensor(*given));
        continue;
      }
      for (const NamedArray& array : request_.upstream)
        if (upstream_name(array.name) == name)
          executable_->write(name, device_tensor({name, convert(array.array, ElementType::f32)}));
    }
    executable_->run();
  }

  PlannedGraph within_memory(const Device& device, const CompileOptions& options) const {
    PlannedGraph ready = planned(*imported_.graph, device.caps(), options);
    if (request_.memory > 0 && ready.bytes() > request_.memory)
      throw OutOfMemory(fmt::format(
          "the model takes {:.1f} MiB of device memory with these inputs, {:.1f} MiB may be used; allow more "
          "with --memory, or give smaller inputs",
          static_cast<double>(ready.bytes()) / (1 << 20), static_cast<double>(request_.memory) / (1 << 20)));
    return ready;
  }

  Array read(const std::string& name) { return from_tensor(executable_->read(name)); }

  // Zeros where the outputs don't depend on it, or only through what is constant in the graph.
  Array gradient_of(const ImportedPort& port) {
    for (const Output& output : imported_.graph->outputs())
      if (output.name == gradient_name(port.name)) return read(output.name);
    return Array(ElementType::f32, port.shape);
  }

  const RunRequest& request_;
  Imported imported_;
  std::unique_ptr<ParameterStore> store_;
  std::unique_ptr<Executable> executable_;
};

}  // namespace

RunResult run_imported(Imported net, const RunRequest& request, const std::function<Device&()>& device) {
  return Session(std::move(net), request).run(device);
}

RunResult run_model(const Model& model, const RunRequest& request, const std::function<Device&()>& device) {
  std::vector<Feed> feeds;
  for (const NamedArray& input : request.inputs) feeds.push_back({.name = input.name, .values = &input.array});
  return run_imported(import_model(model, feeds, {.gradients = request.gradients}), request, device);
}

}  // namespace tuff::onnx
