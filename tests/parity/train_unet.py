#!/usr/bin/env python3
"""Trains in PyTorch what `tuff train ... --out RUN --dump DUMP` trained: from the same weights, on the same batches,
for the same steps, and compares the Dice on the validation images.

    build/tuff train unet --images I --masks M --out RUN --dump DUMP ...
    tests/parity/train_unet.py DUMP --run RUN

DUMP holds initial.safetensors (a model file), batch_000000.safetensors ... ("images", "labels") and
validation.safetensors ("NAME.image" as the network sees it, "NAME.labels")."""

import argparse
import csv
import json
import pathlib
import resource
import statistics
import time

import numpy as np
import torch
import torch.nn.functional as F

import safetensors_file
from unet import load, training_loss, unet_of_options

LAYOUTS = {"contiguous": torch.contiguous_format, "channels_last": torch.channels_last}


def read_network(model_file):
    """(network with the file's weights, options) of a Tuff model file or checkpoint."""
    tensors, metadata = safetensors_file.read(model_file)
    options = json.loads(metadata["tuff.options"])
    weights = {name: value for name, value in tensors.items() if not name.startswith("optimizer.")}
    first = "encoder.0.conv1.weight"
    network = unet_of_options(options, weights[first].shape[1])
    load(network, weights)
    return network, options


def optimizer_of(network, options):
    if options["optimizer"] == "sgd":
        return torch.optim.SGD(network.parameters(), lr=options["lr"], momentum=options["momentum"],
                               weight_decay=options["weight-decay"])
    optimizer = torch.optim.AdamW if options["optimizer"] == "adamw" else torch.optim.Adam
    return optimizer(network.parameters(), lr=options["lr"], weight_decay=options["weight-decay"])


def train(dump, layout="contiguous", steps=None):
    """(network, options, losses, seconds of each step)."""
    network, options = read_network(dump / "initial.safetensors")
    memory_format = LAYOUTS[layout]
    network = network.to(memory_format=memory_format).train()
    optimizer = optimizer_of(network, options)
    losses, seconds = [], []
    for file in sorted(dump.glob("batch_*.safetensors"))[:steps]:
        batch, metadata = safetensors_file.read(file)
        images = torch.from_numpy(batch["images"].copy()).contiguous(memory_format=memory_format)
        labels = torch.from_numpy(batch["labels"].copy())
        for group in optimizer.param_groups:
            group["lr"] = float(metadata["learning_rate"])
        start = time.perf_counter()
        optimizer.zero_grad(set_to_none=True)
        loss = training_loss(options["loss"], network(images), labels)
        loss.backward()
        if options["clip"] > 0:
            torch.nn.utils.clip_grad_norm_(network.parameters(), options["clip"])
        optimizer.step()
        losses.append(loss.item())
        seconds.append(time.perf_counter() - start)
    return network, options, losses, seconds


def predict(network, options, image):
    """Logits (C, H, W) of a whole image (C, H, W), mirrored where its size doesn't suit the network, as Tuff does."""
    height, width = image.shape[1:]
    if options["padding"] == "same":
        alignment = 2 ** options["depth"]
        pad = (0, -width % alignment, 0, -height % alignment)
    else:
        top, bottom = valid_padding(network, height)
        left, right = valid_padding(network, width)
        pad = (left, right, top, bottom)
    x = F.pad(torch.from_numpy(image.copy())[None], pad, mode="reflect")
    return network(x)[0, :, :height, :width]


def valid_padding(network, extent):
    """Pixels before and after one axis so that a network without padding returns at least `extent`."""
    depth = len(network.encoder)

    def output_size(size):
        for _ in range(depth):
            size -= 4
            if size < 2 or size % 2:
                return 0
            size //= 2
        size -= 4
        for _ in range(depth):
            size = 2 * size - 4
        return max(size, 0)

    smallest = next(size for size in range(1, 10000) if output_size(size) > 0)
    margin = (smallest - output_size(smallest)) // 2
    whole = next(size for size in range(extent + 2 * margin, 100000) if output_size(size) >= extent)
    return margin, whole - extent - margin


def dice(prediction, truth, classes):
    """Mean over the classes but background of 2 |A and B| / (|A| + |B|); both empty: 1."""
    scores = []
    for label in range(1, max(2, classes)):
        a, b = prediction == label, truth == label
        total = a.sum() + b.sum()
        scores.append(2 * (a & b).sum() / total if total > 0 else 1)
    return float(np.mean(scores))


def validation_dice(network, options, dump):
    tensors, _ = safetensors_file.read(dump / "validation.safetensors")
    names = [name[: -len(".image")] for name in tensors if name.endswith(".image")]
    network.eval()
    scores = []
    with torch.no_grad():
        for name in names:
            logits = predict(network, options, tensors[name + ".image"])
            prediction = (logits[0] >= 0).long() if len(logits) == 1 else logits.argmax(0)
            scores.append(dice(prediction.numpy(), tensors[name + ".labels"], options["classes"]))
    return float(np.mean(scores))


def last_row(run):
    with open(run / "metrics.csv") as file:
        return list(csv.DictReader(file))[-1]


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("dump", type=pathlib.Path)
    parser.add_argument("--run", type=pathlib.Path, help="Tuff's run, to compare with")
    parser.add_argument("--layout", choices=list(LAYOUTS), default="contiguous", help="of memory; the same network")
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--steps", type=int, help="only the first of the dumped steps")
    given = parser.parse_args()
    torch.set_num_threads(given.threads)
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    network, options, losses, seconds = train(given.dump, given.layout, given.steps)
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024 - before
    mine = validation_dice(network, options, given.dump)
    print(f"PyTorch {torch.__version__} {given.layout}: {len(losses)} steps, loss {losses[0]:.6f} to {losses[-1]:.6f}, "
          f"validation Dice {mine:.4f}; {statistics.median(seconds):.4f} s a step on {given.threads} threads, "
          f"peak memory {peak:.0f} MiB")
    if given.run:
        row = last_row(given.run)
        theirs = float(row["val_dice"])
        weights, _ = read_network(given.run / "last.safetensors")
        print(f"Tuff: {row['step']} steps, validation Dice {theirs:.4f}, difference {theirs - mine:+.4f}; "
              f"Tuff's weights evaluated by PyTorch: {validation_dice(weights, options, given.dump):.4f}")


if __name__ == "__main__":
    main()
