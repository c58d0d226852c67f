// Golden cases of losses.
#include "golden/op_builders.h"
#include "tuff/ops.h"

namespace tuff::test {
namespace {

using Json = nlohmann::json;
using In = GoldenInputs;
using Out = std::vector<Value>;

LossReduction reduction(const Json& a) {
  const std::string name = a.value("reduction", "mean");
  return name == "sum" ? LossReduction::sum : name == "none" ? LossReduction::none : LossReduction::mean;
}

LossOptions options(const In& in, const Json& a) {
  return {.reduction = reduction(a), .weight = in.named("weight")};
}

CrossEntropyAttributes classes(const Json& a) {
  return {.ignore_index = a["ignore_index"],
          .label_smoothing = a.value("label_smoothing", 0.0f),
          .reduction = reduction(a)};
}

}  // namespace

OpBuilders loss_builders() {
  return {
      {"l1_loss", [](const In& in, const Json& a) -> Out { return {l1_loss(in[0], in[1], options(in, a))}; }},
      {"mse_loss", [](const In& in, const Json& a) -> Out { return {mse_loss(in[0], in[1], options(in, a))}; }},
      {"huber_loss",
       [](const In& in, const Json& a) -> Out { return {huber_loss(in[0], in[1], a["delta"], options(in, a))}; }},
      {"smooth_l1_loss",
       [](const In& in, const Json& a) -> Out { return {smooth_l1_loss(in[0], in[1], a["beta"], options(in, a))}; }},
      {"bce", [](const In& in, const Json& a) -> Out { return {bce_loss(in[0], in[1], options(in, a))}; }},
      {"bce_with_logits",
       [](const In& in, const Json& a) -> Out {
         return {bce_with_logits(in[0], in[1], in.named("weight"), in.named("pos_weight"), reduction(a))};
       }},
      {"cross_entropy",
       [](const In& in, const Json& a) -> Out {
         return {cross_entropy(in[0], in[1], classes(a), in.named("weight"))};
       }},
      {"nll_loss",
       [](const In& in, const Json& a) -> Out { return {nll_loss(in[0], in[1], classes(a), in.named("weight"))}; }},
      {"kl_div",
       [](const In& in, const Json& a) -> Out { return {kl_div(in[0], in[1], a["log_target"], options(in, a))}; }},
      {"tversky_loss",
       [](const In& in, const Json& a) -> Out {
         return {tversky_loss(in[0], in[1], {.alpha = a["alpha"], .beta = a["beta"], .smooth = a["smooth"]})};
       }},
      {"sigmoid_focal_loss",
       [](const In& in, const Json& a) -> Out { return {sigmoid_focal_loss(in[0], in[1], a["alpha"], a["gamma"])}; }},
      {"gaussian_kl",
       [](const In& in, const Json&) -> Out { return {gaussian_kl(in[0], in[1], {.reduction = LossReduction::sum})}; }},
  };
}

}  // namespace tuff::test
