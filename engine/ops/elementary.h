// Elementary functions composed of ops/pointwise.h's, element by element, with its broadcasting and PyTorch's names,
// special values and gradients. What is true or false is 1 or 0; any number but 0 counts as true.
#pragma once

#include "graph/graph.h"

namespace tuff {

// Gradients of ceil, floor, round, trunc, sign, divide_truncating and of comparisons are 0.
Value ceil(Value x);
Value trunc(Value x);
Value divide_truncating(Value a, Value b);   // trunc(a / b) of whole numbers, exact up to 2^24: integer division
Value norm_root(Value powers, float p = 2);  // powers^(1/p) whose gradient is 0 at 0, as PyTorch has that of norms
Value tan(Value x);
Value atanh(Value x);
Value log2(Value x);
Value remainder(Value a, Value b);  // a - b floor(a / b), exact; the result has b's sign (fmod: a's)

Value isinf(Value x, bool positive = true, bool negative = true);  // of which sign
Value isfinite(Value x);
Value logical_not(Value x);
Value logical_and(Value a, Value b);
Value logical_or(Value a, Value b);
Value logical_xor(Value a, Value b);

// min(max(x, low), high); either bound may be empty. NaN in x or a bound gives NaN. x has the gradient where it lies on
// a bound, and `high` where it is below `low`.
Value clamp(Value x, Value low, Value high);

// start + weight (end - start), from the end that is nearer.
Value lerp(Value start, Value end, float weight);
Value lerp(Value start, Value end, Value weight);

}  // namespace tuff
