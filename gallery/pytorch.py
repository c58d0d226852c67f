#!/usr/bin/env python3
"""PyTorch's part of the gallery: trains the networks of the rows from the weights and on the batches that
`scripts/gallery DATA --dump` kept, for the same steps, and lets `tuff evaluate` judge what was learned. So nothing but
the training differs. Needs NumPy and PyTorch (`pip install torch numpy`). Goes on where it was stopped.

    scripts/gallery DATA --dump
    gallery/pytorch.py [ROW...]
    scripts/gallery --page"""

import argparse
import csv
import json
import pathlib
import subprocess
import sys
import time

import torch

root = pathlib.Path(__file__).parents[1]
sys.path.append(str(root / "tests/parity"))

import safetensors_file  # noqa: E402
from losses import LOSSES  # noqa: E402
from results import Results, figure_in  # noqa: E402
from rows import ROWS  # noqa: E402

FIRST_STEPS = 5  # whose losses are compared with Tuff's: later ones drift apart by rounding


class Parameters:
    """The tensors of a model file by name, those that aren't running statistics with gradients."""

    def __init__(self, tensors):
        self.tensors = {name: torch.from_numpy(array.copy()) for name, array in tensors.items()}
        for name in self.trained():
            self.tensors[name].requires_grad_()
        self.training = True
        self.used = set()

    def trained(self):
        return [name for name in self.tensors if ".running_" not in name]

    def __call__(self, name, shape):
        self.used.add(name)
        tensor = self.tensors[name]
        if tuple(tensor.shape) != tuple(shape):
            raise ValueError(f"{name} is {tuple(tensor.shape)}, not {tuple(shape)}")
        return tensor


def optimizer_of(parameters, options):
    tensors = [parameters.tensors[name] for name in parameters.trained()]
    kind = torch.optim.AdamW if options["optimizer"] == "adamw" else torch.optim.Adam
    return kind(tensors, lr=options["lr"], weight_decay=options["weight-decay"])


def train(dump, steps=None):
    """(parameters, metadata of the model, losses, seconds), of all steps that were kept or the first ones alone."""
    tensors, metadata = safetensors_file.read(dump / "initial.safetensors")
    options = json.loads(metadata["tuff.options"])
    parameters = Parameters(tensors)
    optimizer = optimizer_of(parameters, options)
    loss_of = LOSSES[options["model"]]
    losses, seconds = [], 0.0
    for step, file in enumerate(sorted(dump.glob("batch_*.safetensors"))[:steps]):
        arrays, about = safetensors_file.read(file)
        batch = {name: torch.from_numpy(array.copy()) for name, array in arrays.items()}
        for group in optimizer.param_groups:
            group["lr"] = float(about["learning_rate"])
        begun = time.perf_counter()
        optimizer.zero_grad(set_to_none=True)
        loss = loss_of(parameters, batch, options, step)
        loss.backward()
        if options["clip"] > 0:
            torch.nn.utils.clip_grad_norm_([parameters.tensors[name] for name in parameters.trained()], options["clip"])
        optimizer.step()
        losses.append(loss.item())
        seconds += time.perf_counter() - begun
    unused = set(parameters.tensors) - parameters.used
    if unused:
        raise ValueError(f"{options['model']}: the network written in PyTorch leaves out {sorted(unused)}")
    return parameters, metadata, losses, seconds


def farthest_apart(losses, run):
    """Of the first steps' losses from those of a Tuff run, relative."""
    with open(run / "losses.csv") as file:
        theirs = [float(row["loss"]) for row in csv.DictReader(file)]
    return max(abs(a - b) / abs(b) for a, b in zip(losses[:FIRST_STEPS], theirs))


def judge(given, row, seed, parameters, metadata, losses, seconds):
    out = given.work / "rows" / row.name / str(seed)
    model = out / "pytorch.safetensors"
    tensors = {name: tensor.detach().numpy() for name, tensor in parameters.tensors.items()}
    safetensors_file.write(model, tensors, metadata)
    options = [word.format(data=given.work / "data" / row.data) for word in row.evaluate.split()]
    scores = subprocess.run([given.tuff, "evaluate", model, *options, "--json", "-"], check=True, text=True,
                            stdout=subprocess.PIPE).stdout
    return {"figure": figure_in(scores, row.figure), "seconds": seconds, "loss": losses[-1],
            "first_losses_apart": farthest_apart(losses, out / "run")}


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("rows", nargs="*")
    parser.add_argument("--tuff", help="[what scripts/gallery ran]")
    parser.add_argument("--work", type=pathlib.Path, default=root / "build/gallery")
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--check", action="store_true",
                        help=f"only compare the losses of the first {FIRST_STEPS} steps with Tuff's, some seconds a row")
    given = parser.parse_args()
    if given.tuff is None:
        wrapped = given.work / "tuff"  # of scripts/gallery, where it chose the driver
        given.tuff = wrapped if wrapped.exists() else root / "build/tuff"
    torch.set_num_threads(given.threads)
    results = Results(given.work / "pytorch.json")
    for row in ROWS:
        if not row.compared or (given.rows and row.name not in given.rows):
            continue
        for dump in sorted((given.work / "dumps" / row.name).glob("*")):
            if given.check:
                apart = farthest_apart(train(dump, FIRST_STEPS)[2], given.work / "rows" / row.name / dump.name / "run")
                print(f"{row.name} {dump.name}: losses {apart:.1e} apart", flush=True)
                continue
            if results.has(row.name, dump.name):
                continue
            results.add(row.name, dump.name, judge(given, row, dump.name, *train(dump)))
            print(row.name, dump.name, results.rows[row.name][dump.name], flush=True)


if __name__ == "__main__":
    main()
