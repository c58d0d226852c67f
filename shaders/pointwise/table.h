// Every elementwise op: one row each, read by C++ (engine/ops/pointwise*.cpp) and by GLSL (pointwise/program.comp).
//
//   POINTWISE(opcode, name, arity, immediate, expression, gradient of a, of b, of c)
//
// opcode       its number in programs; never reused, rows may be added at the end
// immediate    1 where the op carries one float, `s` in the expression ("leaky_relu(x, 0.1)")
// expression   the result from operands a, b, c and s: C++ over float or double, GLSL over float; the functions
//              it calls are in engine/ops/pointwise_program.cpp and shaders/common/math.glsl
// gradients    C++ over Values: a, b, c operands, y result, g upstream gradient, s immediate; `none` where
//              nothing flows. Broadcasting is undone by the caller.
//
// Rows from kFirstFunction (128) on are compiled into the shader's "functions" variants alone, which programs that hold
// one of them run on: further rows there slow no other program. Most functions need no row: activation.h composes them.
//
// Comparisons give 1 or 0. Gradients use y instead of a where they can: then a need not be kept.
// Ties of maximum and minimum share the gradient evenly, relu's gradient at 0 is 0, abs' is 0: as in PyTorch.

POINTWISE(0, add, 2, 0, a + b, g, g, none)
POINTWISE(1, sub, 2, 0, a - b, g, neg(g), none)
POINTWISE(2, mul, 2, 0, a* b, mul(g, b), mul(g, a), none)
POINTWISE(3, div, 2, 0, a / b, div(g, b), neg(mul(g, div(y, b))), none)
POINTWISE(4, maximum, 2, 0, nan_max(a, b), mul(g, greater_share(a, b)), mul(g, greater_share(b, a)), none)
POINTWISE(5, minimum, 2, 0, nan_min(a, b), mul(g, greater_share(b, a)), mul(g, greater_share(a, b)), none)
POINTWISE(6, pow, 2, 0, power(a, b), mask(mul(g, mul(b, pow(a, add_scalar(b, -1.0f)))), b),
          mul(g, mask(mul(y, log(a)), add(abs(a), less(b, 0.0f)))), none)
POINTWISE(7, greater, 2, 0, a > b ? 1.0f : 0.0f, none, none, none)
POINTWISE(8, greater_equal, 2, 0, a >= b ? 1.0f : 0.0f, none, none, none)
POINTWISE(9, less, 2, 0, a < b ? 1.0f : 0.0f, none, none, none)
POINTWISE(10, less_equal, 2, 0, a <= b ? 1.0f : 0.0f, none, none, none)
POINTWISE(11, equal, 2, 0, a == b ? 1.0f : 0.0f, none, none, none)
POINTWISE(12, not_equal, 2, 0, a != b ? 1.0f : 0.0f, none, none, none)
POINTWISE(13, where, 3, 0, a != 0.0f ? b : c, none, mask(g, a), mask(g, equal(a, 0.0f)))
POINTWISE(14, mask, 2, 0, b != 0.0f ? a : 0.0f, mask(g, b), none, none)
POINTWISE(15, greater_share, 2, 0, a < b ? 0.0f : a == b ? 0.5f : 1.0f, none, none, none)
POINTWISE(16, xlogy, 2, 0, a == 0.0f ? 0.0f : a * logarithm(b), mul(g, log(b)), mul(g, div(a, b)), none)

POINTWISE(20, add_scalar, 1, 1, a + s, g, none, none)
POINTWISE(21, mul_scalar, 1, 1, a* s, mul_scalar(g, s), none, none)
POINTWISE(22, pow_scalar, 1, 1, power(a, s), s == 0.0f ? none : mul(g, mul_scalar(pow(a, s - 1.0f), s)), none, none)
POINTWISE(23, clamp_min, 1, 1, a < s ? s : a, mask(g, greater_equal(a, s)), none, none)
POINTWISE(24, clamp_max, 1, 1, a > s ? s : a, mask(g, less_equal(a, s)), none, none)
POINTWISE(25, greater_scalar, 1, 1, a > s ? 1.0f : 0.0f, none, none, none)
POINTWISE(26, greater_equal_scalar, 1, 1, a >= s ? 1.0f : 0.0f, none, none, none)
POINTWISE(27, less_scalar, 1, 1, a < s ? 1.0f : 0.0f, none, none, none)
POINTWISE(28, less_equal_scalar, 1, 1, a <= s ? 1.0f : 0.0f, none, none, none)
POINTWISE(29, equal_scalar, 1, 1, a == s ? 1.0f : 0.0f, none, none, none)

POINTWISE(40, neg, 1, 0, -a, neg(g), none, none)
POINTWISE(41, relu, 1, 0, a <= 0.0f ? 0.0f : a, relu_gradient(g, y), none, none)
POINTWISE(42, relu_gradient, 2, 0, b <= 0.0f ? 0.0f : a, relu_gradient(g, b), none, none)
POINTWISE(43, leaky_relu, 1, 1, a > 0.0f ? a : a * s, leaky_relu_gradient(g, s < 0.0f ? a : y, s), none, none)
POINTWISE(44, leaky_relu_gradient, 2, 1, b > 0.0f ? a : a * s, leaky_relu_gradient(g, b, s), none, none)
POINTWISE(45, sigmoid, 1, 0, logistic(a), mul(g, mul(y, add_scalar(neg(y), 1.0f))), none, none)
POINTWISE(46, tanh, 1, 0, hyperbolic_tangent(a), mul(g, add_scalar(neg(square(y)), 1.0f)), none, none)
POINTWISE(47, exp, 1, 0, exponential(a), mul(g, y), none, none)
POINTWISE(48, log, 1, 0, logarithm(a), div(g, a), none, none)
POINTWISE(49, sqrt, 1, 0, square_root(a), div(g, mul_scalar(y, 2.0f)), none, none)
POINTWISE(50, rsqrt, 1, 0, 1.0f / square_root(a), mul_scalar(mul(g, mul(y, square(y))), -0.5f), none, none)
POINTWISE(51, square, 1, 0, a* a, mul(mul_scalar(g, 2.0f), a), none, none)
POINTWISE(52, abs, 1, 0, magnitude(a), mul(g, sign(a)), none, none)
POINTWISE(53, sign, 1, 0, a > 0.0f ? 1.0f : a < 0.0f ? -1.0f : 0.0f, none, none, none)
POINTWISE(54, reciprocal, 1, 0, 1.0f / a, neg(mul(g, square(y))), none, none)
POINTWISE(55, softplus, 1, 0, nan_max(a, 0.0f) + log_one_plus(exponential(-magnitude(a))), mul(g, sigmoid(a)), none,
          none)
POINTWISE(56, floor, 1, 0, round_down(a), none, none, none)

#if defined(__cplusplus) || defined(FUNCTIONS)
POINTWISE(128, sin, 1, 0, sine(a), mul(g, cos(a)), none, none)
POINTWISE(129, cos, 1, 0, cosine(a), neg(mul(g, sin(a))), none, none)
POINTWISE(130, asin, 1, 0, arc_sine(a), mul(g, rsqrt(one_minus_square(a))), none, none)
POINTWISE(131, acos, 1, 0, arc_cosine(a), neg(mul(g, rsqrt(one_minus_square(a)))), none, none)
POINTWISE(132, atan, 1, 0, arc_tangent(a), div(g, add_scalar(square(a), 1.0f)), none, none)
POINTWISE(133, sinh, 1, 0, hyperbolic_sine(a), mul(g, cosh(a)), none, none)
POINTWISE(134, cosh, 1, 0, hyperbolic_cosine(a), mul(g, sinh(a)), none, none)
POINTWISE(135, asinh, 1, 0, area_sine(a), mul(g, rsqrt(add_scalar(square(a), 1.0f))), none, none)
POINTWISE(136, acosh, 1, 0, area_cosine(a), mul(g, rsqrt(add_scalar(square(a), -1.0f))), none, none)
POINTWISE(137, erf, 1, 0, error_function(a), mul_scalar(mul(g, exp(neg(square(a)))), 1.12837917f), none, none)
POINTWISE(138, expm1, 1, 0, exponential_minus_one(a), mul(g, add_scalar(y, 1.0f)), none, none)
POINTWISE(139, log1p, 1, 0, logarithm_of_more(a), div(g, add_scalar(a, 1.0f)), none, none)
POINTWISE(140, round, 1, 0, round_to_even(a), none, none, none)
POINTWISE(141, fmod, 2, 0, division_rest(a, b), g, neg(mul(g, trunc(div(a, b)))), none)
POINTWISE(142, isnan, 1, 0, is_nan(a) ? 1.0f : 0.0f, none, none, none)
// As clamp_min and clamp_max, but no gradient flows at the bound itself: relu6's, hardtanh's.
POINTWISE(143, floor_at, 1, 1, a <= s ? s : a, mask(g, greater(a, s)), none, none)
POINTWISE(144, ceil_at, 1, 1, a >= s ? s : a, mask(g, less(a, s)), none, none)
POINTWISE(145, binary_cross_entropy, 2, 0, bce_of(a, b), mul(g, bce_slope(a, b)), mul(g, sub(log1p(neg(a)), log(a))),
          none)
#endif
