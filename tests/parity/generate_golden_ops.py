#!/usr/bin/env python3
"""Makes tests/golden/ops/FAMILY.safetensors, which tests/golden/op_golden_test.cpp holds every op against: PyTorch's
results and gradients in float64, of inputs that are exact in float16 (but for those of special cases).

    tests/parity/generate_golden_ops.py            writes all families and prints their numbers of cases

Case 12 of a file is the metadata's entry "12", a JSON object with "op" (Tuff's name), "attributes", the inputs' names in
order and "special" (values are NaN or infinite; then "undecided" lists elements whose gradient PyTorch computes in two
ways). Its tensors are "12.x.NAME", "12.y.NUMBER" and "12.g.NAME", the gradient of the sum of all outputs times upstream()
of golden_ops/case.py."""

import argparse
import json
import pathlib
import zlib

import numpy as np

import safetensors_file
from golden_ops import case as golden_case
from golden_ops import convolution, losses, movement, normalization, pointwise, pooling, reductions, resampling

FAMILIES = {"convolution": convolution, "pooling": pooling, "resampling": resampling, "pointwise": pointwise,
            "reductions": reductions, "normalization": normalization, "movement": movement, "losses": losses}


def stored(tensor):
    array = tensor.detach().numpy()
    return array.astype(np.float32 if array.dtype == np.float64 else np.int32)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--out", type=pathlib.Path, default=pathlib.Path(__file__).parent.parent / "golden" / "ops")
    parser.add_argument("families", nargs="*", default=list(FAMILIES), metavar="FAMILY")
    arguments = parser.parse_args()
    arguments.out.mkdir(parents=True, exist_ok=True)
    total = 0
    for family in arguments.families:
        tensors, metadata = {}, {}
        for number, case in enumerate(FAMILIES[family].cases(golden_case.Draws(zlib.crc32(family.encode())))):
            outputs, gradients = golden_case.solve(case)
            text = {"op": case.op, "attributes": case.attributes, "inputs": list(case.inputs), "special": case.special}
            if case.special:
                text["undecided"] = golden_case.undecided(case)
            metadata[str(number)] = json.dumps(text, separators=(",", ":"))
            for name, tensor in case.inputs.items():
                tensors[f"{number}.x.{name}"] = stored(tensor)
            for index, output in enumerate(outputs):
                tensors[f"{number}.y.{index}"] = stored(output)
            for name, gradient in gradients.items():
                tensors[f"{number}.g.{name}"] = stored(gradient)
        path = arguments.out / f"{family}.safetensors"
        safetensors_file.write(path, tensors, metadata)
        print(f"{family}: {len(metadata)} cases, {path.stat().st_size / 1e6:.2f} MB")
        total += len(metadata)
    print(f"{total} cases")


if __name__ == "__main__":
    main()
