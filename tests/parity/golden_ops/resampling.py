"""resize, grid_sample, affine_grid, pixel shuffles."""

import itertools

import torch
import torch.nn.functional as F

from .case import Case

SIZES = {1: (7,), 2: (5, 6), 3: (3, 4, 5)}
LINEAR = {1: "linear", 2: "bilinear", 3: "trilinear"}


def resize(draws, axes, size, mode, align_corners=None, antialias=False, channels=3):
    torch_mode = {"linear": LINEAR[axes], "cubic": "bicubic"}.get(mode, mode)
    attributes = {"size": list(size), "mode": mode, "align_corners": bool(align_corners), "antialias": antialias}
    options = {} if align_corners is None else {"align_corners": align_corners, "antialias": antialias}
    return Case("resize", {"x": draws.normal(2, channels, *SIZES[axes])},
                lambda x: F.interpolate(x, size=list(size), mode=torch_mode, **options), attributes)


def grid_sample(draws, axes, mode, padding_mode, align_corners, reach):
    size = (4, 5) if axes == 2 else (3, 4, 2)
    inputs = {"x": draws.normal(2, 3, *SIZES[axes]), "grid": draws.uniform(2, *size, axes, low=-reach, high=reach)}
    attributes = {"mode": mode, "padding_mode": padding_mode, "align_corners": align_corners}
    torch_mode = {"linear": "bilinear", "cubic": "bicubic"}.get(mode, mode)
    return Case("grid_sample", inputs,
                lambda x, grid: F.grid_sample(x, grid, torch_mode, padding_mode, align_corners), attributes)


def cases(draws):
    for axes, size in itertools.product((1, 2, 3), (2, 3, 5, 8, 11)):
        sizes = [size + axis for axis in range(axes)]
        for mode in ("nearest", "nearest-exact", "area"):
            yield resize(draws, axes, sizes, mode, channels=draws.pick([3, 4]))
        for align_corners in (False, True):
            yield resize(draws, axes, sizes, "linear", align_corners, channels=draws.pick([3, 4]))
            if axes == 2:
                yield resize(draws, axes, sizes, "cubic", align_corners, channels=draws.pick([3, 4]))
        if axes == 2:
            yield resize(draws, axes, sizes, "linear", False, antialias=True)
            yield resize(draws, axes, sizes, "cubic", False, antialias=True)
    for mode, padding_mode, align_corners, reach in itertools.product(
            ("linear", "nearest", "cubic"), ("zeros", "border", "reflection"), (False, True), (0.9, 2.3)):
        yield grid_sample(draws, 2, mode, padding_mode, align_corners, reach)
    for mode, padding_mode, align_corners in itertools.product(("linear", "nearest"), ("zeros", "border", "reflection"), (False, True)):
        yield grid_sample(draws, 3, mode, padding_mode, align_corners, 1.4)
    for size, align_corners in itertools.product(((4, 5), (3, 4, 2), (1, 3)), (False, True)):
        axes = len(size)
        yield Case("affine_grid", {"theta": draws.normal(2, axes, axes + 1)},
                   lambda theta, s=size, a=align_corners: F.affine_grid(theta, [2, 1, *s], align_corners=a),
                   {"size": list(size), "align_corners": align_corners})
    for factor, channels, batch in itertools.product((2, 3), (1, 2, 3), (1, 2)):
        yield Case("pixel_shuffle", {"x": draws.normal(batch, channels * factor**2, 3, 4)},
                   lambda x, f=factor: F.pixel_shuffle(x, f), {"upscale_factor": factor})
        yield Case("pixel_unshuffle", {"x": draws.normal(batch, channels, 2 * factor, 3 * factor)},
                   lambda x, f=factor: F.pixel_unshuffle(x, f), {"downscale_factor": factor})
