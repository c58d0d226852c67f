"""Losses."""

import itertools

import torch
import torch.nn.functional as F

from .case import Case

SHAPES = [(6, 4), (3, 4, 7), (2, 3, 5, 4), (2, 3, 3, 4, 2)]
REDUCTIONS = ("mean", "sum", "none")


def cases(draws):
    for shape, reduction in itertools.product(SHAPES, REDUCTIONS):
        x, target = draws.normal(*shape), draws.normal(*shape)
        chosen = {"reduction": reduction}
        yield Case("l1_loss", {"x": x, "target": target}, lambda x, t, r=reduction: F.l1_loss(x, t, reduction=r), chosen)
        yield Case("mse_loss", {"x": x, "target": target}, lambda x, t, r=reduction: F.mse_loss(x, t, reduction=r), chosen)
        for delta in (1.0, 0.5):
            yield Case("huber_loss", {"x": x, "target": target},
                       lambda x, t, r=reduction, d=delta: F.huber_loss(x, t, reduction=r, delta=d), chosen | {"delta": delta})
            yield Case("smooth_l1_loss", {"x": x, "target": target},
                       lambda x, t, r=reduction, d=delta: F.smooth_l1_loss(x, t, reduction=r, beta=d), chosen | {"beta": delta})
        probabilities = draws.uniform(*shape, low=0.01, high=0.99)
        truth = draws.labels(2, *shape).double()
        weight = draws.uniform(*shape, low=0.1, high=2.0)
        fixed = ("target", "weight", "pos_weight")
        yield Case("bce", {"x": probabilities, "target": truth, "weight": weight},
                   lambda x, t, w, r=reduction: F.binary_cross_entropy(x, t, w, reduction=r), chosen, fixed)
        yield Case("bce_with_logits", {"x": 3 * x, "target": truth, "weight": weight},
                   lambda x, t, w, r=reduction: F.binary_cross_entropy_with_logits(x, t, w, reduction=r), chosen, fixed)
        positive = draws.uniform(shape[1], *([1] * (len(shape) - 2)), low=0.5, high=3.0)
        yield Case("bce_with_logits", {"x": 3 * x, "target": truth, "weight": weight, "pos_weight": positive},
                   lambda x, t, w, p, r=reduction: F.binary_cross_entropy_with_logits(x, t, w, reduction=r, pos_weight=p), chosen, fixed)
        classes = shape[1]
        labels = draws.labels(classes, shape[0], *shape[2:])
        by_class = draws.uniform(classes, low=0.2, high=2.0)
        for weighted, ignored, smoothing in ((False, -100, 0.0), (True, -100, 0.0), (True, 1, 0.0), (False, 1, 0.1), (True, 1, 0.2)):
            inputs = {"x": 2 * x, "labels": labels} | ({"weight": by_class} if weighted else {})
            yield Case("cross_entropy", inputs,
                       lambda x, l, w=None, r=reduction, i=ignored, s=smoothing: F.cross_entropy(
                           x, l, w, ignore_index=i, reduction=r, label_smoothing=s),
                       chosen | {"ignore_index": ignored, "label_smoothing": smoothing}, ("weight",))
        for weighted, ignored in ((False, -100), (True, 1)):
            inputs = {"x": F.log_softmax(x, 1).float().double(), "labels": labels} | ({"weight": by_class} if weighted else {})
            yield Case("nll_loss", inputs,
                       lambda x, l, w=None, r=reduction, i=ignored: F.nll_loss(x, l, w, ignore_index=i, reduction=r),
                       chosen | {"ignore_index": ignored}, ("weight",))
        dense = F.softmax(draws.normal(*shape), 1).float().double()
        yield Case("cross_entropy", {"x": x, "probabilities": dense},
                   lambda x, p, r=reduction: F.cross_entropy(x, p, reduction=r),
                   chosen | {"ignore_index": -100, "label_smoothing": 0.0}, ("probabilities",))
        log_input = F.log_softmax(x, 1).float().double()
        for log_target in (False, True):
            goal = (dense.log() if log_target else dense).float().double()
            yield Case("kl_div", {"x": log_input, "target": goal},
                       lambda x, t, r=reduction, l=log_target: F.kl_div(x, t, reduction=r, log_target=l),
                       chosen | {"log_target": log_target}, ("target",))
    for shape, (alpha, beta, smooth) in itertools.product(SHAPES[1:], ((0.5, 0.5, 1.0), (0.3, 0.7, 1e-2))):
        truth = draws.labels(2, *shape).double()

        def tversky(x, t, a=alpha, b=beta, s=smooth):
            p = torch.sigmoid(x)
            axes = [0, *range(2, x.dim())]
            hit, false, missed = (p * t).sum(axes), (p * (1 - t)).sum(axes), ((1 - p) * t).sum(axes)
            return (1 - (hit + s) / (hit + a * false + b * missed + s)).mean()

        yield Case("tversky_loss", {"x": 2 * draws.normal(*shape), "target": truth}, tversky,
                   {"alpha": alpha, "beta": beta, "smooth": smooth}, ("target",))
    for shape, (alpha, gamma) in itertools.product(SHAPES, ((0.25, 2.0), (-1.0, 1.0), (0.6, 3.0))):
        truth = draws.labels(2, *shape).double()

        def focal(x, t, a=alpha, g=gamma):  # Lin et al. 2017, as torchvision.ops.sigmoid_focal_loss
            p = torch.sigmoid(x)
            each = F.binary_cross_entropy_with_logits(x, t, reduction="none") * (1 - (p * t + (1 - p) * (1 - t)))**g
            return ((a * t + (1 - a) * (1 - t)) * each if a >= 0 else each).mean()

        yield Case("sigmoid_focal_loss", {"x": 2 * draws.normal(*shape), "target": truth}, focal, {"alpha": alpha, "gamma": gamma},
                   ("target",))
    for batch, latent in ((1, 3), (4, 16)):
        yield Case("gaussian_kl", {"mean": draws.normal(batch, latent), "logvar": draws.normal(batch, latent)},
                   lambda m, v: -0.5 * (1 + v - m * m - v.exp()).sum())
