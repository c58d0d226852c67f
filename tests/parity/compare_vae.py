#!/usr/bin/env python3
"""Tuff against PyTorch on images alone: for each seed trains a variational autoencoder with `tuff train vae`, and the same
network in PyTorch from its own initialization, with its own order of images and its own noise; prints a table of the
evidence lower bound (ELBO, nats an image) on images that neither saw, with one z each.

    tests/parity/compare_vae.py --images ../shared/data/digits/t10k-images-idx3-ubyte.gz
    tests/parity/compare_vae.py --images IDX --seeds 0 -- --steps 200

Options after -- go to `tuff train`."""

import csv
import gzip
import json
import pathlib
import statistics
import subprocess
import sys
import tempfile
import time

import numpy as np
import torch

import comparison
import safetensors_file
from vae import load, vae_of_options

STANDARD = {"--size": "32", "--base": "16", "--latent": "16", "--batch": "64", "--steps": "1000", "--lr": "1e-3",
            "--val-last": "1000"}


def options():
    parser = comparison.parser_of(__doc__, "keep runs here, and go on with those that are here")
    parser.add_argument("--images", required=True, help="idx file, gzip or plain")
    return comparison.parse(parser, STANDARD)


def read_idx(path, side):
    """(N, 1, side, side) in 0..1, zeros around each image."""
    data = gzip.open(path).read() if path.endswith(".gz") else open(path, "rb").read()
    count, height, width = np.frombuffer(data, ">u4", 3, 4)
    images = np.frombuffer(data, np.uint8, offset=16).reshape(count, 1, height, width)
    top, left = (side - height) // 2, (side - width) // 2
    padded = np.pad(images, ((0, 0), (0, 0), (top, side - height - top), (left, side - width - left)))
    return torch.from_numpy(padded.astype(np.float32) / 255)


def elbo(network, images):
    noise = torch.randn(len(images), network.latent, 1, 1, generator=torch.Generator().manual_seed(0))
    with torch.no_grad():
        reconstruction, kl = network.terms(images, noise)
    return -(reconstruction + kl.sum((1, 2, 3))).double().mean().item()


def train(config, images, seed):
    """(network after the steps, seconds)."""
    torch.manual_seed(seed)
    network = vae_of_options(config, 1)
    optimizer = torch.optim.Adam(network.parameters(), lr=config["lr"])
    start, order = time.perf_counter(), torch.empty(0, dtype=torch.long)
    for _ in range(config["steps"]):
        if len(order) < config["batch"]:
            order = torch.randperm(len(images))
        batch, order = images[order[: config["batch"]]], order[config["batch"] :]
        reconstruction, kl = network.terms(batch, torch.randn(len(batch), config["latent"], 1, 1))
        optimizer.zero_grad(set_to_none=True)
        (reconstruction + config["beta"] * kl.sum((1, 2, 3))).mean().backward()
        optimizer.step()
    return network, time.perf_counter() - start


def compare(given, training, seed, folder):
    """(Tuff's ELBO, PyTorch's)."""
    run = folder / f"vae{seed}"
    command = [given.tuff, "train", "vae", "--images", given.images, "--seed", str(seed), "--out", str(run), "--resume"] + training
    subprocess.run(command, check=True, stdout=sys.stderr)
    with open(run / "metrics.csv") as file:
        row = list(csv.DictReader(file))[-1]
    tensors, metadata = safetensors_file.read(run / "last.safetensors")
    config = json.loads(metadata["tuff.options"])
    theirs = vae_of_options(config, 1)
    load(theirs, {name: value for name, value in tensors.items() if not name.startswith("optimizer.")})
    images = read_idx(given.images, config["size"])
    held_back = images[-config["val-last"] :]
    network, torch_seconds = train(config, images[: -config["val-last"]], seed)
    mine, tuff = elbo(network, held_back), float(row["val_elbo"])
    print(f"| {seed} | {tuff:.2f} | {elbo(theirs, held_back):.2f} | {mine:.2f} | {100 * (tuff / mine - 1):+.2f} % | "
          f"{float(row['seconds']) / config['steps']:.3f} | {torch_seconds / config['steps']:.3f} |", flush=True)
    return tuff, mine


def main():
    given, training = options()
    torch.set_num_threads(given.threads)
    print(f"PyTorch {torch.__version__}, {given.threads} threads; {' '.join(training)}\n")
    print("| seed | Tuff's ELBO | its weights in PyTorch | PyTorch's ELBO | Tuff's / PyTorch's | Tuff: s/step with validation | "
          "PyTorch: s/step |")
    print("|---|---|---|---|---|---|---|", flush=True)
    with tempfile.TemporaryDirectory() as temporary:
        rows = [compare(given, training, int(seed), given.work or pathlib.Path(temporary)) for seed in given.seeds.split(",")]
    tuff, mine = (statistics.mean(column) for column in zip(*rows))
    print(f"| mean | {tuff:.2f} | | {mine:.2f} | {100 * (tuff / mine - 1):+.2f} % | | |")


if __name__ == "__main__":
    main()
