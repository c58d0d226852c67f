// Graphs to ONNX and back: equal results, of the library's own networks and of one graph for each family of ops.
#include "onnx/export.h"

#include <cmath>
#include <functional>

#include "autodiff/gradient.h"
#include "base/philox.h"
#include "models/cellpose.h"
#include "models/classifier.h"
#include "models/deepmedic.h"
#include "models/fcn.h"
#include "models/illumination.h"
#include "models/noisy_and.h"
#include "models/p4.h"
#include "models/segnet.h"
#include "models/srresnet.h"
#include "models/unet.h"
#include "models/vae.h"
#include "onnx/serialize.h"
#include "onnx/session.h"
#include "support/files.h"
#include "support/test_device.h"
#include "tuff/ops.h"

namespace tuff {
namespace {

// Numbers of both signs, none near 0, with some equal ones.
Array some_numbers(const std::vector<std::int64_t>& shape, std::uint64_t seed) {
  Array array(ElementType::f32, shape);
  PhiloxStream stream(seed);
  for (float& value : array.as<float>()) {
    const float uniform = static_cast<float>(stream.uniform());
    value = (uniform < 0.5f ? -1.0f : 1.0f) * (0.1f + std::round(uniform * 40) / 20);
  }
  return array;
}

struct Case {
  std::vector<std::vector<std::int64_t>> inputs;
  std::function<std::vector<Value>(Graph&, const std::vector<Value>&)> build;
};

// The graph with inputs x0, x1, ..., outputs y0, y1, ..., and weights that some_numbers() gives.
onnx::Imported describe(const Case& made) {
  onnx::Imported net{.graph = std::make_unique<Graph>()};
  std::vector<Value> inputs;
  for (std::size_t i = 0; i < made.inputs.size(); ++i) {
    const std::string name = "x" + std::to_string(i);
    net.inputs.push_back({.name = name, .shape = made.inputs[i], .in_graph = true});
    inputs.push_back(net.graph->input(name, Shape(made.inputs[i])));
  }
  const std::vector<Value> outputs = made.build(*net.graph, inputs);
  for (std::size_t i = 0; i < outputs.size(); ++i) {
    const std::string name = "y" + std::to_string(i);
    net.graph->output(name, outputs[i]);
    net.outputs.push_back({.name = name,
                           .type = outputs[i].dtype() == DType::i32 ? ElementType::i32 : ElementType::f32,
                           .shape = outputs[i].shape().extents(),
                           .in_graph = true});
  }
  std::uint64_t seed = 100;
  for (const Variable& variable : net.graph->variables()) {
    Array values = some_numbers(variable.type.shape.extents(), ++seed);
    for (float& value : values.as<float>()) value = variable.arena == "buffers" ? std::abs(value) : 0.3f * value;
    net.variables.emplace(variable.name, to_tensor(values, variable.name));
  }
  return net;
}

std::vector<std::string> check_round_trip(const Case& made) {
  onnx::RunRequest request;
  for (std::size_t i = 0; i < made.inputs.size(); ++i)
    request.inputs.push_back({"x" + std::to_string(i), some_numbers(made.inputs[i], i)});
  const auto device = []() -> Device& { return test::test_device(); };
  const std::string bytes = onnx::serialize_model(onnx::export_model(describe(made)));
  const onnx::Model model = onnx::parse(std::as_bytes(std::span(bytes)));
  const onnx::RunResult expected = onnx::run_imported(describe(made), request, device),
                        actual = onnx::run_model(model, request, device);
  REQUIRE(actual.outputs.size() == expected.outputs.size());
  for (std::size_t i = 0; i < expected.outputs.size(); ++i) {
    const Array &a = actual.outputs[i].array, &e = expected.outputs[i].array;
    CHECK(a.type == e.type);
    REQUIRE(a.shape == e.shape);
    const std::vector<double> numbers_a = numbers(a), numbers_e = numbers(e);
    double largest = 1e-30, worst = 0;
    for (std::size_t k = 0; k < numbers_e.size(); ++k) {
      if (std::isnan(numbers_e[k]) && std::isnan(numbers_a[k])) continue;
      largest = std::max(largest, std::abs(numbers_e[k]));
      worst = std::max(worst, numbers_e[k] == numbers_a[k] ? 0 : std::abs(numbers_e[k] - numbers_a[k]));
    }
    CHECK_MESSAGE(worst <= (e.type == ElementType::i32 ? 0 : 3e-6 * largest),
                  "output " << i << " differs by " << worst << " of " << largest);
  }
  std::vector<std::string> operators;
  for (const onnx::Node& node : model.nodes) operators.push_back(node.op);
  return operators;
}

using Values = std::vector<Value>;

}  // namespace

TEST_CASE("onnx export: U-Nets give the same as before") {
  for (UNetConfig config : {UNetConfig{.norm = NormKind::batch},
                            UNetConfig{.padding = Padding::valid, .norm = NormKind::none, .up = Upsampling::bilinear},
                            UNetConfig{.norm = NormKind::group,
                            .up = Upsampling::nearest,
                            .down = UNetConfig::Down::stride,
                            .skip = UNetConfig::Skip::add},
                            UNetConfig{.norm = NormKind::instance, .skip = UNetConfig::Skip::none}}) {
    config.in_channels = 3, config.out_channels = 2, config.base = 4, config.depth = 2, config.groups = 2;
    const std::int64_t side = config.padding == Padding::valid ? unet_axis(config).nearest_sizes(1).second : 8;
    check_round_trip({{{1, 3, side, side}},
                      [&](Graph& graph, const Values& x) { return Values{unet(graph, x[0], config, false)}; }});
  }
}

TEST_CASE("onnx export: the other networks give the same as before") {
  const auto check_network = [](const std::vector<std::int64_t>& shape,
                                const std::function<Values(Graph&, Value)>& build) {
    check_round_trip({{shape}, [&](Graph& graph, const Values& x) { return build(graph, x[0]); }});
  };
  check_network({1, 1, 8, 12}, [](Graph& graph, Value x) {
    const UNetOutputs outputs = unet_outputs(graph, x,
                                             {.base = 4,
                                              .depth = 2,
                                              .up = Upsampling::pixel_shuffle,
                                              .block = UNetConfig::Block::residual,
                                              .activation = ActivationKind::prelu,
                                              .attention = true,
                                              .coordinates = true,
                                              .deep_supervision = 1},
                                             false);
    return Values{outputs.logits, outputs.lower[0]};
  });
  check_network({2, 2, 8, 12}, [](Graph& graph, Value x) {
    const CellposeOutputs outputs = cellpose(graph, x, {.base = 3, .depth = 1}, false);
    return Values{outputs.output, outputs.style};
  });
  check_network({1, 1, 32, 32}, [](Graph& graph, Value x) {
    return Values{fcn(graph, x, {.base = 2, .wide = 4, .convolutions = {1, 1, 1, 1, 1}}, false)};
  });
  check_network({1, 1, 8, 12},
                [](Graph& graph, Value x) { return Values{segnet(graph, x, {.base = 3, .depth = 2}, false)}; });
  check_network({1, 1, 15, 18}, [](Graph& graph, Value x) {
    return Values{deepmedic(graph, x, {.channels = {2, 3}, .classifier = {5}, .rank = 2}, false)};
  });
  check_network({1, 3, 6, 5},
                [](Graph& graph, Value x) { return Values{srresnet(graph, x, {.features = 3, .blocks = 1}, false)}; });
  check_network({1, 2, 14, 12}, [](Graph& graph, Value x) {
    const ClassifierConfig config{.in_channels = 2, .side = 10, .stages = {3, 4}, .dense = {5}};
    return Values{noisy_and(graph, classifier_map(graph, x, config, false))};
  });
  check_network({1, 2, 8, 12}, [](Graph& graph, Value x) {
    return Values{p4_classifier(graph, x, {.in_channels = 2, .stages = {2, 3}}, false)};
  });
  check_network({1, 4, 5, 6},
                [](Graph& graph, Value x) { return Values{illumination(graph, x, {.lamps = 4, .patterns = 2})}; });
}

TEST_CASE("onnx export: both halves of a variational autoencoder") {
  const VaeConfig config{.side = 8, .base = 4, .latent = 3};
  check_round_trip({{{2, 1, 8, 8}}, [&](Graph& graph, const Values& x) {
                      const VaePosterior posterior = vae_encode(graph, x[0], config);
                      return Values{posterior.mean, posterior.log_variance};
                    }});
  check_round_trip({{{2, 3, 1, 1}}, [&](Graph& graph, const Values& z) {
                      return Values{vae_pixels(vae_decode(graph, z[0], config), config)};
                    }});
}

TEST_CASE("onnx export: convolutions and pooling of every rank") {
  check_round_trip(
      {{{1, 4, 9}}, [](Graph& graph, const Values& x) {
         const Value w = graph.parameter("w", {6, 2, 3}, Initializer::constant(0));
         return Values{
             conv(x[0], w, {}, {.stride = {2}, .padding = {1}, .padding_end = {2}, .dilation = {2}, .groups = 2})};
       }});
  check_round_trip(
      {{{1, 2, 3, 4, 5}}, [](Graph& graph, const Values& x) {
         const Value w = graph.parameter("w", {2, 3, 2, 3, 2}, Initializer::constant(0), Layout::transposed_weight);
         const Value b = graph.parameter("b", {3}, Initializer::constant(0));
         return Values{conv_transpose(x[0], w, b, {.stride = {2}, .padding = {1, 0, 1}, .output_padding = {1, 0, 1}})};
       }});
  check_round_trip(
      {{{2, 3, 7, 6}}, [](Graph&, const Values& x) {
         const PoolAttributes window{.kernel = {3, 2}, .stride = {2}, .padding = {1, 0}, .ceil_mode = true};
         const MaxPool pooled = max_pool(x[0], window);
         PoolAttributes counted = window;
         counted.count_include_pad = false;
         return Values{pooled.output,
                       pooled.indices,
                       avg_pool(x[0], counted),
                       max_unpool(pooled.output, pooled.indices, window, x[0].shape()),
                       whole_tensor_indices(pooled.indices, {7, 6}),
                       whole_tensor_indices(pooled.indices, {7, 6}, true)};
       }});
  check_round_trip({{{1, 2, 7, 6, 5}}, [](Graph&, const Values& x) {
                      return Values{adaptive_avg_pool(x[0], {3, 6, 2}), adaptive_max_pool(x[0], {4}).output,
                                    global_avg_pool(x[0]), lp_pool(x[0], {.norm_type = 3, .magnitudes = true}),
                                    avg_pool(x[0], {.kernel = {2}, .divisor_override = 3})};
                    }});
}

TEST_CASE("onnx export: norms and interpolation") {
  check_round_trip({{{2, 6, 5}}, [](Graph& graph, const Values& x) {
                      const auto vector = [&](const char* name) {
                        return graph.parameter(name, {6}, Initializer::constant(0));
                      };
                      const Value w = vector("w"), b = vector("b");
                      const Normalized batch = normalize(x[0], w, b, {});
                      return Values{group_norm(x[0], 3, w, b),
                                    instance_norm(x[0]),
                                    batch.output,
                                    batch.mean,
                                    batch.variance,
                                    layer_norm(x[0], {5}),
                                    local_response_norm(x[0], {.size = 3}),
                                    rms_norm(x[0], {6, 5})};
                    }});
  check_round_trip({{{1, 2, 5, 6}}, [](Graph&, const Values& x) {
                      return Values{
                          resize(x[0], {.size = {7, 9}}),
                          resize(x[0], {.scale = {2}, .mode = ResizeMode::bilinear}),
                          resize(x[0], {.size = {3, 11}, .mode = ResizeMode::bilinear, .align_corners = true}),
                          resize(x[0], {.size = {8, 4}, .mode = ResizeMode::cubic}),
                          resize(x[0], {.size = {2, 3}, .mode = ResizeMode::area}),
                          pixel_shuffle(concat({x[0], x[0]}), 2)};
                    }});
  check_round_trip({{{1, 2, 5, 6}, {1, 3, 4, 2}}, [](Graph&, const Values& x) {
                      return Values{grid_sample(x[0], x[1], {.padding_mode = GridPadding::reflection}),
                                    grid_sample(x[0], x[1], {.mode = GridSampleMode::bicubic, .align_corners = true})};
                    }});
}

TEST_CASE("onnx export: products, reductions, and data that move") {
  check_round_trip({{{2, 3, 4}, {2, 4, 5}}, [](Graph&, const Values& x) {
                      return Values{matmul(x[0], x[1]),
                                    einsum("abc,acd->bd", x[0], x[1]),
                                    einsum("abc,dce->abe", x[0], narrow(x[1], 0, 0, 1)),
                                    softmax(x[0], -1),
                                    log_softmax(x[0], 0),
                                    cumsum(x[0], 1, true, true),
                                    argmax(x[0], 2),
                                    argmin(x[1], 1, true, true)};
                    }});
  check_round_trip(
      {{{2, 3, 4}}, [](Graph&, const Values& x) {
         return Values{
             sum(x[0], {1}),     mean(x[0], {0, 2}, true),   max(x[0]),           min(x[0], {2}), prod(x[0], {1}),
             l1_norm(x[0], {0}), logsumexp(x[0], {2}, true), sum_of_squares(x[0])};
       }});
  check_round_trip(
      {{{2, 3, 4, 5}}, [](Graph& graph, const Values& x) {
         const Value index = graph.constant(HostTensor::from_ints({3}, std::vector<std::int32_t>{2, 0, -1}));
         const Value tuples = graph.constant(HostTensor::from_ints({2, 2}, std::vector<std::int32_t>{1, 2, 0, -1}));
         const Value updates = narrow(x[0], 2, 0, 3);
         return Values{slice(x[0], {1, 2, 0, 4}, {2, -5, 4, -6}, {1, -1, 2, -2}),
                       pad(x[0], {0, 0, 1, 2}, {0, 1, 2, 1}, PadMode::constant, 2),
                       pad(x[0], {1, 2}, {2, 1}, PadMode::reflect),
                       pad(x[0], {1, 2}, {-1, 1}, PadMode::circular),
                       permute(x[0], {3, 1, 0, 2}),
                       reshape(x[0], {4, 6, 5}),
                       flip(x[0], {1, 3}),
                       tile(x[0], {1, 2, 1, 2}),
                       index_select(x[0], 3, index),
                       gather_nd(x[0], tuples),
                       index_add(x[0], 2, index, updates),
                       pixel_unshuffle(permute(x[0], {0, 1, 3, 2}), 1),
                       triu(x[0])};
       }});
}

TEST_CASE("onnx export: every elementwise function") {
  check_round_trip(
      {{{2, 3, 4}, {3, 1}}, [](Graph& graph, const Values& x) {
         const Value a = x[0], b = x[1], p = sigmoid(a);
         const Value small = mul_scalar(p, 0.01f);
         const PointwiseProgram fused{
             2, {{PointwiseOpcode::mul, {0, 1, 0}, 0}, {PointwiseOpcode::add_scalar, {kPointwiseInputs, 0, 0}, 0.5f}}};
         return Values{add(a, b),
                       sub(a, b),
                       mul(a, b),
                       div(a, b),
                       maximum(a, b),
                       minimum(a, b),
                       pow(p, b),
                       greater(a, b),
                       less_equal(a, b),
                       equal(a, b),
                       not_equal(a, b),
                       where(greater(a, 0.5f), a, b),
                       mask(a, less(a, 0.0f)),
                       greater_share(a, b),
                       xlogy(p, p),
                       clamp(a, -0.5f, 0.75f),
                       neg(a),
                       relu(a),
                       leaky_relu(a, 0.2f),
                       tanh(a),
                       exp(a),
                       log(a),
                       sqrt(p),
                       rsqrt(p),
                       square(a),
                       abs(a),
                       sign(a),
                       reciprocal(a),
                       softplus(a),
                       floor(a),
                       round(a),
                       fmod(a, b),
                       isnan(log(a)),
                       sin(a),
                       cos(a),
                       asin(p),
                       acos(p),
                       atan(a),
                       sinh(a),
                       cosh(a),
                       asinh(a),
                       acosh(exp(a)),
                       erf(a),
                       expm1(a),
                       expm1(small),
                       log1p(p),
                       log1p(small),
                       floor_at(a, 0.5f),
                       ceil_at(a, 0.5f),
                       binary_cross_entropy(p, p),
                       gelu(a),
                       mish(a),
                       hardswish(a),
                       elu(a),
                       atanh(small),
                       tan(a),
                       pointwise(fused, {a, a}),
                       full(graph, {DType::f32, {2, 3}}, 4),
                       cast(cast(a, DType::i32), DType::f32)};
       }});
}

TEST_CASE("onnx export: products of matrices are Gemm and MatMul, scores of classes need no Einsum") {
  const Case made{{{4, 6}, {5, 6}, {2, 4, 6}, {2, 5, 6}}, [](Graph&, const Values& x) {
                    return Values{linear(x[0], x[1]), einsum("bmk,bnk->bmn", x[2], x[3])};
                  }};
  const std::vector<std::string> operators = check_round_trip(made);
  CHECK(std::ranges::count(operators, "Gemm") == 1);
  CHECK(std::ranges::count(operators, "MatMul") == 1);
  CHECK(std::ranges::count(operators, "Einsum") == 0);
}

TEST_CASE("onnx export: training isn't exported, nor what ONNX lacks") {
  const auto refusal = [](const std::function<Values(Graph&, const Values&)>& build) {
    return test::error_of([&] { onnx::export_model(describe({{{1, 2, 4, 4}}, build})); });
  };
  const auto weight_gradient = [](Graph& graph, const Values& x) {
    const Value w = graph.parameter("w", {2, 2, 3, 3}, Initializer::constant(0));
    return gradient(sum(conv(x[0], w, {})), std::vector{w});
  };
  CHECK(test::contains(refusal(weight_gradient), "conv_weight_gradient"));
  CHECK(test::contains(refusal([](Graph&, const Values& x) { return Values{adaptive_max_pool(x[0], {3}).indices}; }),
                       "indices of adaptive pooling"));
}

}  // namespace tuff
