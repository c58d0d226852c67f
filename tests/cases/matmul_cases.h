// matmul of all pairs of ranks, linear, gemm.
#pragma once

#include <fmt/format.h>

#include "cases/einsum_cases.h"
#include "ops/matmul.h"

namespace tuff::test {

// `letters_*` say what the product is.
inline OpCase matmul_case(const Shape& a, const Shape& b, const std::string& letters_a, const std::string& letters_b,
                          const std::string& result) {
  OpCase op_case{.name = fmt::format("matmul {} {}", to_string(a), to_string(b))};
  op_case.inputs = {{.type = {DType::f32, a}}, {.type = {DType::f32, b}}};
  op_case.build = [](Graph&, std::span<const Value> x) { return std::vector<Value>{matmul(x[0], x[1])}; };
  op_case.reference = [=](std::span<const Array> x) {
    return std::vector<Array>{einsum_reference(letters_a, letters_b, result, x[0], x[1])};
  };
  return op_case;
}

inline OpCase linear_case(const Shape& x, std::int64_t out, bool bias) {
  OpCase op_case{.name = fmt::format("linear {} to {}{}", to_string(x), out, bias ? ", bias" : "")};
  const std::int64_t in = x[x.rank() - 1];
  op_case.inputs = {{.type = {DType::f32, x}}, {.type = {DType::f32, Shape{out, in}}}};
  if (bias) op_case.inputs.push_back({.type = {DType::f32, Shape{out}}});
  op_case.build = [=](Graph&, std::span<const Value> in_) {
    return std::vector<Value>{linear(in_[0], in_[1], bias ? in_[2] : Value{})};
  };
  op_case.reference = [=](std::span<const Array> in_) {
    const std::string batch = std::string("ABCDE").substr(0, static_cast<std::size_t>(x.rank() - 1));
    Array y = einsum_reference(batch + "i", "oi", batch + "o", in_[0], in_[1]);
    if (bias)
      for (std::size_t i = 0; i < y.data.size(); ++i) y.data[i] += in_[2].data[i % static_cast<std::size_t>(out)];
    return std::vector<Array>{y};
  };
  return op_case;
}

inline OpCase gemm_case(const GemmAttributes& attributes, const Shape& c) {
  OpCase op_case{.name = fmt::format("gemm {} {} {} {} c {}", attributes.alpha, attributes.beta, attributes.trans_a,
                                     attributes.trans_b, to_string(c))};
  const std::string a = attributes.trans_a ? "km" : "mk", b = attributes.trans_b ? "nk" : "kn";
  op_case.inputs = {{.type = {DType::f32, attributes.trans_a ? Shape{6, 5} : Shape{5, 6}}},
                    {.type = {DType::f32, attributes.trans_b ? Shape{7, 6} : Shape{6, 7}}},
                    {.type = {DType::f32, c}}};
  op_case.build = [=](Graph&, std::span<const Value> x) {
    return std::vector<Value>{gemm(x[0], x[1], x[2], attributes)};
  };
  op_case.reference = [=](std::span<const Array> x) {
    Array y = einsum_reference(a, b, "mn", x[0], x[1]);
    const auto width = static_cast<std::size_t>(c.rank() == 0 ? 1 : c[c.rank() - 1]);
    const bool rows = c.rank() == 2 && c[0] > 1;
    for (std::size_t i = 0; i < y.data.size(); ++i)
      y.data[i] =
          static_cast<double>(attributes.alpha) * y.data[i] +
          static_cast<double>(attributes.beta) * x[2].data[(rows ? i / 7 * width : 0) + (width > 1 ? i % 7 : 0)];
    return std::vector<Array>{y};
  };
  return op_case;
}

inline std::vector<OpCase> matmul_cases() {
  std::vector<OpCase> cases = {
      matmul_case({5}, {5}, "k", "k", ""),
      matmul_case({5}, {5, 3}, "k", "kn", "n"),
      matmul_case({4, 5}, {5}, "mk", "k", "m"),
      matmul_case({4, 5}, {5, 3}, "mk", "kn", "mn"),
      matmul_case({1, 64}, {64, 32}, "mk", "kn", "mn"),
      matmul_case({5}, {2, 5, 3}, "k", "bkn", "bn"),
      matmul_case({2, 4, 5}, {5}, "bmk", "k", "bm"),
      matmul_case({2, 3, 4, 5}, {5}, "abmk", "k", "abm"),
      matmul_case({2, 4, 8}, {2, 8, 12}, "bmk", "bkn", "bmn"),
      matmul_case({4, 5}, {2, 5, 3}, "mk", "bkn", "bmn"),
      matmul_case({2, 1, 4, 5}, {3, 5, 6}, "abmk", "bkn", "abmn"),
      matmul_case({2, 3, 4, 8}, {1, 1, 8, 4}, "abmk", "abkn", "abmn"),
      matmul_case({2, 1, 3, 4, 5}, {2, 1, 5, 2}, "abcmk", "bckn", "abcmn"),
      matmul_case({33, 65}, {65, 31}, "mk", "kn", "mn"),
      linear_case({6}, 5, true),
      linear_case({3, 8}, 12, true),
      linear_case({64, 100}, 10, false),
      linear_case({2, 5, 8}, 4, true),
      linear_case({2, 3, 4, 5}, 6, true),
      linear_case({2, 3, 2, 4, 5}, 4, true),
      gemm_case({}, {7}),
      gemm_case({.alpha = 0.5f, .beta = -2}, {5, 7}),
      gemm_case({.trans_a = true}, {5, 1}),
      gemm_case({.beta = 0.25f, .trans_b = true}, {1, 7}),
      gemm_case({.alpha = 2, .trans_a = true, .trans_b = true}, {}),
  };
  ShapeDraws draws("linear");
  for (int i = 0; i < draws.rounds(4); ++i) {
    cases.push_back(
        linear_case(draws.shape(static_cast<int>(draws.between(1, 4)), 600), draws.channels(20), draws.coin()));
    cases.back().name = draws.name(cases.back().name);
  }
  return cases;
}

}  // namespace tuff::test
