"""Pooling and unpooling over one to three spatial axes."""

import itertools

import torch
import torch.nn.functional as F

from .case import Case
from .convolution import torch_padding

SIZES = {1: (17,), 2: (8, 9), 3: (5, 6, 4)}
MAX_POOL = {1: F.max_pool1d, 2: F.max_pool2d, 3: F.max_pool3d}
AVG_POOL = {1: F.avg_pool1d, 2: F.avg_pool2d, 3: F.avg_pool3d}
UNPOOL = {1: F.max_unpool1d, 2: F.max_unpool2d, 3: F.max_unpool3d}
ADAPTIVE_AVG = {1: F.adaptive_avg_pool1d, 2: F.adaptive_avg_pool2d, 3: F.adaptive_avg_pool3d}
ADAPTIVE_MAX = {1: F.adaptive_max_pool1d, 2: F.adaptive_max_pool2d, 3: F.adaptive_max_pool3d}
LP_POOL = {1: F.lp_pool1d, 2: F.lp_pool2d, 3: F.lp_pool3d}


def max_pool(draws, axes, kernel, stride, padding=0, dilation=1, ceil_mode=False, channels=3):
    attributes = {"kernel": [kernel] * axes, "stride": [stride] * axes, "padding": [padding] * axes, "dilation": [dilation] * axes,
                  "ceil_mode": ceil_mode}

    def compute(x):
        return MAX_POOL[axes](x, kernel, stride, padding, dilation, ceil_mode, return_indices=True)

    return Case("max_pool", {"x": draws.distinct(2, channels, *SIZES[axes])}, compute, attributes)


def avg_pool(draws, axes, kernel, stride, padding=0, ceil_mode=False, count_include_pad=True, channels=3):
    attributes = {"kernel": [kernel] * axes, "stride": [stride] * axes, "padding": [padding] * axes, "ceil_mode": ceil_mode,
                  "count_include_pad": count_include_pad}

    def compute(x):
        return AVG_POOL[axes](x, kernel, stride, padding, ceil_mode, count_include_pad)

    return Case("avg_pool", {"x": draws.normal(2, channels, *SIZES[axes])}, compute, attributes)


def lp_pool(draws, axes, kernel, stride, power):
    attributes = {"kernel": [kernel] * axes, "stride": [stride] * axes, "norm_type": power}
    x = draws.uniform(2, 3, *SIZES[axes], low=0.1, high=1.0)  # torch takes roots of sums of powers without magnitudes
    return Case("lp_pool", {"x": x}, lambda x: LP_POOL[axes](x, power, kernel, stride), attributes)


def max_unpool(draws, axes, kernel, stride):
    source = draws.distinct(2, 3, *SIZES[axes])
    pooled, indices = MAX_POOL[axes](source, kernel, stride, return_indices=True)
    attributes = {"kernel": [kernel] * axes, "stride": [stride] * axes, "size": list(SIZES[axes])}
    inputs = {"x": draws.normal(*pooled.shape), "indices": indices}
    return Case("max_unpool", inputs, lambda x, i: UNPOOL[axes](x, i, kernel, stride, output_size=SIZES[axes]), attributes)


def cases(draws):
    for axes, (kernel, stride), padding, ceil_mode in itertools.product(
            (1, 2, 3), ((2, 2), (3, 1), (3, 2), (2, 1), (2, 3)), (0, 1), (False, True)):
        channels = draws.pick([3, 4, 8])
        yield max_pool(draws, axes, kernel, stride, padding, ceil_mode=ceil_mode, channels=channels)
        yield avg_pool(draws, axes, kernel, stride, padding, ceil_mode, True, channels)
        if padding:
            yield avg_pool(draws, axes, kernel, stride, padding, ceil_mode, False, channels)
    for axes, stride in itertools.product((1, 2, 3), (1, 2)):
        yield max_pool(draws, axes, 2, stride, dilation=2)
        yield max_pool(draws, axes, 2, stride, padding=1, dilation=3, channels=4)
    for axes, kernel, stride, power in itertools.product((1, 2, 3), (2, 3), (1, 2), (1, 2, 3)):
        yield lp_pool(draws, axes, kernel, stride, power)
    for axes, (kernel, stride) in itertools.product((1, 2, 3), ((2, 2), (3, 3), (2, 3))):
        yield max_unpool(draws, axes, kernel, stride)
    for axes, size in itertools.product((1, 2, 3), (1, 2, 3, 4)):
        sizes = [size] * axes
        yield Case("adaptive_avg_pool", {"x": draws.normal(2, 3, *SIZES[axes])},
                   lambda x, a=axes, s=sizes: ADAPTIVE_AVG[a](x, s), {"size": sizes})
        yield Case("adaptive_max_pool", {"x": draws.distinct(2, 3, *SIZES[axes])},
                   lambda x, a=axes, s=sizes: ADAPTIVE_MAX[a](x, s), {"size": sizes})
