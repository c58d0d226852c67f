#!/usr/bin/env python3
"""ONNX files that tuff wrote, held against the ONNX project's checker and reference implementation.

  check_export.py TUFF MODEL.onnx... [--extent NAME=N...]     TUFF: the command, with a driver before it if need be, in one argument

Each file passes onnx.checker with shape inference; then onnx.reference and `tuff run` compute it from the same random
input. Dynamic dimensions are as --extent says, or 1 for the batch and 32. Exit code 1 where any output differs by more
than 1e-4 of its largest value.
"""
import argparse
import pathlib
import subprocess
import sys
import tempfile

import numpy as np
import onnx
from onnx.reference import ReferenceEvaluator


def safe(name):
    return "".join(c if (c.isascii() and c.isalnum()) or c in "_.-" else "_" for c in name)


def random_input(port, extents):
    dims = port.type.tensor_type.shape.dim
    shape = [d.dim_value if d.HasField("dim_value") else extents.get(d.dim_param, 1 if d.dim_param == "batch" else 32) for d in dims]
    kind = onnx.helper.tensor_dtype_to_np_dtype(port.type.tensor_type.elem_type)
    return np.random.default_rng(1).random(shape).astype(kind)


def check(tuff, path, extents, folder):
    model = onnx.load(path)
    onnx.checker.check_model(model, full_check=True)
    weights = {t.name for t in model.graph.initializer}
    feeds = {i.name: random_input(i, extents) for i in model.graph.input if i.name not in weights}
    command = [*tuff.split(), "run", path, "--output-dir", folder]
    for name, array in feeds.items():
        np.save(folder / f"in_{safe(name)}.npy", array)
        command += ["--input", f"{name}={folder / f'in_{safe(name)}.npy'}"]
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
    worst = 0.0
    for output, expected in zip(model.graph.output, ReferenceEvaluator(model).run(None, feeds)):
        actual = np.load(folder / (safe(output.name) + ".npy"))
        assert actual.shape == expected.shape and actual.dtype == expected.dtype, (output.name, actual.shape, expected.shape)
        worst = max(worst, float(np.abs(actual.astype(np.float64) - expected).max() / max(np.abs(expected).max(), 1e-30)))
    shapes = ", ".join("x".join(map(str, a.shape)) for a in feeds.values())
    print(f"{path}: checked, {len(model.graph.node)} nodes, input {shapes}: within {worst:.1e} of the largest value")
    return worst <= 1e-4


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("tuff")
    parser.add_argument("models", nargs="+")
    parser.add_argument("--extent", action="append", default=[])
    arguments = parser.parse_args()
    extents = {name: int(value) for name, value in (text.split("=") for text in arguments.extent)}
    fine = []
    for path in arguments.models:
        with tempfile.TemporaryDirectory() as folder:
            fine.append(check(arguments.tuff, path, extents, pathlib.Path(folder)))
    sys.exit(0 if all(fine) else 1)


if __name__ == "__main__":
    main()
