#include "ops/einsum_plan.h"

#include <algorithm>
#include <string>
#include <utility>
#include <vector>

#include "ops/einsum.h"

namespace tuff {
namespace {

using Axes = std::vector<ContractionAxis>;

// The stride of a letter's axis, 0 where there is none.
std::int64_t stride_of(char letter, const std::string& letters, const TensorType& type, std::int64_t& extent) {
  const std::size_t axis = letters.find(letter);
  if (axis == std::string::npos || type.shape[static_cast<int>(axis)] == 1) return 0;
  extent = type.shape[static_cast<int>(axis)];
  return strides(type)[axis];
}

bool merges(const ContractionAxis& inner, const ContractionAxis& outer) {
  return outer.left == inner.extent * inner.left && outer.right == inner.extent * inner.right &&
         outer.result == inner.extent * inner.result;
}

// From the innermost outwards, in the order of the result's memory, or for summed axes of the operands'.
void merge(Axes& axes) {
  std::ranges::sort(axes, {}, [](const ContractionAxis& axis) {
    return std::pair{axis.result, std::max(axis.left, axis.right)};
  });
  Axes merged;
  for (const ContractionAxis& axis : axes) {
    if (!merged.empty() && merges(merged.back(), axis))
      merged.back().extent *= axis.extent;
    else
      merged.push_back(axis);
  }
  axes = std::move(merged);
}

// Takes the longest axis out; the others are further batches.
ContractionAxis take_longest(Axes& axes, Axes& batch) {
  if (axes.empty()) return {};
  const auto longest = std::ranges::max_element(axes, {}, &ContractionAxis::extent);
  const ContractionAxis taken = *longest;
  axes.erase(longest);
  batch.insert(batch.end(), axes.begin(), axes.end());
  return taken;
}

// Columns are what kernels write and read side by side.
bool better_swapped(const ContractionAxis& row, const ContractionAxis& column) {
  if (row.extent == 1 || column.extent == 1) return column.extent == 1 && row.extent > 1;
  return row.result == 1;
}

}  // namespace

void Contraction::exchange_operands() {
  std::swap(row, column);
  for (ContractionAxis* axis : {&row, &column, &depth[0], &depth[1], &batch[0], &batch[1], &batch[2]})
    std::swap(axis->left, axis->right);
  swapped = !swapped;
}

Contraction plan_contraction(const EinsumAttributes& attributes, const TensorType& a, const TensorType& b,
                             const TensorType& result) {
  Axes rows, columns, depth, batch;
  std::string letters = attributes.a;
  for (const char letter : attributes.b)
    if (letters.find(letter) == std::string::npos) letters += letter;
  for (const char letter : letters) {
    ContractionAxis axis;
    axis.left = stride_of(letter, attributes.a, a, axis.extent);
    axis.right = stride_of(letter, attributes.b, b, axis.extent);
    axis.result = stride_of(letter, attributes.result, result, axis.extent);
    if (axis.extent == 1) continue;
    Axes& kind = axis.result == 0 ? depth : axis.right == 0 ? rows : axis.left == 0 ? columns : batch;
    kind.push_back(axis);
  }
  for (Axes* axes : {&rows, &columns, &depth}) merge(*axes);

  Contraction plan;
  plan.row = take_longest(rows, batch);
  plan.column = take_longest(columns, batch);
  merge(batch);
  plan.fits = depth.size() <= plan.depth.size() && batch.size() <= plan.batch.size();
  if (!plan.fits) return plan;
  // The inner depth is the one that some operand holds side by side.
  if (depth.size() == 2 && depth[1].left != 1 && depth[1].right != 1 && depth[0].left != 1 && depth[0].right != 1 &&
      depth[1].extent > depth[0].extent)
    std::swap(depth[0], depth[1]);
  std::ranges::copy(depth, plan.depth.begin());
  std::ranges::copy(batch, plan.batch.begin());
  if (better_swapped(plan.row, plan.column)) plan.exchange_operands();
  return plan;
}

}  // namespace tuff
