#!/usr/bin/env python3
"""Tuff against PyTorch on real images: for each seed trains with `tuff train`, then in PyTorch from the same weights on
the same batches in two memory layouts, and prints a table of validation Dice. The layouts' difference is what rounding
alone does.

    tests/parity/compare.py --images ../shared/data/nuclei/train/images --masks ../shared/data/nuclei/train/masks
    tests/parity/compare.py --images I --masks M --seeds 0 -- --foreground 0 --steps 400

Options after -- go to `tuff train`."""

import pathlib
import statistics
import subprocess
import sys
import tempfile
import time

import torch

import comparison
from train_unet import LAYOUTS, last_row, read_network, train, validation_dice

STANDARD = {"--base": "16", "--depth": "3", "--crop": "128", "--batch": "8", "--steps": "200", "--lr": "1e-3"}


def options():
    parser = comparison.parser_of(__doc__, "keep runs and dumps here")
    parser.add_argument("--images", required=True)
    parser.add_argument("--masks", required=True)
    return comparison.parse(parser, STANDARD)


def run_tuff(given, training, seed, folder):
    """(run, dump, seconds) of one training."""
    run, dump = folder / f"run{seed}", folder / f"dump{seed}"
    command = [given.tuff, "train", "unet", "--images", given.images, "--masks", given.masks, "--seed", str(seed),
               "--out", str(run), "--dump", str(dump)] + training
    start = time.perf_counter()
    subprocess.run(command, check=True, stdout=sys.stderr)
    return run, dump, time.perf_counter() - start


def compare(given, training, seed, folder):
    run, dump, seconds = run_tuff(given, training, seed, folder)
    row = last_row(run)
    tuff_dice, steps = float(row["val_dice"]), int(row["step"])
    results = {}
    for layout in LAYOUTS:
        network, kept, _, step_seconds = train(dump, layout)
        results[layout] = (validation_dice(network, kept, dump), statistics.median(step_seconds))
    weights, kept = read_network(run / "last.safetensors")
    check = validation_dice(weights, kept, dump)
    first, second = results["contiguous"], results["channels_last"]
    print(f"| {seed} | {tuff_dice:.4f} | {check:.4f} | {first[0]:.4f} | {second[0]:.4f} | {tuff_dice - first[0]:+.4f} | "
          f"{second[0] - first[0]:+.4f} | {seconds / steps:.3f} | {first[1]:.3f} | {second[1]:.3f} |", flush=True)


def main():
    given, training = options()
    torch.set_num_threads(given.threads)
    print(f"PyTorch {torch.__version__}, {given.threads} threads; {' '.join(training)}\n")
    print("| seed | Tuff's Dice | its weights in PyTorch | PyTorch | channels-last | Tuff - PyTorch | channels-last - PyTorch "
          "| Tuff: s/step, all in | PyTorch: s/step | channels-last |")
    print("|---|---|---|---|---|---|---|---|---|---|", flush=True)
    with tempfile.TemporaryDirectory() as temporary:
        for seed in given.seeds.split(","):
            compare(given, training, int(seed), given.work or pathlib.Path(temporary))


if __name__ == "__main__":
    main()
