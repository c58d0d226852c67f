// tuff convert: models between ONNX, safetensors and Tuff's own files.
#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <charconv>
#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "apps/commands.h"
#include "apps/model_runner.h"
#include "apps/options.h"
#include "base/error.h"
#include "onnx/export.h"
#include "onnx/serialize.h"
#include "train/checkpoint.h"

namespace tuff {
namespace {

namespace fs = std::filesystem;

struct ConvertArguments {
  std::string in, out, like, part;
  std::vector<std::string> shapes;
};

bool is_onnx(const std::string& path) {
  return path.ends_with(".onnx");
}

// "1x3x64x64", or "" of a scalar; nullopt where it is no shape.
std::optional<std::vector<std::int64_t>> read_shape(const std::string& text) {
  std::vector<std::int64_t> shape;
  if (text.empty()) return shape;
  for (std::size_t at = 0; at <= text.size();) {
    const std::size_t end = std::min(text.find('x', at), text.size());
    std::int64_t extent = 0;
    const auto [rest, error] = std::from_chars(text.data() + at, text.data() + end, extent);
    if (error != std::errc{} || rest != text.data() + end || extent < 1) return std::nullopt;
    shape.push_back(extent);
    at = end + 1;
  }
  return shape;
}

struct NamedShape {
  std::string name;  // empty: the only input
  std::vector<std::int64_t> shape;
};

std::vector<NamedShape> parse_shapes(const std::vector<std::string>& texts) {
  std::vector<NamedShape> shapes;
  for (const std::string& text : texts) {
    const auto [name, value] = split_name(text, [](const std::string& part) { return read_shape(part).has_value(); });
    const auto shape = read_shape(value);
    if (!shape || text.empty())
      throw Error(fmt::format("--shape {}: is no shape, write 1x3x64x64, or NAME= for a scalar", text));
    shapes.push_back({name, *shape});
  }
  return shapes;
}

// A safetensors file as it is, a run's best model without what only training needs, or an ONNX file's initializers. Its
// metadata make a file a model of tuff's, so they stay.
SafeTensors read_weights(const std::string& path) {
  SafeTensors weights;
  if (is_onnx(path)) {
    const onnx::Model model = onnx::read_model(path);
    weights.metadata = model.metadata;
    for (const onnx::NamedTensor& tensor : model.initializers) {
      if (!tensor.array)
        throw Error(fmt::format("{}: the initializer \"{}\" is of type {}, which safetensors don't have", path,
                                tensor.name, onnx::data_type_name(tensor.data_type)));
      weights.tensors.push_back(StoredTensor::from_array(tensor.name, *tensor.array));
    }
    return weights;
  }
  if (!is_tuff_model(path)) return read_safetensors(path);
  const Model model = load_model(path);
  weights.metadata = model.file.metadata;
  weights.metadata.erase("tuff.state");
  for (const auto& [name, values] : inference_network(model, {}, "").variables)
    weights.tensors.push_back(StoredTensor::from_tensor(name, values));
  return weights;
}

// The tensors of `like` with the values that `weights` have under their names.
void take_values(SafeTensors& like, const SafeTensors& weights, const std::string& source, const std::string& target) {
  for (StoredTensor& tensor : like.tensors) {
    const StoredTensor* given = weights.find(tensor.name);
    if (given == nullptr)
      throw Error(fmt::format("{}: has no tensor \"{}\", which {} has", source, tensor.name, target));
    if (given->shape != tensor.shape)
      throw Error(fmt::format("{}: tensor \"{}\" is {}, in {} {}", source, tensor.name, shape_text(given->shape),
                              target, shape_text(tensor.shape)));
    tensor = StoredTensor::from_array(tensor.name, convert(given->array(), tensor.array().type));
  }
}

// ---- to ONNX ------------------------------------------------------------------------------------

// The initializers that `weights` have under their names; shapes and other numbers of a model's stay.
void take_values(onnx::Model& like, const SafeTensors& weights, const std::string& source) {
  for (onnx::NamedTensor& tensor : like.initializers) {
    const StoredTensor* given = weights.find(tensor.name);
    if (!tensor.array || !is_floating(tensor.array->type)) continue;
    if (given == nullptr)
      throw Error(fmt::format("{}: has no tensor \"{}\", which {} has", source, tensor.name, like.source));
    if (given->shape != tensor.array->shape)
      throw Error(fmt::format("{}: tensor \"{}\" is {}, in {} {}", source, tensor.name, shape_text(given->shape),
                              like.source, shape_text(tensor.array->shape)));
    tensor.array = convert(given->array(), tensor.array->type);
  }
}

// An ONNX model for inputs of these shapes, as the graph that tuff makes of it.
onnx::Model specialized(const onnx::Model& model, std::vector<NamedShape> shapes) {
  const std::vector<onnx::Port> inputs = model.free_inputs();
  std::vector<onnx::Feed> feeds;
  for (NamedShape& given : shapes) {
    if (given.name.empty() && inputs.size() != 1)
      throw Error(
          fmt::format("--shape: say which input it is, NAME=1x3x64x64; {} has {}", model.source, inputs.size()));
    feeds.push_back({.name = given.name.empty() ? inputs[0].name : given.name, .shape = std::move(given.shape)});
  }
  onnx::Model result = onnx::export_model(onnx::import_model(model, feeds));
  result.metadata = model.metadata;
  return result;
}

onnx::Model exported(const std::string& path, const std::vector<NamedShape>& shapes, const std::string& part) {
  const Model model = load_model(path);
  if (shapes.size() > 1) throw Error(fmt::format("{}: has one input; give --shape once", path));
  const std::vector<std::int64_t> shape = shapes.empty() ? std::vector<std::int64_t>{} : shapes[0].shape;
  if (!shapes.empty() && shape.empty())
    throw Error(fmt::format("{}: its input is no scalar; write --shape 1x1x64x64", path));
  const onnx::Imported net = inference_network(model, shape, part);
  onnx::Model result = onnx::export_model(net);
  if (shapes.empty()) free_dimensions(result, model, part);
  if (!part.empty()) return result;  // half of a model isn't one
  result.metadata = model.file.metadata;
  result.metadata.erase("tuff.state");
  return result;
}

void convert_to_onnx(const ConvertArguments& arguments) {
  const std::vector<NamedShape> shapes = parse_shapes(arguments.shapes);
  if (!arguments.part.empty() && (!arguments.like.empty() || is_onnx(arguments.in)))
    throw Error(fmt::format("--part {}: is for tuff's own models", arguments.part));
  onnx::Model model;
  if (!arguments.like.empty()) {
    if (!is_onnx(arguments.like))
      throw Error(fmt::format("--like {}: for an ONNX file, name an ONNX file", arguments.like));
    model = onnx::read_model(arguments.like);
    take_values(model, read_weights(arguments.in), arguments.in);
    if (!shapes.empty()) model = specialized(model, shapes);
  } else if (is_onnx(arguments.in)) {
    model = onnx::read_model(arguments.in);
    if (!shapes.empty()) model = specialized(model, shapes);
  } else if (is_tuff_model(arguments.in)) {
    model = exported(arguments.in, shapes, arguments.part);
  } else {
    read_safetensors(arguments.in);  // says so where it is no such file
    throw Error(fmt::format("{}: has weights alone, no network; name one that they belong to with --like MODEL.onnx",
                            arguments.in));
  }
  onnx::write_model(arguments.out, model);
  fmt::print("{}: {} nodes, {} initializers\n", arguments.out, model.nodes.size(), model.initializers.size());
}

void convert_to_safetensors(const ConvertArguments& arguments) {
  if (!arguments.shapes.empty() || !arguments.part.empty()) throw Error("--shape, --part: are for ONNX files");
  SafeTensors weights = read_weights(arguments.in);
  if (!arguments.like.empty()) {
    SafeTensors like = read_weights(arguments.like);
    take_values(like, weights, arguments.in, arguments.like);
    weights = std::move(like);
  }
  write_safetensors(arguments.out, weights);
  fmt::print("{}: {} tensors\n", arguments.out, weights.tensors.size());
}

void run_convert(const ConvertArguments& arguments) {
  std::error_code error;
  if (fs::equivalent(arguments.in, arguments.out, error))
    throw Error(fmt::format("{}: would be overwritten by itself", arguments.out));
  if (is_onnx(arguments.out)) return convert_to_onnx(arguments);
  if (!arguments.out.ends_with(".safetensors"))
    throw Error(fmt::format("{}: the name must end in .onnx or .safetensors", arguments.out));
  convert_to_safetensors(arguments);
}

}  // namespace

void add_convert_command(CLI::App& tuff) {
  CLI::App* command = tuff.add_subcommand("convert", "Convert models between ONNX, safetensors and tuff's own files");
  const auto arguments = std::make_shared<ConvertArguments>();
  command->add_option("in", arguments->in, "an ONNX file, a safetensors file, or a run's folder")
      ->required()
      ->type_name("IN");
  command
      ->add_option("out", arguments->out,
                   ".onnx: a network; .safetensors: weights by name, and a model of tuff where IN is or came from one")
      ->required()
      ->type_name("OUT");
  command->add_option("--like", arguments->like, "the network or model that IN's weights, by their names, are put into")
      ->type_name("MODEL");
  command
      ->add_option(
          "--shape", arguments->shapes,
          "fix an input's shape, 1x3x64x64 (NAME= for a scalar); the name may be left out where there is only one")
      ->allow_extra_args(false)
      ->type_name("NAME=SHAPE");
  command
      ->add_option("--part", arguments->part,
                   "of autoencoders: encoder (images to the code, of a vae the posterior's mean) or decoder [both]")
      ->type_name("encoder|decoder");
  command->callback([arguments] { blame_for_memory(arguments->in, [&] { run_convert(*arguments); }); });
}

}  // namespace tuff
