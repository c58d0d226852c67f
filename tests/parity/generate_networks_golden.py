#!/usr/bin/env python3
"""Makes tests/golden/networks.safetensors, which tests/models/networks_parity_test.cpp holds the networks of models/
against: those of networks.py in PyTorch's float64.

    tests/parity/generate_networks_golden.py

For each NETWORK the file holds "NETWORK/x", by parameter name "NETWORK/parameter/...", the outputs "NETWORK/y0" ..., and
of the sum of the outputs' mean squares "NETWORK/gradient" along the direction that is cos(i) for each parameter's element
i: one number, to which all parameters contribute. "NETWORK/float32" is how far PyTorch's own float32
is away: relative L2 of all outputs, and of the gradient."""

import pathlib

import numpy as np
import torch

import safetensors_file
from networks import NETWORKS


class Parameters:
    """Named tensors, drawn when they are first asked for, of values that float32 has."""

    def __init__(self, random):
        self.random, self.values = random, {}

    def __call__(self, name, shape):
        if name not in self.values:
            self.values[name] = torch.from_numpy(self.draw(name, shape)).double().requires_grad_()
        assert tuple(self.values[name].shape) == tuple(shape), name
        return self.values[name]

    def draw(self, name, shape):
        values = self.random.normal(0, 1, shape)
        if len(shape) > 1:
            values *= np.sqrt(2 / np.prod(shape[1:]))
        else:
            values *= 0.2
            if name.endswith("running_var"):
                values = np.exp(values)
            elif "norm" in name and name.endswith("weight"):
                values += 1
        return values.astype(np.float32)


def run(network, parameters, x, dtype):
    values = {name: value.detach().to(dtype).requires_grad_() for name, value in parameters.values.items()}
    outputs = network(lambda name, shape: values[name], x.to(dtype))
    sum((y * y).mean() for y in outputs).backward()
    return [y.detach().double() for y in outputs], {name: value.grad for name, value in values.items()}


def main():
    tensors = {}
    random = np.random.default_rng(5)
    for name, (network, shape) in NETWORKS.items():
        parameters = Parameters(random)
        x = torch.from_numpy(random.normal(0, 1, shape).astype(np.float32))
        network(parameters, x.double())
        outputs, gradients = run(network, parameters, x, torch.float64)
        rounded, rounded_gradients = run(network, parameters, x, torch.float32)
        trained = [key for key in parameters.values if "running" not in key]
        along = lambda g: sum(float(g[key].double().flatten() @ torch.arange(g[key].numel()).double().cos()) for key in trained)
        distance = np.sqrt(sum(float(((a - b) ** 2).sum()) for a, b in zip(rounded, outputs)))
        away = [distance / np.sqrt(sum(float((y**2).sum()) for y in outputs)), abs(along(rounded_gradients) / along(gradients) - 1)]
        tensors[f"{name}/x"] = x.numpy()
        for index, y in enumerate(outputs):
            tensors[f"{name}/y{index}"] = y.numpy().astype(np.float32)
        for key, value in parameters.values.items():
            tensors[f"{name}/parameter/{key}"] = value.detach().numpy().astype(np.float32)
        tensors[f"{name}/gradient"] = np.array([along(gradients)])
        tensors[f"{name}/float32"] = np.array(away)
        print(name, [tuple(y.shape) for y in outputs], sum(v.numel() for v in parameters.values.values()), away)
    safetensors_file.write(pathlib.Path(__file__).parent.parent / "golden" / "networks.safetensors", tensors)


if __name__ == "__main__":
    main()
