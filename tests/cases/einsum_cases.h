// Contractions: which axes are rows, columns, depth and batch, and in what order they lie in memory.
#pragma once

#include <fmt/format.h>

#include <map>

#include "ops/einsum.h"
#include "support/indexing.h"
#include "support/op_case.h"
#include "support/random_shapes.h"

namespace tuff::test {

// Every combination of all letters' values, one product each.
inline Array einsum_reference(const std::string& a, const std::string& b, const std::string& result, const Array& x,
                              const Array& y) {
  std::string letters;
  std::vector<std::int64_t> extents;
  for (const auto& [operand, shape] : {std::pair{a, x.shape}, std::pair{b, y.shape}}) {
    for (std::size_t axis = 0; axis < operand.size(); ++axis) {
      const std::size_t at = letters.find(operand[axis]);
      const std::int64_t extent = shape[static_cast<int>(axis)];
      if (at == std::string::npos) {
        letters += operand[axis];
        extents.push_back(extent);
      } else {
        extents[at] = std::max(extents[at], extent);
      }
    }
  }
  const auto strides_of = [&](const std::string& operand, const Shape& shape) {
    std::vector<std::int64_t> found(letters.size(), 0);
    std::int64_t stride = 1;
    for (std::size_t axis = operand.size(); axis-- > 0;) {
      const std::int64_t extent = shape[static_cast<int>(axis)];
      if (extent > 1) found[letters.find(operand[axis])] = stride;
      stride *= extent;
    }
    return found;
  };
  std::vector<std::int64_t> result_extents;
  for (const char letter : result) result_extents.push_back(extents[letters.find(letter)]);
  Array sum{Shape(result_extents)};
  const auto of_x = strides_of(a, x.shape), of_y = strides_of(b, y.shape), of_sum = strides_of(result, sum.shape);
  const auto offset = [](const Index& at, const std::vector<std::int64_t>& strides) {
    std::int64_t found = 0;
    for (std::size_t i = 0; i < at.size(); ++i) found += at[i] * strides[i];
    return static_cast<std::size_t>(found);
  };
  for_each_index(Shape(extents), [&](const Index& at) {
    sum.data[offset(at, of_sum)] += x.data[offset(at, of_x)] * y.data[offset(at, of_y)];
  });
  return sum;
}

inline OpCase einsum_case(const std::string& a, const std::string& b, const std::string& result, const Shape& x,
                          const Shape& y, Layout layout = Layout::channels_last) {
  OpCase op_case{.name = fmt::format("{},{}->{} of {} and {}", a, b, result, to_string(x), to_string(y))};
  op_case.inputs = {{.type = {DType::f32, x, layout}}, {.type = {DType::f32, y}}};
  op_case.build = [=](Graph&, std::span<const Value> in) {
    return std::vector<Value>{einsum(a + "," + b + "->" + result, in[0], in[1])};
  };
  op_case.reference = [=](std::span<const Array> in) {
    return std::vector<Array>{einsum_reference(a, b, result, in[0], in[1])};
  };
  return op_case;
}

// Letters m, k, n and up to two of batches, in any order; sometimes an extent of 1 where the other operand has more.
inline void add_random_einsum_cases(std::vector<OpCase>& cases) {
  ShapeDraws draws("einsum");
  for (int i = 0; i < draws.rounds(10); ++i) {
    std::string a = "mk", b = "kn", result = "mn";
    const std::int64_t batches = draws.between(0, 2);
    for (std::int64_t j = 0; j < batches; ++j)
      for (std::string* letters : {&a, &b, &result})
        letters->insert(static_cast<std::size_t>(draws.between(0, static_cast<std::int64_t>(letters->size()))), 1,
                        j == 0 ? 'A' : 'B');
    if (draws.coin()) std::swap(b[0], b[1]);
    std::map<char, std::int64_t> extents = {{'m', draws.channels(34)},
                                            {'k', draws.channels(20)},
                                            {'n', draws.channels(20)},
                                            {'A', draws.between(1, 3)},
                                            {'B', draws.between(1, 5)}};
    const auto shape = [&](const std::string& letters) {
      std::vector<std::int64_t> found;
      for (const char letter : letters) found.push_back(letter < 'a' && draws.between(0, 3) == 0 ? 1 : extents[letter]);
      return Shape(found);
    };
    const Shape x = shape(a), y = shape(b);
    cases.push_back(einsum_case(a, b, result, x, y));
    cases.back().name = draws.name(cases.back().name);
  }
}

inline std::vector<OpCase> einsum_cases() {
  std::vector<OpCase> cases = {
      einsum_case("mk", "kn", "mn", {1, 1}, {1, 1}),
      einsum_case("mk", "kn", "mn", {17, 12}, {12, 20}),    // nn
      einsum_case("mk", "nk", "mn", {5, 8}, {7, 8}),        // nt
      einsum_case("km", "kn", "mn", {9, 8}, {9, 12}),       // tn
      einsum_case("km", "nk", "mn", {8, 12}, {9, 8}),       // tt
      einsum_case("mk", "kn", "mn", {65, 17}, {17, 63}),    // around tiles, nothing in fours
      einsum_case("mk", "kn", "nm", {6, 8}, {8, 12}),       // the result transposed
      einsum_case("mk", "kn", "mn", {3, 520}, {520, 4}),    // parts
      einsum_case("mk", "kn", "mn", {2, 4100}, {4100, 3}),  // parts for accuracy's sake
      einsum_case("k", "k", "", {67}, {67}),
      einsum_case("m", "n", "mn", {5}, {9}),
      einsum_case("bmk", "bkn", "bmn", {3, 5, 8}, {3, 8, 6}),
      einsum_case("bhmk", "bhnk", "bhmn", {2, 3, 5, 4}, {2, 3, 7, 4}),  // attention
      einsum_case("bhmk", "bhnk", "bmhn", {2, 4, 5, 4}, {2, 4, 7, 4}),
      einsum_case("abcmk", "abckn", "abcmn", {2, 3, 2, 4, 5}, {2, 3, 2, 5, 3}),
      einsum_case("bmk", "kn", "bmn", {3, 5, 8}, {8, 4}),
      einsum_case("bmk", "bkn", "bmn", {1, 5, 8}, {3, 8, 4}),  // broadcast
      einsum_case("bnc", "bnc", "c", {3, 7, 4}, {3, 7, 4}),    // two axes summed
      einsum_case("bxc", "byd", "cd", {3, 2, 4}, {3, 5, 6}),   // x and y stand alone
      einsum_case("oik", "bik", "ob", {4, 3, 5}, {2, 3, 5}, Layout::weight),
      // Axes that lie apart in memory, which are brought side by side first: of the terms, the rows, the batches, of
      // the gradient alone, of an extent that broadcasts, beside an operand of one element.
      einsum_case("abc", "cba", "", {2, 3, 4}, {4, 3, 2}),
      einsum_case("pakbqcr", "kn", "rncqbpa", {2, 3, 5, 2, 3, 2, 2}, {5, 4}),
      einsum_case("aebfc", "cbfae", "bface", {2, 3, 2, 2, 3}, {3, 2, 2, 2, 3}),
      einsum_case("BAmn", "BmkA", "BkAn", {2, 3, 4, 5}, {2, 4, 6, 3}),
      einsum_case("abcdm", "edcba", "dmaebc", {2, 3, 2, 3, 4}, {5, 1, 2, 3, 2}),
      einsum_case("abcde", "f", "ecadb", {2, 3, 2, 3, 2}, {1}),
  };
  add_random_einsum_cases(cases);
  return cases;
}

}  // namespace tuff::test
