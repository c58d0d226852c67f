#!/usr/bin/env python3
"""Times a training step of the same network in PyTorch on the CPU and, in turn with it, in Tuff. Prints seconds per
step, what PyTorch's operators take of it, and the memory that training takes at its peak.

    tests/parity/step_time.py --tuff build/tuff      the network of docs/benchmarks.md, both in one run
    tests/parity/step_time.py --tuff build/tuff --memory 80M   Tuff with less memory
    tests/parity/step_time.py                        PyTorch alone
    tests/parity/step_time.py --layout contiguous    PyTorch's default memory layout
    tests/parity/step_time.py --threads 1 --base 32 --depth 4 --crop 256 --batch 4

Random images: the time doesn't depend on them. Runs on PyTorch 1.13 and later."""

import argparse
import json
import pathlib
import resource
import statistics
import subprocess
import tempfile
import time

import torch
from torch.profiler import ProfilerActivity, profile

from unet import UNet, training_loss


def options():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    for name, value in (("base", 16), ("depth", 3), ("crop", 128), ("batch", 8), ("threads", 2), ("steps", 20)):
        parser.add_argument(f"--{name}", type=int, default=value)
    parser.add_argument("--norm", default="batch")
    parser.add_argument("--loss", default="bce")
    parser.add_argument("--layout", choices=("channels_last", "contiguous"), default="channels_last")
    parser.add_argument("--tuff", type=pathlib.Path, help="the tuff command: measure it too")
    parser.add_argument("--memory", help="for Tuff: tuff profile's --memory, e.g. 100M")
    parser.add_argument("--rounds", type=int, default=3, help="PyTorch and Tuff in turn so many times")
    parser.add_argument("--operators", type=int, default=12, help="how many lines of the profile to show")
    return parser.parse_args()


def training_step(given, memory_format):
    """A function that does one step on the same batch and returns its loss, and the bytes of tensors that outlive it."""
    torch.manual_seed(0)
    network = UNet(base=given.base, depth=given.depth, norm=given.norm).to(memory_format=memory_format)
    optimizer = torch.optim.Adam(network.parameters(), lr=1e-3)
    images = torch.rand(given.batch, 1, given.crop, given.crop).contiguous(memory_format=memory_format)
    labels = (images > 0.7).float()

    def step():
        optimizer.zero_grad(set_to_none=True)
        loss = training_loss(given.loss, network(images), labels)
        loss.backward()
        optimizer.step()
        return loss.item()

    def resident():
        tensors = [images, labels, *network.parameters(), *network.buffers()]
        tensors += [value for state in optimizer.state.values() for value in state.values() if torch.is_tensor(value)]
        tensors += [parameter.grad for parameter in network.parameters() if parameter.grad is not None]
        return sum(tensor.numel() * tensor.element_size() for tensor in tensors)

    return step, resident


def peak_of_tensors_mib(step, resident):
    """The most that PyTorch's allocator has given out during a step, tensors that outlive steps included. What oneDNN
    and others take from elsewhere isn't among it, nor what the allocator keeps free."""
    step()
    before = resident()
    with profile(activities=[ProfilerActivity.CPU], profile_memory=True) as recorded:
        step()
    events = [event for event in recorded.profiler.kineto_results.events() if event.name() == "[memory]"]
    time_of = lambda event: event.start_ns() if hasattr(event, "start_ns") else event.start_us()
    live, most = 0, 0
    for event in sorted(events, key=time_of):
        live += event.nbytes()
        most = max(most, live)
    return (before + most) / 2**20


def peak_mib():
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def print_operators(step, count):
    with profile(activities=[ProfilerActivity.CPU], record_shapes=True) as recorded:
        for _ in range(3):
            step()
    print("    self time in ms a step, of the operators' own work")
    rows = recorded.key_averages(group_by_input_shape=True)
    for row in sorted(rows, key=lambda row: -row.self_cpu_time_total)[:count]:
        shapes = " ".join("x".join(map(str, shape)) for shape in row.input_shapes[:3] if shape)
        print(f"    {row.self_cpu_time_total / 3e3:8.2f}  {row.key:40s} {row.count // 3:3d} times  {shapes}")
    totals = {}
    for row in recorded.key_averages():
        totals[row.key] = row.self_cpu_time_total / 3e3
    print("    by operator: " + ", ".join(f"{key} {value:.1f}" for key, value in sorted(totals.items(), key=lambda t: -t[1])[:8]))


def time_steps(step, count):
    """Seconds of each of `count` steps, after three that warm up."""
    for _ in range(3):
        step()
    seconds = []
    for _ in range(count):
        start = time.perf_counter()
        step()
        seconds.append(time.perf_counter() - start)
    return seconds


def describe(seconds):
    return f"{statistics.median(seconds):.4f} s a step (median of {len(seconds)}; least {min(seconds):.4f})"


class Tuff:
    """Training steps of `tuff profile --train`, on a model made for the purpose."""

    def __init__(self, given, folder):
        self.memory = given.memory
        self.tuff, self.run = given.tuff.resolve(), pathlib.Path(folder) / "run"
        images = pathlib.Path(folder) / "data"
        size = max(given.crop, 64)
        self.call("synthesize", "--out", images, "--count", 4, "--size", size)
        self.call("train", "unet", "--images", images / "images", "--masks", images / "masks", "--out", self.run, "--base",
                  given.base, "--depth", given.depth, "--crop", given.crop, "--batch", given.batch, "--norm", given.norm,
                  "--loss", given.loss, "--steps", 1)

    def call(self, *arguments):
        words = [str(self.tuff), *map(str, arguments)]
        return subprocess.run(words, check=True, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL).stdout

    def measure(self, steps):
        """(device, seconds of a run, median of `steps`; bytes of device memory as `tuff profile` names them)."""
        limit = ["--memory", self.memory] if self.memory else []
        profile = json.loads(self.call("profile", self.run, "--train", "--runs", steps, "--json", "-", *limit))
        return profile["device"], profile["run_seconds"], profile["memory_bytes"]


def measure_in_turn(given):
    before = peak_mib()
    step, resident = training_step(given, torch.channels_last if given.layout == "channels_last" else torch.contiguous_format)
    pytorch, tuff, ratios = time_steps(step, given.steps), [], []
    pytorch_mib = peak_mib() - before
    tensors_mib = peak_of_tensors_mib(step, resident)
    with tempfile.TemporaryDirectory() as folder:
        other = Tuff(given, folder) if given.tuff else None
        for _ in range(given.rounds if other else 0):
            device, seconds, memory = other.measure(5)
            again = time_steps(step, given.steps)
            pytorch += again
            tuff.append(seconds)
            ratios.append(seconds / statistics.median(again))
    print(f"PyTorch, {given.layout}: {describe(pytorch)}, peak memory {pytorch_mib:.0f} MiB above {before:.0f} MiB; "
          f"tensors {tensors_mib:.0f} MiB at their peak")
    if tuff:
        print(f"Tuff on {device}: {describe(tuff)}, device memory {memory['total'] / 2**20:.1f} MiB, of it activations and "
              f"workspace {memory['activations'] / 2**20:.1f} MiB, {memory['activations'] / memory['liveness_bound']:.3f} of the "
              f"liveness bound")
        total = memory["total"] / 2**20
        print(f"Tuff's memory / PyTorch's: {total / pytorch_mib:.2f} of the process's growth, {total / tensors_mib:.2f} of "
              f"the tensors alone")
        print(f"Tuff's time / PyTorch's: median {statistics.median(ratios):.2f} of {', '.join(f'{r:.2f}' for r in ratios)}")
    print_operators(step, given.operators)


def main():
    given = options()
    torch.set_num_threads(given.threads)
    print(f"PyTorch {torch.__version__}, {given.threads} threads; U-Net base {given.base} depth {given.depth} norm "
          f"{given.norm}, {given.batch} crops of {given.crop}x{given.crop}, {given.loss}, Adam")
    measure_in_turn(given)


if __name__ == "__main__":
    main()
