// Reductions, searches and sums of products on the host: integers in 64 bits (sums and products wrap), floats in
// double.
#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>
#include <type_traits>

#include "onnx/evaluate.h"
#include "onnx/shapes.h"

namespace tuff::onnx {
namespace {

// The numbers of an array in the widest type of its kind.
template <class T>
std::vector<T> wide_values(const Array& array) {
  if constexpr (std::is_same_v<T, double>) {
    return numbers(array);
  } else {
    const Array wide = convert(array, std::is_signed_v<T> ? ElementType::i64 : ElementType::u64);
    return {wide.as<T>().begin(), wide.as<T>().end()};
  }
}

// Calls f.template operator()<double, std::int64_t or std::uint64_t>(): what the elements are computed in.
template <class F>
Array in_wide_type(const Array& array, F&& f) {
  if (array.type == ElementType::u64) return f.template operator()<std::uint64_t>();
  return is_floating(array.type) ? f.template operator()<double>() : f.template operator()<std::int64_t>();
}

template <class T>
constexpr ElementType kWide = std::is_same_v<T, double>         ? ElementType::f64
                              : std::is_same_v<T, std::int64_t> ? ElementType::i64
                                                                : ElementType::u64;

// What a sum or product becomes where integers wrap.
template <class T>
using Wrapping = std::conditional_t<std::is_floating_point_v<T>, T, std::uint64_t>;

template <class T>
T plus(T a, T b) {
  return static_cast<T>(static_cast<Wrapping<T>>(a) + static_cast<Wrapping<T>>(b));
}

template <class T>
T times(T a, T b) {
  return static_cast<T>(static_cast<Wrapping<T>>(a) * static_cast<Wrapping<T>>(b));
}

template <class T>
Array from_wide(const EvaluationContext& node, ElementType type, const Extents& shape, const std::vector<T>& values) {
  Array wide = node.make(kWide<T>, shape);
  std::ranges::copy(values, wide.as<T>().begin());
  return convert(wide, type);
}

struct Fold {
  enum class Kind : std::uint8_t { sum, mean, product, max, min, l1, l2, squares, log_sum, log_sum_exp };
};
using Kind = Fold::Kind;

template <class T>
T start_of(Kind kind) {
  using Limits = std::numeric_limits<T>;
  if (kind == Kind::product) return 1;
  if (kind == Kind::max) return Limits::has_infinity ? -Limits::infinity() : Limits::lowest();
  if (kind == Kind::min) return Limits::has_infinity ? Limits::infinity() : Limits::max();
  return 0;
}

template <class T>
T folded(Kind kind, T sum, T x) {
  switch (kind) {
    case Kind::product: return times(sum, x);
    case Kind::max: return x > sum || x != x ? x : sum;
    case Kind::min: return x < sum || x != x ? x : sum;
    case Kind::l1: return plus(sum, x < 0 ? times(x, static_cast<T>(-1)) : x);
    case Kind::l2:
    case Kind::squares: return plus(sum, times(x, x));
    default: return plus(sum, x);
  }
}

template <class T>
T finished(Kind kind, T sum, std::int64_t count) {
  const auto real = static_cast<double>(sum);
  switch (kind) {
    case Kind::mean: return count == 0 ? static_cast<T>(std::nan("")) : static_cast<T>(sum / static_cast<T>(count));
    case Kind::l2: return static_cast<T>(std::sqrt(real));
    case Kind::log_sum: return static_cast<T>(std::log(real));
    default: return sum;
  }
}

// Which of `results` sums an element at an index belongs to.
std::size_t sum_of(const Extents& strides, const Extents& index) {
  return static_cast<std::size_t>(std::inner_product(strides.begin(), strides.end(), index.begin(), std::int64_t{0}));
}

// max + log(sum(exp(x - max))), in double for integers too: exponentials of 710 and more would overflow, and those of
// negative integers are fractions.
std::vector<double> log_sums_of_exponentials(const Array& x, const Extents& strides, std::size_t results) {
  std::vector<double> largest(results, start_of<double>(Kind::max)), sums(results, 0);
  const std::vector<double> values = numbers(x);
  IndexWalk walk(x.shape);
  for (const double value : values) {
    double& there = largest[sum_of(strides, walk.index())];
    there = folded(Kind::max, there, value);
    walk.next();
  }
  walk = IndexWalk(x.shape);
  for (const double value : values) {
    const std::size_t to = sum_of(strides, walk.index());
    sums[to] += std::exp(value - largest[to]);
    walk.next();
  }
  for (std::size_t i = 0; i < results; ++i)
    sums[i] = std::isfinite(largest[i]) ? largest[i] + std::log(sums[i]) : largest[i];
  return sums;
}

template <Kind kind>
Arrays reduce(const EvaluationContext& node) {
  const Array& x = node.array(0);
  const std::vector<int> axes = reduced_axes(node);
  if (axes.empty() && node.rank(0) > 0) {  // noop: elementwise functions still apply
    if (kind == Kind::sum || kind == Kind::mean || kind == Kind::product || kind == Kind::max || kind == Kind::min)
      return {x};
  }
  const bool keep = node.integer("keepdims", 1) != 0;
  Extents strides(x.shape.size(), 0), shape, kept;
  for (std::size_t axis = 0; axis < x.shape.size(); ++axis) {
    const bool reduced = std::ranges::find(axes, static_cast<int>(axis)) != axes.end();
    kept.push_back(reduced ? 1 : x.shape[axis]);
    if (!reduced || keep) shape.push_back(kept.back());
  }
  const Extents full = row_major_strides(kept);
  for (std::size_t axis = 0; axis < kept.size(); ++axis) strides[axis] = kept[axis] == 1 ? 0 : full[axis];
  const std::int64_t results = product(kept), count = results == 0 ? 0 : x.elements() / results;
  node.make(ElementType::f64, shape);  // the limit, of what is summed in
  if (kind == Kind::log_sum_exp) {
    const std::vector<double> sums = log_sums_of_exponentials(x, strides, static_cast<std::size_t>(results));
    return {from_wide(node, x.type, shape, sums)};
  }
  return {in_wide_type(x, [&]<class T>() {
    std::vector<T> sums(static_cast<std::size_t>(results), start_of<T>(kind));
    IndexWalk walk(x.shape);
    for (const T value : wide_values<T>(x)) {
      T& sum = sums[sum_of(strides, walk.index())];
      sum = folded(kind, sum, value);
      walk.next();
    }
    for (T& sum : sums) sum = finished(kind, sum, count);
    if (count == 0 && (kind == Kind::max || kind == Kind::min) && x.type == ElementType::boolean)
      std::ranges::fill(sums, T{kind == Kind::min});
    return from_wide(node, x.type, shape, sums);
  })};
}

// The extents before, of and after an axis.
struct Lines {
  std::int64_t outer = 1, extent = 1, inner = 1;
  std::size_t at(std::int64_t line, std::int64_t i) const {
    return static_cast<std::size_t>((line / inner * extent + i) * inner + line % inner);
  }
  std::int64_t count() const { return outer * inner; }
};

Lines lines_of(const Extents& shape, int axis) {
  const auto middle = shape.begin() + axis;
  return {product(Extents(shape.begin(), middle)), *middle, product(Extents(middle + 1, shape.end()))};
}

template <bool max>
Arrays arg_extreme(const EvaluationContext& node) {
  const Array& x = node.array(0);
  const int axis = node.axis(node.integer("axis", 0), node.rank(0));
  const bool last = node.integer("select_last_index", 0) != 0;
  const Lines lines = lines_of(x.shape, axis);
  if (lines.extent == 0) node.fail("an axis without elements has no largest one");
  Extents shape = x.shape;
  shape[static_cast<std::size_t>(axis)] = 1;
  if (node.integer("keepdims", 1) == 0) shape.erase(shape.begin() + axis);
  Array result = node.make(ElementType::i64, shape);
  const std::span<std::int64_t> found = result.as<std::int64_t>();
  in_wide_type(x, [&]<class T>() {
    const std::vector<T> values = wide_values<T>(x);
    for (std::int64_t line = 0; line < std::ssize(found); ++line) {
      std::int64_t& best = found[static_cast<std::size_t>(line)];
      for (std::int64_t i = 1; i < lines.extent; ++i) {
        const T a = values[lines.at(line, i)], b = values[lines.at(line, best)];
        if ((max ? a > b : a < b) || (last && a == b)) best = i;
      }
    }
    return Array{};
  });
  return {std::move(result)};
}

template <bool multiplied>
Arrays cumulative(const EvaluationContext& node) {
  const Array& x = node.array(0);
  const Lines lines = lines_of(x.shape, node.axis(node.single_integer(1), node.rank(0)));
  if (x.elements() == 0) return {x};
  const bool exclusive = node.integer("exclusive", 0) != 0, reverse = node.integer("reverse", 0) != 0;
  return {in_wide_type(x, [&]<class T>() {
    std::vector<T> values = wide_values<T>(x);
    for (std::int64_t line = 0; line < lines.count(); ++line) {
      T sum = multiplied;  // or product
      for (std::int64_t i = 0; i < lines.extent; ++i) {
        T& value = values[lines.at(line, reverse ? lines.extent - 1 - i : i)];
        const T before = sum;
        sum = multiplied ? times(sum, value) : plus(sum, value);
        value = exclusive ? before : sum;
      }
    }
    return from_wide(node, x.type, x.shape, values);
  })};
}

// NaN counts as the largest number, as NumPy and PyTorch sort it.
template <class T>
bool precedes(T a, T b, bool largest) {
  if constexpr (std::is_floating_point_v<T>) {
    if (std::isnan(a) || std::isnan(b)) return largest ? !std::isnan(b) : !std::isnan(a);
  }
  return largest ? a > b : a < b;
}

Arrays top_k(const EvaluationContext& node) {
  const Array& x = node.array(0);
  const std::int64_t k = node.has(1) ? node.single_integer(1) : node.integer("k", -1);
  const int axis = node.axis(node.integer("axis", -1), node.rank(0));
  const Lines lines = lines_of(x.shape, axis);
  if (k < 0 || k > lines.extent) node.fail(fmt::format("k is {} on an axis of {}", k, lines.extent));
  const bool largest = node.integer("largest", 1) != 0;
  Extents shape = x.shape;
  shape[static_cast<std::size_t>(axis)] = k;
  Array values = node.make(x.type, shape), indices = node.make(ElementType::i64, shape);
  if (values.elements() == 0) return {std::move(values), std::move(indices)};
  const Lines kept{lines.outer, k, lines.inner};
  in_wide_type(x, [&]<class T>() {
    const std::vector<T> all = wide_values<T>(x);
    std::vector<std::int64_t> order(static_cast<std::size_t>(lines.extent));
    for (std::int64_t line = 0; line < lines.count(); ++line) {
      std::iota(order.begin(), order.end(), 0);
      std::ranges::stable_sort(order, [&](std::int64_t a, std::int64_t b) {
        return precedes(all[lines.at(line, a)], all[lines.at(line, b)], largest);
      });
      for (std::int64_t i = 0; i < k; ++i) {
        const std::int64_t from = order[static_cast<std::size_t>(i)];
        copy_element(x, static_cast<std::int64_t>(lines.at(line, from)), values,
                     static_cast<std::int64_t>(kept.at(line, i)));
        indices.as<std::int64_t>()[kept.at(line, i)] = from;
      }
    }
    return Array{};
  });
  return {std::move(values), std::move(indices)};
}

Extents leading(const Extents& shape) {
  return shape.size() < 2 ? Extents{} : Extents(shape.begin(), shape.end() - 2);
}

// MatMul with NumPy's rules: vectors become matrices for the product, leading axes broadcast.
Arrays matmul(const EvaluationContext& node) {
  Array a = node.array(0), b = node.array(1);
  if (a.shape.empty() || b.shape.empty()) node.fail("one of its inputs is a scalar");
  const bool row = a.rank() == 1, column = b.rank() == 1;
  if (row) a.shape.insert(a.shape.begin(), 1);
  if (column) b.shape.push_back(1);
  const Extents batch = broadcast_shapes(node, leading(a.shape), leading(b.shape));
  const std::int64_t m = a.shape[a.shape.size() - 2], k = a.shape.back(), n = b.shape.back();
  if (b.shape[b.shape.size() - 2] != k)
    node.fail(fmt::format("{} and {} don't fit", shape_text(a.shape), shape_text(b.shape)));
  const auto with = [&](std::int64_t rows, std::int64_t columns) {
    Extents shape = batch;
    shape.insert(shape.end(), {rows, columns});
    return shape;
  };
  Extents shape = batch;
  if (!row) shape.push_back(m);
  if (!column) shape.push_back(n);
  const Array empty = node.make(a.type, shape);
  if (empty.elements() == 0 || k == 0) return {empty};
  a = expand_array(node, a, with(m, k));
  b = expand_array(node, b, with(k, n));
  return {in_wide_type(a, [&]<class T>() {
    const std::vector<T> left = wide_values<T>(a), right = wide_values<T>(b);
    std::vector<T> sums(static_cast<std::size_t>(product(shape)), 0);
    for (std::size_t i = 0; i < sums.size(); ++i) {
      const std::int64_t at = static_cast<std::int64_t>(i), line = at / n, matrix = line / m;
      for (std::int64_t j = 0; j < k; ++j)
        sums[i] = plus(sums[i], times(left[static_cast<std::size_t>(line * k + j)],
                                      right[static_cast<std::size_t>((matrix * k + j) * n + at % n)]));
    }
    return from_wide(node, a.type, shape, sums);
  })};
}

Array transposed(const Array& x) {
  Array result(x.type, {x.shape[1], x.shape[0]});
  for (std::int64_t i = 0; i < x.elements(); ++i)
    copy_element(x, i, result, i % x.shape[1] * x.shape[0] + i / x.shape[1]);
  return result;
}

// alpha a b + beta c; of integers exact where alpha and beta are 1.
Arrays gemm(const EvaluationContext& node) {
  Array a = node.array(0), b = node.array(1);
  if (a.rank() != 2 || b.rank() != 2) node.fail("its inputs aren't matrices");
  node.require_same_type(1, 0);
  if (node.integer("transA", 0) != 0) a = transposed(a);
  if (node.integer("transB", 0) != 0) b = transposed(b);
  const std::int64_t m = a.shape[0], k = a.shape[1], n = b.shape[1];
  if (b.shape[0] != k) node.fail(fmt::format("{} and {} don't fit", shape_text(a.shape), shape_text(b.shape)));
  const Extents shape = {m, n};
  const Array empty = node.make(a.type, shape);
  if (empty.elements() == 0) return {empty};
  Array c = empty;
  if (node.has(2)) {
    node.require_same_type(2, 0);
    if (broadcast_shapes(node, node.shape(2), shape) != shape)
      node.fail(fmt::format("input 2 ({}) doesn't broadcast to {}", shape_text(node.shape(2)), shape_text(shape)));
    c = expand_array(node, node.array(2), shape);
  }
  const auto alpha = static_cast<double>(node.number("alpha", 1)), beta = static_cast<double>(node.number("beta", 1));
  return {in_wide_type(a, [&]<class T>() {
    const std::vector<T> left = wide_values<T>(a), right = wide_values<T>(b);
    std::vector<T> sums = wide_values<T>(c);
    const auto scaled = [](T x, double factor) {
      return factor == 1 ? x : static_cast<T>(static_cast<double>(x) * factor);
    };
    for (std::size_t i = 0; i < sums.size(); ++i) {
      const std::int64_t at = static_cast<std::int64_t>(i), line = at / n;
      T sum = 0;
      for (std::int64_t j = 0; j < k; ++j)
        sum = plus(
            sum, times(left[static_cast<std::size_t>(line * k + j)], right[static_cast<std::size_t>(j * n + at % n)]));
      sums[i] = plus(scaled(sum, alpha), scaled(sums[i], beta));
    }
    return from_wide(node, a.type, shape, sums);
  })};
}

}  // namespace

std::span<const EvaluatorRow> reduction_evaluators() {
  static constexpr EvaluatorRow kRows[] = {
      {"ArgMax", arg_extreme<true>},
      {"ArgMin", arg_extreme<false>},
      {"CumProd", cumulative<true>},
      {"CumSum", cumulative<false>},
      {"Gemm", gemm},
      {"MatMul", matmul},
      {"ReduceL1", reduce<Kind::l1>},
      {"ReduceL2", reduce<Kind::l2>},
      {"ReduceLogSum", reduce<Kind::log_sum>},
      {"ReduceLogSumExp", reduce<Kind::log_sum_exp>},
      {"ReduceMax", reduce<Kind::max>},
      {"ReduceMean", reduce<Kind::mean>},
      {"ReduceMin", reduce<Kind::min>},
      {"ReduceProd", reduce<Kind::product>},
      {"ReduceSum", reduce<Kind::sum>},
      {"ReduceSumSquare", reduce<Kind::squares>},
      {"TopK", top_k},
  };
  return kRows;
}

}  // namespace tuff::onnx
