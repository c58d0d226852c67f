// Where pixels end that follow a flow field: how Cellpose makes objects of flows (Stringer et al. 2021, "Cellpose: a
// generalist algorithm for cellular segmentation").
#pragma once

#include <cstdint>
#include <vector>

#include "graph/graph.h"
#include "plan/kernel.h"

namespace tuff {

struct FollowFlowsAttributes {
  std::int64_t steps = 200;
  bool operator==(const FollowFlowsAttributes&) const = default;
};

// flows: f32 (N, 2, H, W), (dy, dx) in pixels per step. Result: f32 of that shape, where each pixel is after `steps`
// steps of Euler's method, (y, x) with pixels' centers at whole numbers. Between pixels flows are interpolated
// bilinearly, and no pixel leaves the image; a flow that isn't finite counts as 0. No gradient.
Value follow_flows(Value flows, const FollowFlowsAttributes& attributes = {});

// The same where only the foreground flows: foreground is f32 or i32 (N, 1, H, W), background where 0. There flows
// count as 0, so these pixels stay where they are.
Value follow_flows(Value flows, Value foreground, const FollowFlowsAttributes& attributes = {});

std::vector<Kernel> follow_flows_kernels();

}  // namespace tuff
