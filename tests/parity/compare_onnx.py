#!/usr/bin/env python3
"""Outputs and gradients of an ONNX network in tuff and in PyTorch (float64), at any image sizes.

  compare_onnx.py [--outputs] TUFF MODEL.onnx CxHxW...     TUFF: the command, with a driver before it if need be, in one
                                                           argument; --outputs: no gradients

Gradients are those of the sum of the output times fixed random numbers, for the input and every initializer; those of
initializers that several nodes share add up. Knows the operators of plain encoder-decoder networks. Exit code 1 where an
output element is off by more than 1e-4 of its value and 1e-5, or a gradient's by more than 1e-4 of its tensor's largest.

At a rectifier's kink the gradient jumps, so f32 can only be compared where it doesn't decide the side: the image is the
first random one for which float64 puts no rectifier's input nearer to zero than 3e-8 of its layer's largest.
"""
import itertools
import pathlib
import subprocess
import sys
import tempfile

import numpy as np
import onnx
import torch
import torch.nn.functional as F
from onnx import numpy_helper


CLOSEST = 3e-8


def attributes(node):
    return {a.name: onnx.helper.get_attribute_value(a) for a in node.attribute}


def symmetric(a):
    pads = a.get("pads", [0, 0, 0, 0])
    assert pads[: len(pads) // 2] == pads[len(pads) // 2 :], "only equal pads on both sides"
    return list(pads[: len(pads) // 2])


def run_node(node, x):
    a = attributes(node)
    if node.op_type == "Conv":
        return F.conv2d(*x, stride=a.get("strides", [1, 1]), padding=symmetric(a), dilation=a.get("dilations", [1, 1]), groups=a.get("group", 1))
    if node.op_type == "ConvTranspose":
        return F.conv_transpose2d(*x, stride=a.get("strides", [1, 1]), padding=symmetric(a),
                                  output_padding=a.get("output_padding", [0, 0]), groups=a.get("group", 1))
    if node.op_type == "MaxPool":
        return F.max_pool2d(x[0], a["kernel_shape"], a.get("strides"), symmetric(a), ceil_mode=bool(a.get("ceil_mode", 0)))
    if node.op_type == "Concat":
        return torch.cat(x, a["axis"])
    if node.op_type == "LeakyRelu":
        return F.leaky_relu(x[0], a.get("alpha", 0.01))
    if node.op_type == "Relu":
        return F.relu(x[0])
    if node.op_type == "Sub":
        return x[0] - x[1]
    if node.op_type == "Add":
        return x[0] + x[1]
    sys.exit(f"{node.op_type}: not known here")


def reference(model, image, upstream, with_gradients):
    values = {t.name: torch.tensor(numpy_helper.to_array(t).astype(np.float64), requires_grad=True) for t in model.graph.initializer}
    names = [i.name for i in model.graph.input if i.name not in values]
    values[names[0]] = torch.tensor(image.astype(np.float64), requires_grad=True)
    leaves = dict(values)
    closest = 1.0
    for node in model.graph.node:
        inputs = [values[name] for name in node.input if name]
        if node.op_type in ("Relu", "LeakyRelu"):
            size = inputs[0].detach().abs()
            closest = min(closest, float(size.min() / size.max()))
        values[node.output[0]] = run_node(node, inputs)
    if with_gradients and closest < CLOSEST:
        return None
    y = values[model.graph.output[0].name]
    u = torch.tensor(upstream(tuple(y.shape)).astype(np.float64))
    (y * u).sum().backward()
    return names[0], u.numpy().astype(np.float32), y.detach().numpy(), {n: v.grad.numpy() for n, v in leaves.items() if v.grad is not None}


def safe(name):
    return "".join(c if c.isalnum() or c in "_.-" else "_" for c in name)


def compare(tuff, path, size, folder, with_gradients):
    model = onnx.load(path)
    for seed in itertools.count(1):
        random = np.random.default_rng(seed)
        image = random.random((1, *size), dtype=np.float32)
        found = reference(model, image, lambda shape: random.standard_normal(shape).astype(np.float32), with_gradients)
        if found or not with_gradients:
            break
    name, u, y, gradients = found
    gradients = gradients if with_gradients else {}
    output = model.graph.output[0].name
    np.save(folder / "x.npy", image)
    np.save(folder / "u.npy", u)
    subprocess.run([*tuff.split(), "run", path, "--input", f"{name}={folder / 'x.npy'}", "--output-dir", folder, "--grad",
                    "--upstream", f"{output}={folder / 'u.npy'}"], check=True, stdout=subprocess.DEVNULL)
    worst, where = 0.0, ""
    for label, expected in [(safe(output), y)] + [("grad_" + safe(n), g) for n, g in gradients.items()]:
        actual = np.load(folder / (label + ".npy"))
        assert actual.shape == expected.shape, (label, actual.shape, expected.shape)
        error = np.abs(actual - expected).max() / max(np.abs(expected).max(), 1e-30)
        if error > worst:
            worst, where = error, label
    outputs = np.load(folder / (safe(output) + ".npy"))
    beyond = int((np.abs(outputs - y) > 1e-5 + 1e-4 * np.abs(y)).sum())
    print(f"{pathlib.Path(path).stem} {'x'.join(map(str, size))}, image {seed}: {beyond} output elements beyond 1e-4 relative and 1e-5 absolute; "
          f"{len(gradients)} gradients and the output within {worst:.1e} of the largest value ({where})")
    return beyond == 0 and worst <= 1e-4


def main():
    with_gradients = "--outputs" not in sys.argv
    tuff, path, *sizes = [argument for argument in sys.argv[1:] if argument != "--outputs"]
    with tempfile.TemporaryDirectory() as folder:
        fine = [compare(tuff, path, tuple(map(int, size.split("x"))), pathlib.Path(folder), with_gradients) for size in sizes]
    sys.exit(0 if all(fine) else 1)


if __name__ == "__main__":
    main()
