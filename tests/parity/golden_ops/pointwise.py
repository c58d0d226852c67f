"""Elementwise functions, with broadcasting and special values."""

import itertools

import torch
import torch.nn.functional as F

from .case import Case

NAN, INF = float("nan"), float("inf")
SPECIAL = [NAN, INF, -INF, 0.0, -0.0, 1.0, -1.0, 0.5, -0.5, 3.0, -3.0, 20.0, -20.0, 88.0, -88.0, 1e-30, -1e-30, 1e30, -1e30]

# name: (function, lowest and highest of the inputs)
UNARY = {
    "neg": (torch.neg, -3, 3), "relu": (F.relu, -3, 3), "sigmoid": (torch.sigmoid, -9, 9), "tanh": (torch.tanh, -5, 5),
    "exp": (torch.exp, -5, 5), "log": (torch.log, 0.01, 9), "sqrt": (torch.sqrt, 0.01, 9), "rsqrt": (torch.rsqrt, 0.01, 9),
    "square": (torch.square, -3, 3), "abs": (torch.abs, -3, 3), "sign": (torch.sign, -3, 3),
    "reciprocal": (torch.reciprocal, 0.1, 5), "softplus": (F.softplus, -5, 5), "floor": (torch.floor, -5, 5),
    "ceil": (torch.ceil, -5, 5), "round": (torch.round, -5, 5), "trunc": (torch.trunc, -5, 5), "erf": (torch.erf, -4, 4),
    "sin": (torch.sin, -9, 9), "cos": (torch.cos, -9, 9), "tan": (torch.tan, -1.4, 1.4), "asin": (torch.asin, -0.95, 0.95),
    "acos": (torch.acos, -0.95, 0.95), "atan": (torch.atan, -9, 9), "sinh": (torch.sinh, -4, 4), "cosh": (torch.cosh, -4, 4),
    "asinh": (torch.asinh, -9, 9), "acosh": (torch.acosh, 1.1, 9), "atanh": (torch.atanh, -0.95, 0.95),
    "expm1": (torch.expm1, -3, 3), "log1p": (torch.log1p, -0.9, 9), "silu": (F.silu, -6, 6), "mish": (F.mish, -6, 6),
    "hardswish": (F.hardswish, -5, 5), "hardsigmoid": (F.hardsigmoid, -5, 5), "softsign": (F.softsign, -5, 5),
    "selu": (F.selu, -5, 5), "logsigmoid": (F.logsigmoid, -9, 9), "relu6": (F.relu6, -2, 9),
    "tanhshrink": (F.tanhshrink, -3, 3),
}
# name: (function of x and the scalars, attributes)
WITH_SCALARS = {
    "leaky_relu": (lambda x, negative_slope: F.leaky_relu(x, negative_slope), [{"negative_slope": s} for s in (0.01, 0.3)]),
    "elu": (lambda x, alpha: F.elu(x, alpha), [{"alpha": a} for a in (1.0, 0.5)]),
    "celu": (lambda x, alpha: F.celu(x, alpha), [{"alpha": a} for a in (1.0, 2.0)]),
    "gelu": (lambda x, approximate: F.gelu(x, approximate=approximate), [{"approximate": a} for a in ("none", "tanh")]),
    "hardtanh": (lambda x, min_val, max_val: F.hardtanh(x, min_val, max_val), [{"min_val": -1.5, "max_val": 0.5}]),
    "softshrink": (lambda x, lambd: F.softshrink(x, lambd), [{"lambd": l} for l in (0.5, 1.0)]),
    "hardshrink": (lambda x, lambd: F.hardshrink(x, lambd), [{"lambd": l} for l in (0.5, 1.0)]),
    "clamp": (lambda x, min, max: torch.clamp(x, min, max), [{"min": -1.25, "max": 0.75}]),
    "pow_scalar": (lambda x, exponent: torch.pow(x, exponent), [{"exponent": e} for e in (2.0, 3.0, -1.0)]),
    "add_scalar": (lambda x, other: x + other, [{"other": 0.75}]),
    "mul_scalar": (lambda x, other: x * other, [{"other": -1.5}]),
}
BINARY = {
    "add": torch.add, "sub": torch.sub, "mul": torch.mul, "div": torch.div, "maximum": torch.maximum, "minimum": torch.minimum,
    "fmod": torch.fmod, "remainder": torch.remainder,
}
COMPARISON = {"greater": torch.gt, "greater_equal": torch.ge, "less": torch.lt, "less_equal": torch.le, "equal": torch.eq,
              "not_equal": torch.ne}
SHAPES = [(7,), (3, 5), (2, 3, 4), (2, 4, 3, 5), (2, 3, 2, 3, 4)]
BROADCASTS = [((2, 3, 4, 5), (2, 3, 4, 5)), ((2, 3, 4, 5), (3, 1, 1)), ((2, 3, 4, 5), (1,)), ((2, 3, 4, 5), (2, 1, 4, 5)),
              ((2, 3, 1, 5), (4, 1)), ((3, 1), (1, 4)), ((5,), (2, 3, 5)), ((2, 3, 2, 3, 4), (3, 1, 1, 1))]


def special(op, function, attributes=None):
    return Case(op, {"x": torch.tensor(SPECIAL, dtype=torch.float32).double()}, function, attributes or {}, special=True)


def cases(draws):
    for name, (function, low, high) in UNARY.items():
        for shape in SHAPES:
            yield Case(name, {"x": draws.uniform(*shape, low=low, high=high)}, function)
        # Where float32 overflows and float64 doesn't, no comparison is possible.
        if name not in ("exp", "expm1", "sinh", "cosh", "square", "reciprocal", "tan", "sin", "cos", "rsqrt"):
            yield special(name, function)
    for name, (function, variants) in WITH_SCALARS.items():
        for attributes, shape in itertools.product(variants, SHAPES[1:4]):
            low = 0.2 if name == "pow_scalar" else -3
            yield Case(name, {"x": draws.uniform(*shape, low=low, high=3)}, lambda x, f=function, a=attributes: f(x, **a), attributes)
        if name != "pow_scalar":
            yield special(name, lambda x, f=function, a=variants[0]: f(x, **a), variants[0])
    for (name, function), (left, right) in itertools.product(BINARY.items(), BROADCASTS):
        a, b = draws.normal(*left), draws.normal(*right)
        if name in ("div", "fmod", "remainder"):
            b = b.sign() * (b.abs() + 0.5).float().double()
        fixed = ("b",) if name in ("fmod", "remainder") else ()
        yield Case(name, {"a": a, "b": b}, function, fixed=fixed)
    for left, right in BROADCASTS:
        yield Case("pow", {"a": draws.uniform(*left, low=0.2, high=3), "b": draws.uniform(*right, low=-2, high=2)}, torch.pow)
        yield Case("prelu", {"a": draws.normal(*left), "b": draws.uniform(*right)}, lambda a, b: torch.where(a > 0, a, a * b))
    for (name, function), (left, right) in itertools.product(COMPARISON.items(), BROADCASTS[:5]):
        a, b = draws.normal(*left).round(), draws.normal(*right).round()
        yield Case(name, {"a": a, "b": b}, lambda a, b, f=function: f(a, b).double(), fixed=("a", "b"))
    for left, right in BROADCASTS:
        condition = draws.labels(2, *left).double()
        yield Case("where", {"condition": condition, "a": draws.normal(*right), "b": draws.normal(*left)},
                   lambda c, a, b: torch.where(c != 0, a, b), fixed=("condition",))
    pairs = torch.tensor(list(itertools.product([NAN, INF, -INF, 0.0, 1.0, -2.0], repeat=2)), dtype=torch.float64)
    for name, function in BINARY.items():
        if name in ("fmod", "remainder"):
            continue
        yield Case(name, {"a": pairs[:, 0].clone(), "b": pairs[:, 1].clone()}, function, special=True)
    for name, function in COMPARISON.items():
        yield Case(name, {"a": pairs[:, 0].clone(), "b": pairs[:, 1].clone()}, lambda a, b, f=function: f(a, b).double(),
                   fixed=("a", "b"), special=True)
