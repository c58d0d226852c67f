// Positions in a grid of one-dimensional groups that was folded into y and z because x holds only 65535.
#ifndef TUFF_GRID_GLSL
#define TUFF_GRID_GLSL

// Here, since gl_WorkGroupSize reads as 1 where it stands before this.
layout(local_size_x_id = 0, local_size_y_id = 1, local_size_z_id = 2) in;

uint linear_group() {
  return (gl_WorkGroupID.z * gl_NumWorkGroups.y + gl_WorkGroupID.y) * gl_NumWorkGroups.x + gl_WorkGroupID.x;
}

// At least as many as were asked for: compare with the count.
uint linear_invocation() { return linear_group() * gl_WorkGroupSize.x + gl_LocalInvocationID.x; }

// Where groups work for `rounds` of their size, side by side: start here and step by gl_WorkGroupSize.x.
uint first_of_rounds(uint rounds) {
  return linear_group() * gl_WorkGroupSize.x * rounds + gl_LocalInvocationID.x;
}

// Where round number `round` of the group starts: its first lane.
uint group_round(uint rounds, uint round) {
  return (linear_group() * rounds + round) * gl_WorkGroupSize.x;
}

#endif
