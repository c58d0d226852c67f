// Golden cases of elementwise functions.
#include "golden/op_builders.h"
#include "tuff/ops.h"

namespace tuff::test {
namespace {

using Json = nlohmann::json;
using In = GoldenInputs;
using Out = std::vector<Value>;

void add_unary(OpBuilders& builders) {
  const auto unary = [&](const char* name, Value (*function)(Value)) {
    builders[name] = [function](const In& in, const Json&) -> Out { return {function(in[0])}; };
  };
#define UNARY(name) unary(#name, [](Value x) { return name(x); })
  UNARY(neg), UNARY(relu), UNARY(sigmoid), UNARY(tanh), UNARY(exp), UNARY(log), UNARY(sqrt), UNARY(rsqrt),
      UNARY(square);
  UNARY(abs), UNARY(sign), UNARY(reciprocal), UNARY(softplus), UNARY(floor), UNARY(ceil), UNARY(round), UNARY(trunc);
  UNARY(erf), UNARY(sin), UNARY(cos), UNARY(tan), UNARY(asin), UNARY(acos), UNARY(atan), UNARY(sinh), UNARY(cosh);
  UNARY(asinh), UNARY(acosh), UNARY(atanh), UNARY(expm1), UNARY(log1p), UNARY(silu), UNARY(mish), UNARY(hardswish);
  UNARY(hardsigmoid), UNARY(softsign), UNARY(selu), UNARY(logsigmoid), UNARY(relu6), UNARY(tanhshrink);
#undef UNARY
}

void add_with_scalars(OpBuilders& builders) {
  const auto with = [&](const char* name, Value (*function)(Value, const Json&)) {
    builders[name] = [function](const In& in, const Json& attributes) -> Out { return {function(in[0], attributes)}; };
  };
  with("leaky_relu", [](Value x, const Json& a) { return leaky_relu(x, a["negative_slope"]); });
  with("elu", [](Value x, const Json& a) { return elu(x, a["alpha"]); });
  with("celu", [](Value x, const Json& a) { return celu(x, a["alpha"]); });
  with("gelu", [](Value x, const Json& a) {
    return gelu(x, a["approximate"] == "tanh" ? GeluApproximation::tanh : GeluApproximation::none);
  });
  with("hardtanh", [](Value x, const Json& a) { return hardtanh(x, a["min_val"], a["max_val"]); });
  with("softshrink", [](Value x, const Json& a) { return softshrink(x, a["lambd"]); });
  with("hardshrink", [](Value x, const Json& a) { return hardshrink(x, a["lambd"]); });
  with("clamp", [](Value x, const Json& a) { return clamp(x, a["min"].get<float>(), a["max"].get<float>()); });
  with("pow_scalar", [](Value x, const Json& a) { return pow(x, a["exponent"].get<float>()); });
  with("add_scalar", [](Value x, const Json& a) { return add_scalar(x, a["other"]); });
  with("mul_scalar", [](Value x, const Json& a) { return mul_scalar(x, a["other"]); });
}

void add_binary(OpBuilders& builders) {
  const auto binary = [&](const char* name, Value (*function)(Value, Value)) {
    builders[name] = [function](const In& in, const Json&) -> Out { return {function(in[0], in[1])}; };
  };
#define BINARY(name) binary(#name, [](Value a, Value b) { return name(a, b); })
  BINARY(add), BINARY(sub), BINARY(mul), BINARY(div), BINARY(maximum), BINARY(minimum), BINARY(fmod), BINARY(remainder);
  BINARY(pow), BINARY(prelu), BINARY(greater), BINARY(greater_equal), BINARY(less), BINARY(less_equal), BINARY(equal);
  BINARY(not_equal);
#undef BINARY
}

}  // namespace

OpBuilders pointwise_builders() {
  OpBuilders builders;
  add_unary(builders);
  add_with_scalars(builders);
  add_binary(builders);
  builders["where"] = [](const In& in, const Json&) -> Out { return {where(in[0], in[1], in[2])}; };
  return builders;
}

}  // namespace tuff::test
