"""conv and conv_transpose over one to three spatial axes."""

import itertools

import torch
import torch.nn.functional as F

from .case import Case

CONV = {1: F.conv1d, 2: F.conv2d, 3: F.conv3d}
CONV_TRANSPOSE = {1: F.conv_transpose1d, 2: F.conv_transpose2d, 3: F.conv_transpose3d}
SIZES = {1: (13,), 2: (7, 8), 3: (4, 5, 3)}
MODES = {"zeros": "constant", "reflect": "reflect", "replicate": "replicate", "circular": "circular"}


def torch_padding(before, after):
    """F.pad's order: last axis first."""
    return [amount for pair in reversed(list(zip(before, after))) for amount in pair]


def convolve(before, after, mode, flip, stride, dilation, groups):
    def compute(x, weight, bias=None):
        axes = x.dim() - 2
        padded = F.pad(x, torch_padding(before, after), mode=MODES[mode])
        kernel = weight.flip(list(range(2, 2 + axes))) if flip else weight
        return CONV[axes](padded, kernel, bias, stride=stride, dilation=dilation, groups=groups)

    return compute


def conv(draws, axes, kernel, channels=(3, 4), batch=2, before=None, after=None, mode="zeros", flip=False, stride=1, dilation=1,
         groups=1, bias=True, size=None):
    before = list(before or [0] * axes)
    after = list(after or before)
    inputs = {"x": draws.normal(batch, channels[0], *(size or SIZES[axes])),
              "weight": draws.uniform(channels[1], channels[0] // groups, *kernel)}
    if bias:
        inputs["bias"] = draws.normal(channels[1])
    stride, dilation = [stride] * axes, [dilation] * axes
    attributes = {"stride": stride, "padding_before": before, "padding_after": after, "dilation": dilation, "groups": groups,
                  "padding_mode": mode, "flip": flip}
    return Case("conv", inputs, convolve(before, after, mode, flip, stride, dilation, groups), attributes)


def conv_transpose(draws, axes, kernel, channels=(4, 3), batch=2, padding=0, output_padding=0, stride=1, dilation=1, groups=1,
                   bias=True):
    inputs = {"x": draws.normal(batch, channels[0], *SIZES[axes]),
              "weight": draws.uniform(channels[0], channels[1] // groups, *kernel)}
    if bias:
        inputs["bias"] = draws.normal(channels[1])
    attributes = {"stride": [stride] * axes, "padding": [padding] * axes, "output_padding": [output_padding] * axes,
                  "dilation": [dilation] * axes, "groups": groups}

    def compute(x, weight, bias=None):
        return CONV_TRANSPOSE[axes](x, weight, bias, stride=stride, padding=padding, output_padding=output_padding,
                                    groups=groups, dilation=dilation)

    return Case("conv_transpose", inputs, compute, attributes)


def cases(draws):
    for axes, extent, stride, dilation, padding in itertools.product((1, 2, 3), (1, 2, 3), (1, 2), (1, 2), (0, 1)):
        if dilation == 2 and (extent == 1 or axes == 3 and extent == 3):
            continue
        yield conv(draws, axes, [extent] * axes, stride=stride, dilation=dilation, before=[padding] * axes,
                   bias=(stride + padding) % 2 == 1, channels=draws.pick([(3, 4), (4, 8), (1, 5), (4, 4)]))
    for axes in (1, 2, 3):
        kernel, one = [3] * axes, [1] * axes
        for groups, channels in ((2, (4, 6)), (4, (4, 4)), (4, (4, 8)), (3, (3, 3)), (8, (8, 8)), (2, (8, 16))):
            yield conv(draws, axes, kernel, groups=groups, channels=channels, before=one)
            yield conv(draws, axes, [2] * axes, groups=groups, channels=channels, stride=2)
        for mode in ("reflect", "replicate", "circular"):
            yield conv(draws, axes, kernel, before=one, mode=mode)
            yield conv(draws, axes, kernel, before=one, after=[2] * axes, mode=mode, stride=2)
        yield conv(draws, axes, kernel, before=one, flip=True)
        yield conv(draws, axes, [2] * axes, flip=True, stride=2)
        yield conv(draws, axes, kernel, before=[2] * axes)  # full
        yield conv(draws, axes, [2] * axes, before=[0] * axes, after=one)  # same, even kernel
        yield conv(draws, axes, kernel, before=[0] * axes, after=[2] * axes, stride=2)
        yield conv(draws, axes, kernel, batch=1, channels=(16, 16), before=one)
        yield conv(draws, axes, kernel, batch=1, channels=(5, 17), before=one, stride=3)
        yield conv(draws, axes, list(SIZES[axes]), channels=(2, 3))  # one output pixel
    for kernel in ((1, 3), (3, 1), (5, 5), (4, 4), (2, 5)):
        yield conv(draws, 2, kernel)
        yield conv(draws, 2, kernel, stride=2, before=[k // 2 for k in kernel])
    for axes, extent, stride, dilation, padding in itertools.product((1, 2, 3), (1, 2, 3, 4), (1, 2), (1, 2), (0, 1)):
        if dilation == 2 and (extent == 1 or axes == 3) or extent == 1 and padding:
            continue
        yield conv_transpose(draws, axes, [extent] * axes, stride=stride, dilation=dilation, padding=padding,
                             output_padding=padding if stride > 1 else 0, bias=stride == 1)
    for axes, (groups, channels) in itertools.product((1, 2, 3), ((2, (4, 6)), (4, (4, 4)), (4, (4, 8)))):
        yield conv_transpose(draws, axes, [2] * axes, groups=groups, channels=channels, stride=2)
        yield conv_transpose(draws, axes, [3] * axes, groups=groups, channels=channels, padding=1)
