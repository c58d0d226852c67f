"""Data movement: what copies, joins, cuts and indexes."""

import itertools

import torch
import torch.nn.functional as F

from .case import Case
from .convolution import torch_padding


def reshape(draws, shape, to):
    return Case("reshape", {"x": draws.normal(*shape)}, lambda x: x.reshape(to), {"shape": list(to)})


def permute(draws, shape, axes):
    return Case("permute", {"x": draws.normal(*shape)}, lambda x: x.permute(axes).contiguous(), {"axes": list(axes)})


def slice_steps(draws, shape, starts, ends, steps):
    """Negative steps count down; torch has none, so flip."""
    def compute(x):
        for axis, (start, end, step) in enumerate(zip(starts, ends, steps)):
            index = torch.arange(start, end, step)
            x = x.index_select(axis, index)
        return x

    # As an attribute -1 would be the last element: what lies before the first is written as NumPy and ONNX have it.
    written = [-extent - 1 if step < 0 and end == -1 else end for extent, end, step in zip(shape, ends, steps)]
    return Case("slice", {"x": draws.normal(*shape)}, compute, {"starts": starts, "ends": written, "steps": steps})


def pad(draws, shape, before, after, mode, value=0.0):
    attributes = {"before": before, "after": after, "mode": mode, "value": value}

    def compute(x):
        return F.pad(x, torch_padding(before, after), mode=mode, **({"value": value} if mode == "constant" else {}))

    return Case("pad", {"x": draws.normal(*shape)}, compute, attributes)


def cases(draws):
    for shape, to in (((6,), (2, 3)), ((2, 3, 4), (2, 12)), ((2, 3, 4), (6, 4)), ((2, 3, 4, 5), (2, 60)), ((2, 60), (2, 3, 4, 5)),
                      ((2, 3, 4, 5), (6, 20)), ((2, 3, 4, 5), (4, 3, 10)), ((2, 3, 4, 5), (120,)), ((2, 12, 3), (2, 3, 4, 3)),
                      ((4, 1, 3, 1), (4, 3)), ((4, 3), (4, 3, 1, 1)), ((2, 3, 2, 2, 3), (2, 3, 12)), ((2, 8, 4, 4), (2, 2, 4, 4, 4)),
                      ((1, 1, 4, 4), (1, 16)), ((5, 4, 3), (3, 4, 5)), ((2, 6, 7), (7, 6, 2))):
        yield reshape(draws, shape, to)
    for rank in (2, 3, 4, 5):
        shape = (2, 3, 4, 5, 2)[:rank]
        orders = list(itertools.permutations(range(rank)))
        for axes in orders if rank < 5 else orders[::12]:
            yield permute(draws, shape, axes)
    for shape, starts, ends, steps in (
            ((9,), [1], [8], [2]), ((9,), [8], [-1], [-1]), ((9,), [7], [0], [-3]), ((4, 6), [0, 1], [4, 6], [2, 3]),
            ((4, 6), [3, 5], [-1, -1], [-1, -1]), ((2, 5, 6), [0, 1, 5], [2, 4, 0], [1, 1, -2]),
            ((2, 4, 5, 6), [0, 0, 0, 0], [2, 4, 5, 6], [1, 2, 2, 2]), ((2, 4, 5, 6), [1, 3, 4, 5], [-1, -1, -1, -1], [-1, -1, -1, -1]),
            ((2, 4, 5, 6), [0, 1, 1, 2], [1, 3, 4, 5], [1, 1, 1, 1]), ((2, 3, 4, 3, 5), [0, 0, 1, 0, 4], [2, 3, 3, 3, 0], [1, 2, 1, 2, -3])):
        yield slice_steps(draws, shape, starts, ends, steps)
    for shape, mode in itertools.product(((2, 3, 7), (2, 3, 5, 6), (2, 4, 4, 3, 5)), ("constant", "reflect", "replicate", "circular")):
        axes = len(shape) - 2
        for before, after in (([1] * axes, [2] * axes), ([0] * axes, [2] * axes), ([2] * axes, [0] * axes)):
            yield pad(draws, shape, before, after, mode, 0.5 if mode == "constant" else 0.0)
        if mode == "constant":
            yield pad(draws, shape, [-1] * axes, [2] * axes, mode)
            yield pad(draws, shape, [-1] * axes, [-1] * axes, mode)
    for shape, axis in (((6,), 0), ((3, 4), 0), ((3, 4), 1), ((2, 3, 4), 1), ((2, 3, 4, 5), 1), ((2, 3, 4, 5), 2), ((2, 3, 4, 5), 3)):
        other = list(shape)
        other[axis] = 2
        yield Case("concat", {"a": draws.normal(*shape), "b": draws.normal(*other), "c": draws.normal(*shape)},
                   lambda *parts, a=axis: torch.cat(parts, a), {"axis": axis})
        yield Case("stack", {"a": draws.normal(*shape), "b": draws.normal(*shape)}, lambda *parts, a=axis: torch.stack(parts, a), {"axis": axis})
        sizes = [1, shape[axis] - 1] if shape[axis] > 1 else [1]
        yield Case("split", {"x": draws.normal(*shape)}, lambda x, s=sizes, a=axis: tuple(torch.split(x, s, a)), {"sizes": sizes, "axis": axis})
        yield Case("flip", {"x": draws.normal(*shape)}, lambda x, a=axis: torch.flip(x, [a]), {"axes": [axis]})
        index = draws.labels(shape[axis], *shape)
        yield Case("gather", {"x": draws.normal(*shape), "index": index}, lambda x, i, a=axis: torch.gather(x, a, i), {"axis": axis})
        yield Case("scatter_add", {"x": draws.normal(*shape), "index": index, "source": draws.normal(*shape)},
                   lambda x, i, s, a=axis: torch.scatter_add(x, a, i, s), {"axis": axis})
        chosen = draws.labels(shape[axis], 5)
        yield Case("index_select", {"x": draws.normal(*shape), "index": chosen},
                   lambda x, i, a=axis: torch.index_select(x, a, i), {"axis": axis})
    for shape, repeats in (((3,), (2,)), ((2, 3), (2, 2)), ((2, 3, 2), (1, 2, 3)), ((2, 3, 2, 3), (2, 1, 2, 2))):
        yield Case("tile", {"x": draws.normal(*shape)}, lambda x, r=repeats: x.repeat(r), {"repeats": list(repeats)})
    for shape, to in (((1,), (5,)), ((3, 1), (3, 4)), ((3, 1, 1), (2, 3, 4, 5)), ((2, 3, 1, 5), (2, 3, 4, 5)), ((1, 3, 1, 1, 2), (2, 3, 2, 2, 2))):
        yield Case("expand", {"x": draws.normal(*shape)}, lambda x, t=to: x.expand(t).contiguous(), {"shape": list(to)})
    for shape, classes in (((6,), 4), ((2, 5), 3), ((2, 3, 4), 5)):
        yield Case("one_hot", {"labels": draws.labels(classes, *shape)}, lambda l, c=classes: F.one_hot(l, c).double(), {"classes": classes})
