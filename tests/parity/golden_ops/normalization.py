"""Normalizations."""

import itertools

import torch
import torch.nn.functional as F

from .case import Case

SHAPES = [(4, 3), (3, 4, 7), (2, 3, 5, 4), (2, 8, 3, 3), (2, 3, 3, 4, 2)]


def local_response_norm(x, size, alpha, beta, k):
    return F.local_response_norm(x, size, alpha, beta, k)


def cases(draws):
    for shape, affine, eps in itertools.product(SHAPES, (False, True), (1e-5, 1e-2)):
        channels = shape[1]
        x = (2 * draws.normal(*shape) + 1).float().double()
        scale = {"weight": draws.normal(channels), "bias": draws.normal(channels)} if affine else {}
        statistics = {"running_mean": draws.normal(channels), "running_var": draws.uniform(channels, low=0.5, high=2.0)}
        yield Case("batch_norm", {"x": x, **scale},
                   lambda x, w=None, b=None, e=eps: F.batch_norm(x, None, None, w, b, training=True, eps=e),
                   {"eps": eps, "training": True})
        yield Case("batch_norm", {"x": x, **scale, **statistics},
                   (lambda x, w, b, m, v, e=eps: F.batch_norm(x, m, v, w, b, eps=e)) if affine else
                   (lambda x, m, v, e=eps: F.batch_norm(x, m, v, eps=e)),
                   {"eps": eps, "training": False}, fixed=("running_mean", "running_var"))
        if len(shape) > 2:
            yield Case("instance_norm", {"x": x, **scale},
                       lambda x, w=None, b=None, e=eps: F.instance_norm(x, weight=w, bias=b, eps=e), {"eps": eps})
        for groups in (1, 2, channels):
            if channels % groups or len(shape) == 2 and channels == groups:
                continue
            yield Case("group_norm", {"x": x, **scale},
                       lambda x, w=None, b=None, g=groups, e=eps: F.group_norm(x, g, w, b, e), {"groups": groups, "eps": eps})
    for shape, axes, affine in itertools.product([(4, 6), (3, 4, 7), (2, 3, 5, 4), (2, 8, 3, 4)], (1, 2, 3), (False, True)):
        if axes >= len(shape):
            continue
        tail = shape[-axes:]
        scale = {"weight": draws.normal(*tail), "bias": draws.normal(*tail)} if affine else {}
        yield Case("layer_norm", {"x": draws.normal(*shape), **scale},
                   lambda x, w=None, b=None, t=tail: F.layer_norm(x, t, w, b), {"normalized_shape": list(tail), "eps": 1e-5})
    for shape, size, (alpha, beta, k) in itertools.product([(2, 7, 4), (2, 8, 3, 4), (2, 5, 2, 3, 2)], (2, 3, 5),
                                                           ((1e-4, 0.75, 1.0), (0.5, 0.6, 2.0))):
        yield Case("local_response_norm", {"x": draws.normal(*shape)},
                   lambda x, s=size, a=alpha, b=beta, kk=k: local_response_norm(x, s, a, b, kk),
                   {"size": size, "alpha": alpha, "beta": beta, "k": k})
    for shape, power, axis in itertools.product([(3, 5), (2, 4, 3, 3)], (1, 2), (0, 1, -1)):
        yield Case("normalize_lp", {"x": draws.normal(*shape)}, lambda x, p=power, a=axis: F.normalize(x, p, a), {"p": power, "axis": axis})
