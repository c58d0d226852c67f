#include "apps/bench/cases.h"

#include <fmt/format.h>

#include <nlohmann/json.hpp>

#include "apps/bench/cases.json.h"
#include "autodiff/gradient.h"
#include "base/error.h"
#include "ops/adam.h"
#include "ops/conv.h"
#include "ops/conv_transpose.h"
#include "ops/cross_entropy.h"
#include "ops/normalize.h"
#include "ops/pointwise.h"
#include "ops/pool.h"
#include "ops/resize.h"
#include "tasks/networks.h"
#include "tasks/segmentation.h"
#include "train/training_graph.h"

namespace tuff::bench {
namespace {

using Json = nlohmann::json;

double elements(const Shape& shape) {
  return static_cast<double>(shape.elements());
}

double bytes_of(DType dtype) {
  return dtype == DType::f16 ? 2 : 4;
}

// ---- convolutions -------------------------------------------------------------------------------

struct ConvCase {
  bool transposed = false;
  std::vector<std::int64_t> input, weight;
  ConvAttributes attributes;
};

ConvCase parse_conv(const Json& json) {
  ConvCase parsed{.transposed = json["op"] == "conv_transpose"};
  const std::int64_t in = json["in_channels"], out = json["out_channels"];
  parsed.attributes.groups = json["groups"];
  parsed.input = {json["batch"], in};
  parsed.weight = parsed.transposed ? std::vector{in, out / parsed.attributes.groups}
                                    : std::vector{out, in / parsed.attributes.groups};
  for (const std::int64_t extent : json["input"]) parsed.input.push_back(extent);
  for (const std::int64_t extent : json["kernel"]) parsed.weight.push_back(extent);
  parsed.attributes.stride = json["stride"].get<std::vector<std::int64_t>>();
  parsed.attributes.padding = json["padding"].get<std::vector<std::int64_t>>();
  parsed.attributes.dilation = json["dilation"].get<std::vector<std::int64_t>>();
  if (parsed.transposed) parsed.attributes.output_padding = json["output_padding"].get<std::vector<std::int64_t>>();
  return parsed;
}

CaseGraph conv_graph(const ConvCase& conv_case, const std::string& pass, DType storage) {
  CaseGraph built{.graph = std::make_unique<Graph>()};
  Graph& graph = *built.graph;
  const Value x = graph.input("x", Shape(conv_case.input));
  const Value weight = graph.parameter("weight", Shape(conv_case.weight), Initializer{},
                                       conv_case.transposed ? Layout::transposed_weight : Layout::weight);
  const Value y = conv_case.transposed ? conv_transpose(x, weight, {}, conv_case.attributes)
                                       : conv(x, weight, {}, conv_case.attributes);
  const Shape result = y.shape();
  if (pass == "forward") {
    graph.output("y", y);
  } else {
    const Value upstream[] = {graph.input("upstream", result)};
    const Value outputs[] = {y}, wrt[] = {pass == "data gradient" ? x : weight};
    graph.output("gradient", gradient(outputs, upstream, wrt).front());
  }
  // Each pixel of the smaller side multiplies the whole weight once.
  const Shape gathered = conv_case.transposed ? x.shape() : result;
  built.flops = 2.0 * static_cast<double>(gathered.batch() * gathered.spatial()) * elements(weight.shape());
  built.bytes = (elements(x.shape()) + elements(result)) * bytes_of(storage) + elements(weight.shape()) * 4;
  return built;
}

// ---- other operators ----------------------------------------------------------------------------

// How often the best algorithm touches tensors of the input's and the output's size, in and out together.
struct Traffic {
  double x = 0, y = 0;
};

// The gradient's upstream is an input, its result an output.
CaseGraph op_graph(const Json& json, const std::string& pass, DType storage) {
  const std::string op = json["op"];
  CaseGraph built{.graph = std::make_unique<Graph>()};
  Graph& graph = *built.graph;
  if (op == "adam") {
    const std::int64_t count = json["elements"];
    graph.parameter("weight", Shape{count}, Initializer{}, Layout::channels_last);
    const Value state = graph.input("step_state", Shape{kStepStateElements});
    adam(graph.arena("parameters"), graph.arena("gradients"), graph.arena("adam.m"), graph.arena("adam.v"), state);
    built.bytes = 7.0 * 4 * static_cast<double>(count);  // four read, three written
    return built;
  }
  const Value x = graph.input("x", Shape(json["shape"].get<std::vector<std::int64_t>>()));
  const std::int64_t channels = x.shape()[1];
  const auto vector = [&](const char* name) {
    return graph.parameter(name, Shape{channels}, Initializer{}, Layout::channels_last);
  };
  Value y;
  Traffic forward, backward;  // backward: beside the upstream, what the forward pass kept
  if (op == "batch_norm") {
    y = batch_norm(x, vector("weight"), vector("bias"), {}, {}, {.training = true}).output;
    forward = {2, 1}, backward = {3, 2};  // x and upstream twice each, for the sums and for the result
    built.uncounted = "normalize";
  } else if (op == "group_norm") {
    y = group_norm(x, json["groups"], vector("weight"), vector("bias"));
    forward = {2, 1}, backward = {3, 2};
    built.uncounted = "normalize";
  } else if (op == "max_pool") {
    y = max_pool(x, {.kernel = json["kernel"].get<std::vector<std::int64_t>>(),
                     .stride = json["stride"].get<std::vector<std::int64_t>>()})
            .output;
    forward = {1, 1}, backward = {1, 2};  // the indices, as large as y
    built.uncounted = "max_pool";
  } else if (op == "relu") {
    y = relu(x);
    forward = {1, 1}, backward = {1, 2};
  } else if (op == "resize") {
    y = resize(x, {.scale = {json["scale"].get<double>()}, .mode = ResizeMode::bilinear});
    forward = {1, 1}, backward = {1, 1};
  } else if (op == "cross_entropy") {
    std::vector<std::int64_t> labels = x.shape().extents();
    labels.erase(labels.begin() + 1);
    y = cross_entropy(x, graph.input("labels", Shape(labels), DType::i32));
    const double label_share = 1.0 / static_cast<double>(channels);
    forward = {1 + label_share, 0}, backward = {2 + label_share, 0};
    built.uncounted = "cross_entropy";
  } else {
    throw Error(fmt::format("bench/cases.json: no graph for the operator {}", op));
  }
  const Traffic traffic = pass == "forward" ? forward : backward;
  built.bytes = (traffic.x * elements(x.shape()) + traffic.y * elements(y.shape())) * bytes_of(storage);
  if (pass == "forward") {
    built.uncounted.clear();
    graph.output("y", y);
  } else {
    const Value upstream[] = {graph.input("upstream", y.shape())};
    const Value outputs[] = {y}, wrt[] = {x};
    graph.output("gradient", gradient(outputs, upstream, wrt).front());
  }
  return built;
}

// ---- networks -----------------------------------------------------------------------------------

TrainOptions network_options(const Json& json) {
  TrainOptions options = default_options(json["model"].get<std::string>());
  options.base = json["base"];
  options.batch = json["batch"];
  options.steps = 1;
  const std::int64_t side = json["shape"][1];
  if (options.model == "vae") {
    options.size = side;
    options.latent = json["latent"];
  } else {
    options.crop = side;
    options.depth = json["depth"];
    options.norm = json["norm"].get<std::string>();
    options.classes = json["classes"];
  }
  validate(options);
  return options;
}

CaseGraph network_graph(const Json& json, const std::string& pass, DType storage) {
  TrainOptions options = network_options(json);
  options.dtype = storage == DType::f16 ? "f16" : "f32";  // training then scales its loss
  const std::int64_t channels = json["shape"][0];
  CaseGraph built;
  if (options.model == "vae") {
    const AutoencoderNetwork network = make_autoencoder(options, channels);
    built.graph = pass == "train" ? training_graph(network, options) : reconstruction_graph(network, options.batch);
  } else {
    const Network network = make_network(options, channels);
    built.graph = pass == "train" ? training_graph(network, options)
                                  : inference_graph(network, options.batch, {options.crop, options.crop});
  }
  return built;
}

std::string reason_to_leave_out(const Json& json) {
  return json.value("rank", 2) == 2 ? "" : "networks are built in two dimensions only";
}

}  // namespace

std::regex case_pattern(const std::string& text) {
  try {
    return std::regex(text);
  } catch (const std::regex_error&) {
    throw Error(fmt::format("--case {}: not a regular expression", text));
  }
}

Selected select_cases(const std::string& suite, const std::string& pattern, bool half) {
  const Json all = Json::parse(kBenchCases);
  Selected selected;
  const std::regex wanted = case_pattern(pattern);
  std::vector<DType> storages = {DType::f32};
  if (half) storages.push_back(DType::f16);
  const auto add = [&](const Json& json, const std::vector<std::string>& passes, bool network, auto build) {
    for (const std::string& pass : passes)
      for (const DType storage : storages)
        selected.cases.push_back(
            {.name = json["name"], .pass = pass, .storage = storage, .network = network, .build = [=] {
               return build(pass, storage);
             }});
  };
  for (const auto& [kind, list] : all[suite].items()) {
    for (const Json& json : list) {
      const std::string name = json["name"];
      if (!std::regex_search(name, wanted)) continue;
      if (kind == "conv") {
        const ConvCase conv_case = parse_conv(json);
        add(json, {"forward", "data gradient", "weight gradient"}, false,
            [=](const std::string& pass, DType storage) { return conv_graph(conv_case, pass, storage); });
      } else if (kind == "other") {
        const bool update = json["op"] == "adam";
        add(json, update ? std::vector<std::string>{"update"} : std::vector<std::string>{"forward", "gradient"}, false,
            [=](const std::string& pass, DType storage) { return op_graph(json, pass, storage); });
      } else if (const std::string reason = reason_to_leave_out(json); !reason.empty()) {
        selected.left_out.push_back(name + ": " + reason);
      } else {
        add(json, json["passes"], true,
            [=](const std::string& pass, DType storage) { return network_graph(json, pass, storage); });
      }
    }
  }
  // Optimizers work in f32 alone.
  std::erase_if(selected.cases, [](const Case& item) { return item.pass == "update" && item.storage == DType::f16; });
  if (selected.cases.empty() && selected.left_out.empty())
    throw Error(fmt::format("--case {}: no case of the suite {} has such a name", pattern, suite));
  return selected;
}

}  // namespace tuff::bench
