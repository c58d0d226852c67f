"""One golden case: an op by Tuff's name, its attributes, inputs, and what PyTorch makes of them in float64."""

import dataclasses
import typing

import numpy as np
import torch


@dataclasses.dataclass
class Case:
    op: str
    inputs: dict  # name: tensor, float64 with float16's values, or int64
    compute: typing.Callable  # (inputs in order) -> tensor or tuple of tensors
    attributes: dict = dataclasses.field(default_factory=dict)
    fixed: tuple = ()  # names of floating-point inputs that have no gradient
    special: bool = False  # NaN and infinity among the values


class Draws:
    """Random inputs, exact in float16, so that one reference serves tensors stored as f32 and as f16."""

    def __init__(self, seed):
        self.generator = np.random.default_rng(seed)

    def _tensor(self, values):
        return torch.from_numpy(np.asarray(values, np.float16).astype(np.float64))

    def normal(self, *shape):
        return self._tensor(self.generator.normal(0, 1, shape))

    def uniform(self, *shape, low=-1.0, high=1.0):
        inside = np.nextafter(np.float16(low), np.float16(np.inf)), np.nextafter(np.float16(high), np.float16(-np.inf))
        return self._tensor(np.clip(self.generator.uniform(low, high, shape), *inside))

    def distinct(self, *shape):
        """Evenly spaced values in random order, none near another: for maxima and kinks."""
        count = int(np.prod(shape))
        return self._tensor(((2 * self.generator.permutation(count) + 1) / count - 1).reshape(shape))

    def labels(self, classes, *shape):
        return torch.from_numpy(self.generator.integers(0, classes, shape))

    def pick(self, choices):
        return choices[int(self.generator.integers(len(choices)))]


def upstream(shape):
    """The gradient that flows into an output: tests/golden/op_golden.cpp computes the same."""
    index = np.arange(int(np.prod(shape)), dtype=np.int64)
    return torch.from_numpy(np.asarray((index * 7919 % 201 - 100) / 128.0).reshape(shape))


def solve(case):
    """(outputs, gradients by input name) in float64."""
    inputs = {}
    for name, tensor in case.inputs.items():
        wanted = tensor.is_floating_point() and name not in case.fixed
        inputs[name] = tensor.clone().requires_grad_(wanted)
    outputs = case.compute(*inputs.values())
    outputs = outputs if isinstance(outputs, tuple) else (outputs,)
    with_gradient = [y for y in outputs if y.requires_grad]
    wrt = {name: tensor for name, tensor in inputs.items() if tensor.requires_grad}
    gradients = {}
    if with_gradient and wrt:
        flowing = [upstream(tuple(y.shape)) for y in with_gradient]
        found = torch.autograd.grad(with_gradient, list(wrt.values()), flowing, allow_unused=True)
        gradients = {name: gradient for name, gradient in zip(wrt, found) if gradient is not None}
    return [y.detach() for y in outputs], gradients


def undecided(case):
    """Elements of a special case's only input whose gradient PyTorch computes in two ways: its vectorized loops and the
    scalar ones for the rest differ at NaN for some activations."""
    if not case.special or len(case.inputs) != 1:
        return []
    (x,) = case.inputs.values()

    def gradient(value, copies):
        line = value.repeat(copies).requires_grad_()
        output = case.compute(line)
        return torch.autograd.grad(output.sum(), line)[0][0] if output.requires_grad else torch.zeros(())

    return [i for i, value in enumerate(x) if not torch.equal(gradient(value, 1).nan_to_num(7.0), gradient(value, 64).nan_to_num(7.0))]
