// Golden cases of reductions, softmax, matrix products and normalizations.
#include "golden/op_builders.h"
#include "tuff/ops.h"

namespace tuff::test {
namespace {

using Json = nlohmann::json;
using In = GoldenInputs;
using Out = std::vector<Value>;

void add_reductions(OpBuilders& builders) {
  using Reduction = Value (*)(Value, std::vector<int>, bool);
  const auto reduction = [&](const char* name, Reduction function) {
    builders[name] = [function](const In& in, const Json& a) -> Out {
      return {function(in[0], a["axes"].get<std::vector<int>>(), a["keepdim"])};
    };
  };
  reduction("sum", [](Value x, std::vector<int> axes, bool keepdim) { return sum(x, axes, keepdim); });
  reduction("mean", [](Value x, std::vector<int> axes, bool keepdim) { return mean(x, axes, keepdim); });
  reduction("max", [](Value x, std::vector<int> axes, bool keepdim) { return max(x, axes, keepdim); });
  reduction("min", [](Value x, std::vector<int> axes, bool keepdim) { return min(x, axes, keepdim); });
  reduction("prod", [](Value x, std::vector<int> axes, bool keepdim) { return prod(x, axes, keepdim); });
  reduction("logsumexp", [](Value x, std::vector<int> axes, bool keepdim) { return logsumexp(x, axes, keepdim); });
  reduction("norm_l1", [](Value x, std::vector<int> axes, bool keepdim) { return l1_norm(x, axes, keepdim); });
  reduction("norm_l2", [](Value x, std::vector<int> axes, bool keepdim) { return vector_norm(x, 2, axes, keepdim); });
  reduction("sum_of_squares",
            [](Value x, std::vector<int> axes, bool keepdim) { return sum_of_squares(x, axes, keepdim); });
  reduction("var", [](Value x, std::vector<int> axes, bool keepdim) { return variance(x, axes, 1, keepdim); });
  reduction("var_biased", [](Value x, std::vector<int> axes, bool keepdim) { return variance(x, axes, 0, keepdim); });
  reduction("std",
            [](Value x, std::vector<int> axes, bool keepdim) { return standard_deviation(x, axes, 1, keepdim); });
}

// Batch norm's statistics: the batch's own in training, else those given.
Value golden_batch_norm(const In& in, const Json& a) {
  return batch_norm(in[0], in.named("weight"), in.named("bias"), in.named("running_mean"), in.named("running_var"),
                    {.eps = a["eps"], .training = a["training"]})
      .output;
}

void add_normalizations(OpBuilders& builders) {
  builders["batch_norm"] = [](const In& in, const Json& a) -> Out { return {golden_batch_norm(in, a)}; };
  builders["instance_norm"] = [](const In& in, const Json& a) -> Out {
    return {instance_norm(in[0], in.named("weight"), in.named("bias"), a["eps"].get<float>())};
  };
  builders["group_norm"] = [](const In& in, const Json& a) -> Out {
    return {group_norm(in[0], a["groups"], in.named("weight"), in.named("bias"), a["eps"].get<float>())};
  };
  builders["layer_norm"] = [](const In& in, const Json& a) -> Out {
    return {layer_norm(in[0], Shape(a["normalized_shape"].get<std::vector<std::int64_t>>()), in.named("weight"),
                       in.named("bias"), a["eps"].get<float>())};
  };
  builders["local_response_norm"] = [](const In& in, const Json& a) -> Out {
    return {local_response_norm(in[0], {.size = a["size"], .alpha = a["alpha"], .beta = a["beta"], .k = a["k"]})};
  };
  builders["normalize_lp"] = [](const In& in, const Json& a) -> Out {
    return {lp_normalize(in[0], a["p"].get<float>(), {a["axis"].get<int>()})};
  };
}

}  // namespace

OpBuilders reduction_builders() {
  OpBuilders builders = {
      {"argmax",
       [](const In& in, const Json& a) -> Out { return {argmax(in[0], a["axis"].get<int>(), a["keepdim"])}; }},
      {"argmin",
       [](const In& in, const Json& a) -> Out { return {argmin(in[0], a["axis"].get<int>(), a["keepdim"])}; }},
      {"softmax", [](const In& in, const Json& a) -> Out { return {softmax(in[0], a["axis"])}; }},
      {"log_softmax", [](const In& in, const Json& a) -> Out { return {log_softmax(in[0], a["axis"])}; }},
      {"cumsum", [](const In& in, const Json& a) -> Out { return {cumsum(in[0], a["axis"])}; }},
      {"matmul", [](const In& in, const Json&) -> Out { return {matmul(in[0], in[1])}; }},
      {"linear", [](const In& in, const Json&) -> Out { return {linear(in[0], in[1], in.named("bias"))}; }},
  };
  add_reductions(builders);
  add_normalizations(builders);
  return builders;
}

}  // namespace tuff::test
