"""Reductions, cumulative sums, softmax and matrix products."""

import itertools

import torch
import torch.nn.functional as F

from .case import Case

SHAPES = [((7,), [0]), ((3, 5), [0]), ((3, 5), [1]), ((2, 3, 4), [1]), ((2, 4, 3, 5), [2, 3]), ((2, 4, 3, 5), [0, 2, 3]),
          ((2, 3, 4, 5), [1]), ((2, 3, 4, 5), [0, 1, 2, 3]), ((2, 3, 2, 3, 4), [1, 3])]


def prod(x, axes, keepdim):
    for axis in sorted(axes, reverse=True):
        x = torch.prod(x, axis, keepdim)
    return x


REDUCTIONS = {
    "sum": torch.sum, "mean": torch.mean, "max": torch.amax, "min": torch.amin, "logsumexp": torch.logsumexp, "prod": prod,
    "norm_l1": lambda x, axes, keepdim: torch.linalg.vector_norm(x, 1, axes, keepdim),
    "norm_l2": lambda x, axes, keepdim: torch.linalg.vector_norm(x, 2, axes, keepdim),
    "sum_of_squares": lambda x, axes, keepdim: torch.sum(x * x, axes, keepdim),
    "var": lambda x, axes, keepdim: torch.var(x, axes, correction=1, keepdim=keepdim),
    "var_biased": lambda x, axes, keepdim: torch.var(x, axes, correction=0, keepdim=keepdim),
    "std": lambda x, axes, keepdim: torch.std(x, axes, correction=1, keepdim=keepdim),
}


def cases(draws):
    for (name, function), (shape, axes), keepdim in itertools.product(REDUCTIONS.items(), SHAPES, (False, True)):
        x = draws.distinct(*shape) if name in ("max", "min") else draws.normal(*shape)
        yield Case(name, {"x": x}, lambda x, f=function, a=axes, k=keepdim: f(x, a, k), {"axes": axes, "keepdim": keepdim})
    for name, zeros in itertools.product(("prod",), (1, 2)):  # zeros among the factors
        x = draws.normal(3, 6)
        x[1, :zeros] = 0
        yield Case(name, {"x": x}, lambda x: torch.prod(x, 1), {"axes": [1], "keepdim": False})
    for (name, function), (shape, axes) in itertools.product({"argmax": torch.argmax, "argmin": torch.argmin}.items(), SHAPES):
        for axis, keepdim in itertools.product(axes[:2], (False, True)):
            yield Case(name, {"x": draws.distinct(*shape)}, lambda x, f=function, a=axis, k=keepdim: f(x, a, k),
                       {"axis": axis, "keepdim": keepdim})
    for shape in ((7,), (3, 5), (2, 3, 4), (2, 4, 3, 5), (2, 3, 2, 3, 4)):
        for axis in range(len(shape)):
            x = draws.normal(*shape)
            yield Case("softmax", {"x": 4 * x}, lambda x, a=axis: F.softmax(x, a), {"axis": axis})
            yield Case("log_softmax", {"x": 4 * x}, lambda x, a=axis: F.log_softmax(x, a), {"axis": axis})
            yield Case("cumsum", {"x": x}, lambda x, a=axis: torch.cumsum(x, a), {"axis": axis})
    for left, right in (((4, 5), (5, 3)), ((1, 7), (7, 1)), ((17, 33), (33, 18)), ((5,), (5,)), ((5,), (5, 3)), ((4, 5), (5,)),
                        ((2, 4, 5), (2, 5, 3)), ((2, 4, 5), (5, 3)), ((4, 5), (2, 5, 3)), ((2, 1, 4, 5), (3, 5, 6)),
                        ((2, 3, 4, 5), (2, 3, 5, 4)), ((8, 16), (16, 8)), ((3, 8, 4), (3, 4, 12))):
        yield Case("matmul", {"a": draws.normal(*left), "b": draws.normal(*right)}, torch.matmul)
    for shape, features, bias in itertools.product(((5,), (3, 5), (2, 4, 5), (2, 3, 4, 8)), (1, 3, 8), (False, True)):
        inputs = {"x": draws.normal(*shape), "weight": draws.normal(features, shape[-1])}
        if bias:
            inputs["bias"] = draws.normal(features)
        yield Case("linear", inputs, F.linear)
