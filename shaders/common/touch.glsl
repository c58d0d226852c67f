// Brings lines of memory into the caches before loads that go lane by lane want them. Those are some 50 instructions each, so
// a CPU that waits for one line doesn't look far enough ahead to see the load of the next, and pays for one line after the
// other; its prefetchers see no lines side by side where a pixel has more channels than a subgroup takes. A load that all
// lanes share is two instructions: many lines are asked for at once. (Winograd's input transform, 64 channels: 0.6 of its
// time.) Only for drivers that do such loads once (DeviceCaps::shared_loads), and where the address may be read even if no
// lane is active, see docs/kernels.md.
#ifndef TUFF_TOUCH_GLSL
#define TUFF_TOUCH_GLSL
#include "common/pairs.glsl"

const uint kLineBytes = 64;

float touched = 0.0;

void touch(uint64_t address) { touched += FloatLoad(address).at[0]; }

// At the shader's end: `never` is false, which the compiler can't know, so that the loads above stay.
void keep_touched(bool never, uint64_t address) {
  if (never) store_pair(address, vec2(touched));
}

#endif
