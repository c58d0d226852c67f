// What the optimizers' shaders share (engine/ops/optimizer.h): how the gradient is prepared and the average kept. Four
// elements at a time; UPDATE_BUFFERS and UPDATE_CONSTANTS stand in the push-constant block `push` between the shader's own
// buffers and its own constants, which begin with specialization constant 8.
#ifndef TUFF_UPDATE_GLSL
#define TUFF_UPDATE_GLSL
#include "common/buffers.glsl"
#include "common/grid.glsl"
#ifdef WIDE
#include "common/lanes.glsl"
// Fours of this round; all of a group's lanes have one (Rounds::shares_loads).
#define FOUR(x) load_fours(uint64_t(push.x) + uint64_t(first) * 16)
#define STORE_FOUR(x, v) Vec4Store(push.x).at[i] = stored(v)
#else
#define FOUR(x) push.x.at[i]
#define STORE_FOUR(x, v) push.x.at[i] = v
#endif

layout(constant_id = 3) const uint kScaled = 0;    // 1: gradients are multiplied by gradient_scale
layout(constant_id = 4) const uint kFactors = 0;   // 1: weight decay and l1 by decay_factors, one for 64 elements
layout(constant_id = 5) const uint kAveraged = 0;  // 1: there is a moving average
layout(constant_id = 6) const uint kL1 = 0;        // 1: l1 isn't 0
layout(constant_id = 7) const uint kSkippable = 0; // 1: nothing is written where skip isn't 0

#define UPDATE_BUFFERS   \
  FloatIn gradient_scale; \
  FloatIn skip;           \
  FloatIn decay_factors;  \
  Vec4InOut average;
#define UPDATE_CONSTANTS \
  uint count;            \
  uint rounds;           \
  float l1, one_minus_average_decay;

#define DECAY_FACTOR(i) (kFactors == 1 ? push.decay_factors.at[(i) / 16] : 1.0)

// Scaled, with l1 and coupled decay.
#define PREPARED_GRADIENT(parameters, coupled_decay)                                                 \
  ((kScaled == 1 ? push.gradient_scale.at[0] : 1.0) * FOUR(gradients) +                              \
   DECAY_FACTOR(i) * (coupled_decay) * (parameters) +                                               \
   (kL1 == 1 ? DECAY_FACTOR(i) * push.l1 * sign(parameters) : vec4(0.0)))

// Stores new parameters and takes them into the average; `first`: in the first step.
#define STORE_PARAMETERS(updated, is_first)                                                         \
  STORE_FOUR(parameters, updated);                                                                  \
  if (kAveraged == 1) {                                                                             \
    vec4 before = FOUR(average);                                                                    \
    STORE_FOUR(average, is_first ? updated : before + push.one_minus_average_decay * (updated - before)); \
  }

#define UPDATE_ALL                                                        \
  if (kSkippable == 1 && push.skip.at[0] != 0.0) return;                  \
  uint i = first_of_rounds(push.rounds);                                  \
  for (uint round = 0; round < push.rounds && i < push.count; ++round) {  \
    update(i, min(group_round(push.rounds, round), push.count - gl_WorkGroupSize.x)); \
    i += gl_WorkGroupSize.x;                                              \
  }

#endif
