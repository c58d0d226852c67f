// A prefetch: brings lines of memory into the caches before loads that go lane by lane want them. Those are some 50
// instructions each, so a CPU that waits for one line doesn't look far enough ahead to see the load of the next, and pays for
// one line after the other; its own prefetchers see no lines side by side where a pixel has more channels than a subgroup
// takes. A load that all lanes share is two instructions: many lines are asked for at once. (Winograd's input transform, 64
// channels: 0.6 of its time.) Only for drivers that do such loads once (DeviceCaps::shared_loads), and of addresses that may
// be read even if no lane is active: such loads are done after the loop's last turn and after `return` too.
#ifndef TUFF_TOUCH_GLSL
#define TUFF_TOUCH_GLSL
#include "common/pairs.glsl"

const uint kLineBytes = 64;

uint touched = 0;

void keep(float loaded) { touched |= floatBitsToUint(loaded); }

void touch(uint64_t address) { keep(FloatLoad(address).at[0]); }

// At the shader's end: `never` is false, which the compiler can't know, so that the loads above stay.
void keep_touched(bool never, uint64_t address) {
  if (never) store_pair(address, vec2(uintBitsToFloat(touched)));
}

#endif
