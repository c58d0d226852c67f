#include "onnx/import.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <set>

#include "onnx/device_node.h"
#include "onnx/evaluate.h"
#include "onnx/value_table.h"
#include "ops/relayout.h"

namespace tuff::onnx {
namespace {

auto handler_tables() {
  return std::vector{pointwise_handlers(), activation_handlers(), movement_handlers(), index_handlers(),
                     composed_handlers(),  conv_handlers(),       pool_handlers(),     norm_handlers(),
                     reduction_handlers(), resize_handlers(),     loss_handlers(),     training_handlers()};
}

Handler find_handler(const std::string& name) {
  for (const auto& table : handler_tables()) {
    const auto row = std::ranges::find(table, name, &HandlerRow::op);
    if (row != table.end()) return row->import;
  }
  return nullptr;
}

// A float may be computed on the device; doubles are, only where gradients are wanted.
bool device_float(ElementType type, const ImportOptions& options) {
  return is_floating(type) && (type != ElementType::f64 || options.gradients);
}

class Importer {
 public:
  Importer(const Model& model, std::span<const Feed> feeds, const ImportOptions& options)
      : model_(model), feeds_(feeds), options_(options), table_(model, *imported_.graph) {}

  Imported run() {
    require_supported(model_);
    for (const NamedTensor& tensor : model_.initializers) add_initializer(tensor);
    assign_roles();
    for (const Port& port : model_.inputs) add_input(port);
    for (const Feed& feed : feeds_)
      if (std::ranges::find(imported_.inputs, feed.name, &ImportedPort::name) == imported_.inputs.end())
        throw Error(fmt::format("{}: has no input \"{}\"; its inputs are {}", model_.source, feed.name, input_names()));
    for (const Node& node : model_.nodes) add_node(node);
    for (const Port& port : model_.outputs) add_output(port);
    list_initializers();
    imported_.variables = std::move(table_.variables);
    return std::move(imported_);
  }

 private:
  std::string input_names() const {
    std::vector<std::string> names;
    for (const Port& port : model_.free_inputs()) names.push_back(fmt::format("\"{}\"", port.name));
    return fmt::format("{}", fmt::join(names, ", "));
  }

  const Feed* feed_of(const std::string& name) const {
    const auto found = std::ranges::find(feeds_, name, &Feed::name);
    return found == feeds_.end() ? nullptr : &*found;
  }

  void add_initializer(const NamedTensor& tensor) {
    if (!tensor.array)
      throw Unsupported(fmt::format("{}: unsupported: the initializer \"{}\" is of type {}", model_.source, tensor.name,
                                    data_type_name(tensor.data_type)),
                        {data_type_name(tensor.data_type)});
    const Array& array = *tensor.array;
    // No copy: the model outlives the import.
    Entry entry{.type = array.type, .shape = array.shape, .numbers = {std::shared_ptr<const Array>{}, &array}};
    entry.live = device_float(array.type, options_) && array.elements() > 0;
    if (entry.live) entry.role = Entry::Role::parameter;
    entry.differentiable = entry.live && options_.gradients;
    table_.insert(tensor.name, std::move(entry));
  }

  // Weights lie as the first convolution that reads them wants them; other readers get a copy.
  void assign_roles() {
    std::set<std::string> placed;
    for (const Node& node : model_.nodes) {
      const bool conv = node.op == "Conv", transposed = node.op == "ConvTranspose";
      if ((conv || transposed) && node.inputs.size() > 1 && placed.insert(node.inputs[1]).second)
        change(node.inputs[1], [&](Entry& entry) { entry.layout = conv ? Layout::weight : Layout::transposed_weight; });
      if (node.op == "BatchNormalization")
        for (std::size_t i = 3; i < std::min<std::size_t>(node.inputs.size(), 5); ++i)
          change(node.inputs[i], [](Entry& entry) { entry.role = Entry::Role::buffer; });
    }
  }

  template <class F>
  void change(const std::string& name, F&& f) {
    if (!table_.contains(name) || table_.at(name).role == Entry::Role::computed) return;
    Entry entry = table_.at(name);
    f(entry);
    table_.insert(name, std::move(entry));
  }

  std::vector<std::int64_t> input_shape(const Port& port, const Feed& feed) const {
    const std::vector<std::int64_t>& shape = feed.values != nullptr ? feed.values->shape : feed.shape;
    if (!port.shape) return shape;
    bool fits = port.shape->size() == shape.size();
    for (std::size_t i = 0; fits && i < shape.size(); ++i) {
      const std::optional<std::int64_t> extent = (*port.shape)[i].extent;
      fits = !extent || *extent <= 0 || *extent == shape[i];  // exporters write 0 and -1 for "any"
    }
    if (!fits)
      throw Error(fmt::format("{}: input \"{}\" is {}, the model wants {}", model_.source, port.name, shape_text(shape),
                              wanted(*port.shape)));
    return shape;
  }

  static std::string wanted(const std::vector<Dimension>& shape) {
    std::vector<std::string> extents;
    for (const Dimension& dimension : shape)
      extents.push_back(dimension.extent         ? std::to_string(*dimension.extent)
                        : dimension.name.empty() ? "?"
                                                 : dimension.name);
    return extents.empty() ? "a scalar" : fmt::format("{}", fmt::join(extents, "x"));
  }

  void add_input(const Port& port) {
    const Feed* feed = feed_of(port.name);
    if (feed == nullptr) {
      if (table_.contains(port.name)) return;  // an initializer is its default
      throw Error(fmt::format("{}: input \"{}\" isn't given", model_.source, port.name));
    }
    const std::optional<ElementType> type = element_type(port.data_type);  // require_supported() saw it
    Entry entry{.type = *type, .shape = input_shape(port, *feed)};
    const std::int64_t elements = checked_bytes(entry.shape, 1);
    if (elements < 0)
      throw Error(fmt::format("{}: input \"{}\": the shape {} is impossible", model_.source, port.name,
                              shape_text(entry.shape)));
    if (feed->values != nullptr) {
      if (feed->values->type != *type)
        throw Error(fmt::format("{}: input \"{}\" is {}, the model wants {}", model_.source, port.name,
                                to_string(feed->values->type), to_string(*type)));
      entry.numbers = {std::shared_ptr<const Array>{}, feed->values};
    } else if (elements == 0) {
      entry.numbers = std::make_shared<const Array>(*type, entry.shape);
    }
    entry.live = elements > 0 && (!entry.numbers || device_float(*type, options_));
    if (entry.live)
      entry.value = imported_.graph->input(port.name, Shape(entry.shape), is_integer(*type) ? DType::i32 : DType::f32);
    entry.differentiable = entry.live && is_floating(*type) && options_.gradients;
    imported_.inputs.push_back({.name = port.name, .type = *type, .shape = entry.shape, .in_graph = entry.live});
    table_.insert(port.name, std::move(entry));
  }

  // Every input's numbers; an empty list where one isn't known.
  std::optional<std::vector<const Array*>> known_inputs(const Node& node) {
    std::vector<const Array*> arrays;
    for (const std::string& name : node.inputs) {
      arrays.push_back(name.empty() ? nullptr : table_.numbers(name));
      if (!name.empty() && arrays.back() == nullptr) return std::nullopt;
    }
    return arrays;
  }

  void fold(DeviceNode& context, std::vector<const Array*> inputs) {
    Arrays results = evaluate(model_, context.node(), std::move(inputs));
    for (std::size_t i = 0; i < results.size(); ++i) context.set(i, std::move(results[i]));
  }

  // Constants are folded; the rest goes to the device, or where that can't be and the numbers are known, is folded too.
  void add_node(const Node& node) {
    DeviceNode context(table_, node);
    const std::string name = full_name(node);
    const Handler handler = find_handler(name);
    const bool live = std::ranges::any_of(
        node.inputs, [&](const std::string& input) { return !input.empty() && table_.at(input).live; });
    const Graph::Scope scope = imported_.graph->scope(node.name.empty() ? node.op : node.name);
    try {
      if (!live && can_evaluate(name)) {
        fold(context, *known_inputs(node));
      } else {
        if (handler == nullptr) context.unsupported("it must be constant");
        handler(context);
      }
    } catch (const Unsupported& reason) {
      if (!add_otherwise(context, live ? nullptr : handler)) throw;
    } catch (const Error& error) {
      const std::string text = error.what();
      if (text.starts_with(model_.source)) throw;
      context.fail(text);
    }
    for (const std::string& output : node.outputs)
      if (!output.empty() && !table_.contains(output)) context.unsupported(fmt::format("its output \"{}\"", output));
  }

  bool add_otherwise(DeviceNode& context, Handler handler) {
    if (handler != nullptr) {
      handler(context);
      return true;
    }
    const auto inputs = known_inputs(context.node());
    if (!inputs || !can_evaluate(full_name(context.node()))) return false;
    try {
      fold(context, *inputs);
    } catch (const Unsupported&) {
      return false;
    }
    require_no_lost_gradient(context);
    return true;
  }

  // Folded, a node's results are constants. That is no loss where they are integers or booleans, where nothing reads
  // them, and of EyeLike, which only asks for a shape.
  void require_no_lost_gradient(const DeviceNode& context) const {
    if (!context.differentiable() || context.node().op == "EyeLike") return;
    for (const std::string& output : context.node().outputs) {
      if (output.empty() || !table_.contains(output) || !is_floating(table_.at(output).type)) continue;
      const auto reads = [&](const Node& node) { return std::ranges::find(node.inputs, output) != node.inputs.end(); };
      const bool read = std::ranges::any_of(model_.nodes, reads);
      if (read || std::ranges::count(model_.outputs, output, &Port::name) > 0)
        context.fail("it has no gradient here; run it without --grad");
    }
  }

  void add_output(const Port& port) {
    const Entry& entry = table_.at(port.name);
    const std::optional<ElementType> type = port.data_type == 0 ? entry.type : element_type(port.data_type);
    if (type && *type != entry.type)
      throw Error(fmt::format("{}: output \"{}\" is {}, the model says {}", model_.source, port.name,
                              to_string(entry.type), data_type_name(port.data_type)));
    ImportedPort output{.name = port.name, .type = entry.type, .shape = entry.shape, .in_graph = entry.live};
    // A convolution's weight may be an output too: in the layout of all others, as its upstream gradient is.
    if (entry.live)
      imported_.graph->output(port.name, relayout(table_.value(port.name), Layout::channels_last));
    else
      output.known = *entry.numbers;
    imported_.outputs.push_back(std::move(output));
  }

  void list_initializers() {
    for (const NamedTensor& tensor : model_.initializers)
      if (is_floating(tensor.array->type) && feed_of(tensor.name) == nullptr)
        imported_.initializers.push_back({.name = tensor.name,
                                          .type = tensor.array->type,
                                          .shape = tensor.array->shape,
                                          .in_graph = table_.variables.contains(tensor.name)});
  }

  const Model& model_;
  std::span<const Feed> feeds_;
  ImportOptions options_;
  Imported imported_{.graph = std::make_unique<Graph>()};
  ValueTable table_;
};

}  // namespace

void Imported::load(ParameterStore& store) const {
  for (const auto& [name, values] : variables) store.write(name, values);
}

void require_supported(const Model& model) {
  std::set<std::string> missing;
  for (const Node& node : model.nodes) {
    const std::string name = full_name(node);
    if (find_handler(name) == nullptr && !can_evaluate(name)) missing.insert(name);
  }
  const std::vector<std::string> names(missing.begin(), missing.end());
  if (!names.empty())
    throw Unsupported(fmt::format("{}: unsupported operator{}: {}", model.source, names.size() == 1 ? "" : "s",
                                  fmt::join(names, ", ")),
                      names);
  if (model.sparse)
    throw Unsupported(fmt::format("{}: unsupported: sparse initializers", model.source), {"sparse tensor"});
  for (const Port& port : model.inputs) {
    if (port.tensor && element_type(port.data_type)) continue;
    const std::string kind = port.tensor ? data_type_name(port.data_type) : "sequence or optional";
    throw Unsupported(fmt::format("{}: unsupported: input \"{}\" is of type {}", model.source, port.name, kind),
                      {kind});
  }
}

Imported import_model(const Model& model, std::span<const Feed> feeds, const ImportOptions& options) {
  return Importer(model, feeds, options).run();
}

std::vector<std::string> known_operators() {
  std::set<std::string> names;
  for (const auto& table : handler_tables())
    for (const HandlerRow& row : table) names.emplace(row.op);
  for (const auto& table : {pointwise_evaluators(), movement_evaluators(), index_evaluators(), reduction_evaluators(),
                            algebra_evaluators(), constant_evaluators()})
    for (const EvaluatorRow& row : table) names.emplace(row.op);
  return {names.begin(), names.end()};
}

}  // namespace tuff::onnx
