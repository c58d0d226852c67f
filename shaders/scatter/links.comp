#version 450
#extension GL_GOOGLE_include_directive : require
#extension GL_EXT_buffer_reference : require
// Chains the updates of each row of n: links[k] is the next update after k with k's index, m where there is none;
// links[m + k] is 1 where k is the first of its row. Updates outside of the rows are no first ones. One invocation per
// update, which compares with the others: m^2 comparisons, whatever the rows hold.
#include "common/grid.glsl"
#include "common/vector.glsl"

layout(push_constant) uniform Push {
  IntIn index;
  UintOut links;
  uint m;
  int n;
};

int row_of(uint k) {
  int at = index.at[k];
  return at < 0 ? at + n : at;
}

void main() {
  uint k = linear_invocation();
  if (k >= m) return;
  int row = row_of(k);
  uint next = k + 1;
  while (next < m && row_of(next) != row) ++next;
  links.at[k] = next;
  bool first = row >= 0 && row < n;
  for (uint before = 0; before < k && first; ++before) first = row_of(before) != row;
  links.at[m + k] = first ? 1 : 0;
}
