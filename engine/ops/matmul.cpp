#include "ops/matmul.h"

#include <fmt/format.h>

#include <algorithm>
#include <string>

#include "base/error.h"
#include "ops/einsum.h"
#include "ops/expand.h"
#include "ops/pointwise.h"

namespace tuff {
namespace {

constexpr int kMostBatchAxes = 20;

// `count` letters, the same at the right for every operand, so that they broadcast.
std::string batch_letters(int count) {
  std::string letters;
  for (int i = count; i-- > 0;) letters += static_cast<char>('A' + i);
  return letters;
}

[[noreturn]] void fail(std::string_view op, Value a, Value b, const std::string& why) {
  throw Error(fmt::format("{}: a ({}) and b ({}) {}", op, to_string(a.type()), to_string(b.type()), why));
}

void require_operands(std::string_view op, Value a, Value b) {
  if (a.dtype() != DType::f32 || b.dtype() != DType::f32) fail(op, a, b, "must be f32");
}

Value scaled(Value x, float factor) {
  return factor == 1 ? x : mul_scalar(x, factor);
}

}  // namespace

Value matmul(Value a, Value b) {
  const int rank_a = a.shape().rank(), rank_b = b.shape().rank();
  require_operands("matmul", a, b);
  if (rank_a == 0 || rank_b == 0) fail("matmul", a, b, "must have at least one axis each; use mul for scalars");
  const int batch_a = std::max(0, rank_a - 2), batch_b = std::max(0, rank_b - 2);
  if (std::max(batch_a, batch_b) > kMostBatchAxes)
    fail("matmul", a, b, fmt::format("have more than {} axes of batches", kMostBatchAxes));
  const std::int64_t inner_a = a.shape()[rank_a - 1], inner_b = b.shape()[rank_b == 1 ? 0 : rank_b - 2];
  if (inner_a != inner_b)
    fail("matmul", a, b,
         fmt::format("don't fit: a's last extent is {}, b's {} is {}", inner_a, rank_b == 1 ? "only" : "last but one",
                     inner_b));
  for (int axis = 1; axis <= std::min(batch_a, batch_b); ++axis) {
    const std::int64_t in_a = a.shape()[batch_a - axis], in_b = b.shape()[batch_b - axis];
    if (in_a != in_b && in_a != 1 && in_b != 1)
      fail("matmul", a, b, fmt::format("don't broadcast: {} and {} batches", in_a, in_b));
  }
  const std::string row = rank_a == 1 ? "" : "m", column = rank_b == 1 ? "" : "n";
  return einsum(batch_letters(batch_a) + row + "k," + batch_letters(batch_b) + "k" + column + "->" +
                    batch_letters(std::max(batch_a, batch_b)) + row + column,
                a, b);
}

Value linear(Value x, Value weight, Value bias) {
  require_operands("linear", x, weight);
  const int rank = x.shape().rank();
  if (weight.shape().rank() != 2 || rank == 0 || x.shape()[rank - 1] != weight.shape()[1])
    throw Error(fmt::format("linear: x is {}, weight {}; x must be (..., I), weight (O, I)", to_string(x.type()),
                            to_string(weight.type())));
  const std::int64_t out = weight.shape()[0];
  if (bias && !(bias.type() == TensorType{DType::f32, Shape{out}}))
    throw Error(fmt::format("linear: bias is {}, must be f32 {} for weight {}", to_string(bias.type()), out,
                            to_string(weight.type())));
  if (rank - 1 > kMostBatchAxes)
    fail("linear", x, weight, fmt::format("have more than {} axes of batches", kMostBatchAxes));
  const std::string batch = batch_letters(rank - 1);
  const Value y = einsum(batch + "i,oi->" + batch + "o", x, weight);
  if (!bias) return y;
  // One sample's worth of it can be added in place; the last axis alone can't where channels lie behind it.
  std::vector<std::int64_t> sample = y.shape().extents();
  if (rank < 3) return add(y, bias);
  sample[0] = 1;
  return add(y, expand(bias, Shape(std::move(sample))));
}

Value gemm(Value a, Value b, Value c, const GemmAttributes& attributes) {
  require_operands("gemm", a, b);
  if (a.shape().rank() != 2 || b.shape().rank() != 2) fail("gemm", a, b, "must be matrices");
  const std::int64_t rows = a.shape()[attributes.trans_a ? 1 : 0], columns = b.shape()[attributes.trans_b ? 0 : 1];
  if (a.shape()[attributes.trans_a ? 0 : 1] != b.shape()[attributes.trans_b ? 1 : 0])
    fail("gemm", a, b, fmt::format("don't fit with trans_a={} trans_b={}", attributes.trans_a, attributes.trans_b));
  const std::string equation =
      std::string(attributes.trans_a ? "km" : "mk") + (attributes.trans_b ? ",nk" : ",kn") + "->mn";
  const Value product = scaled(einsum(equation, a, b), attributes.alpha);
  if (!c || attributes.beta == 0) return product;
  const Shape shape{rows, columns};
  if (broadcast("gemm", c.shape(), shape) != shape)
    throw Error(
        fmt::format("gemm: c ({}) doesn't broadcast to the product's {}", to_string(c.type()), to_string(shape)));
  return add(product, scaled(c, attributes.beta));
}

Value addmm(Value input, Value mat1, Value mat2, float beta, float alpha) {
  return gemm(mat1, mat2, input, {.alpha = alpha, .beta = beta});
}

}  // namespace tuff
