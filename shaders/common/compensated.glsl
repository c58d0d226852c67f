// Sums that stay exact to about one rounding however many terms they have (Kahan 1965).
#ifndef TUFF_COMPENSATED_GLSL
#define TUFF_COMPENSATED_GLSL

// `lost` starts at 0 and holds what rounding took from the sum.
#define DEFINE_ADD_TO(TYPE)                                   \
  void add_to(inout TYPE sum, inout TYPE lost, TYPE term) {   \
    precise TYPE corrected = term - lost;                     \
    precise TYPE next = sum + corrected;                      \
    precise TYPE added = next - sum;                          \
    precise TYPE rest = added - corrected;                    \
    lost = rest;                                              \
    sum = next;                                               \
  }

DEFINE_ADD_TO(float)
DEFINE_ADD_TO(vec4)

#endif
