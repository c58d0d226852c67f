#!/usr/bin/env python3
"""Times PyTorch on the convolutions and operators of bench/cases.json, as `tuff bench` times Tuff.

    bench/peers/torch_bench.py --json torch.json                    suite cpu on the CPU, or gpu where there is CUDA
    bench/peers/torch_bench.py --modes f32,tf32,f16 --compile --json torch.json
    bench/peers/table.py tuff.json torch.json                       both beside each other

Modes: f32 (without TF32), tf32 (CUDA), f16 (autocast; CUDA). Weights and images are channels-last. The report has the
form of `tuff bench --json`; what PyTorch can't run is named and left out."""

import argparse
import json
import math
import pathlib
import platform
import statistics
import time

import torch
import torch.nn.functional as F

CASES = pathlib.Path(__file__).resolve().parent.parent / "cases.json"


def options():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--suite", choices=("cpu", "gpu"), help="[gpu where there is CUDA]")
    parser.add_argument("--case", default="", help="only cases whose names contain this")
    parser.add_argument("--modes", default="f32", help="of f32, tf32, f16, with commas between [f32]")
    parser.add_argument("--compile", action="store_true", help="also through torch.compile")
    parser.add_argument("--threads", type=int, default=0, help="of the CPU [PyTorch's choice]")
    parser.add_argument("--samples", type=int, default=30)
    parser.add_argument("--seconds", type=float, default=1)
    parser.add_argument("--json", type=pathlib.Path)
    return parser.parse_args()


def channels_last(tensor):
    formats = {4: torch.channels_last, 5: torch.channels_last_3d}
    return tensor.contiguous(memory_format=formats[tensor.dim()]) if tensor.dim() in formats else tensor


def convolution(case):
    """Functions of the three passes, each a call without arguments on tensors made once."""
    rank = len(case["kernel"])
    transposed = case["op"] == "conv_transpose"
    groups = case["groups"]
    inputs, outputs = case["in_channels"], case["out_channels"]
    shape = [inputs, outputs // groups] if transposed else [outputs, inputs // groups]

    def passes(device):
        x = channels_last(torch.rand([case["batch"], inputs] + case["input"], device=device) - 0.5)
        weight = channels_last(torch.rand(shape + case["kernel"], device=device) - 0.5)
        geometry = (case["stride"], case["padding"], case["dilation"], transposed, case["output_padding"], groups)

        def forward():
            return torch.convolution(x, weight, None, *geometry)

        upstream = channels_last(torch.rand_like(forward()))

        def gradient(mask):
            return lambda: torch.ops.aten.convolution_backward(upstream, x, weight, None, *geometry, mask)

        return {"forward": forward, "data gradient": gradient([True, False, False]),
                "weight gradient": gradient([False, True, False])}

    pixels = case["input"] if transposed else [
        (extent + 2 * padding - dilation * (kernel - 1) - 1) // stride + 1
        for extent, padding, dilation, kernel, stride in zip(
            case["input"], case["padding"], case["dilation"], case["kernel"], case["stride"])]
    flops = 2 * case["batch"] * math.prod(pixels) * math.prod(shape + case["kernel"])
    assert rank == len(pixels)
    return passes, flops


def operator(case):
    kind = case["op"]

    def passes(device):
        if kind == "adam":
            weight = torch.rand(case["elements"], device=device, requires_grad=True)
            weight.grad = torch.rand_like(weight)
            return {"update": torch.optim.Adam([weight], fused=True).step}
        x = channels_last(torch.rand(case["shape"], device=device) - 0.5).requires_grad_()
        channels = case["shape"][1]
        scale, shift = torch.ones(channels, device=device), torch.zeros(channels, device=device)
        labels = torch.zeros([case["shape"][0]] + case["shape"][2:], dtype=torch.long, device=device)
        calls = {
            "batch_norm": lambda: F.batch_norm(x, None, None, scale, shift, training=True),
            "group_norm": lambda: F.group_norm(x, case["groups"], scale, shift),
            "max_pool": lambda: F.max_pool2d(x, case["kernel"], case["stride"]),
            "relu": lambda: F.relu(x),
            "resize": lambda: F.interpolate(x, scale_factor=case["scale"], mode=case["mode"]),
            "cross_entropy": lambda: F.cross_entropy(x, labels),
        }
        y = calls[kind]()
        upstream = torch.rand_like(y)

        def forward():
            with torch.no_grad():
                return calls[kind]()

        return {"forward": forward, "gradient": lambda: torch.autograd.grad(y, x, upstream, retain_graph=True)}

    return passes, 0


class Clock:
    def __init__(self, device):
        self.cuda = device == "cuda"

    def seconds(self, call):
        if not self.cuda:
            begin = time.perf_counter()
            call()
            return time.perf_counter() - begin
        begin, end = torch.cuda.Event(enable_timing=True), torch.cuda.Event(enable_timing=True)
        begin.record()
        call()
        end.record()
        end.synchronize()
        return begin.elapsed_time(end) / 1e3


def measure(clock, call, given):
    for _ in range(5):  # libraries choose their algorithms, and compilers work
        call()
    times, begin = [], time.perf_counter()
    while len(times) < given.samples or time.perf_counter() - begin < given.seconds:
        times.append(clock.seconds(call))
    times.sort()
    at = lambda share: times[min(len(times) - 1, max(0, round(share * (len(times) - 1))))]
    margin = 0.98 / math.sqrt(len(times))
    return {"median": statistics.median(times), "p10": at(0.1), "p90": at(0.9), "low": at(0.5 - margin),
            "high": at(0.5 + margin), "samples": len(times), "noisy": at(0.9) - at(0.1) > 0.05 * at(0.5)}


def in_mode(mode, call):
    if mode != "f16":
        return call

    def autocast():
        with torch.autocast("cuda", dtype=torch.float16):
            return call()

    return autocast


def main():
    given = options()
    device = "cuda" if torch.cuda.is_available() else "cpu"
    suite = given.suite or ("gpu" if device == "cuda" else "cpu")
    if given.threads:
        torch.set_num_threads(given.threads)
    torch.backends.cudnn.benchmark = True
    name = torch.cuda.get_device_name() if device == "cuda" else f"{platform.processor()} CPU, {torch.get_num_threads()} threads"
    report = {"version": 2, "engine": f"PyTorch {torch.__version__}", "os": platform.platform(), "suite": suite,
              "device": {"name": name, "driver_info": f"PyTorch {torch.__version__}"}, "results": []}
    clock = Clock(device)
    cases = json.loads(CASES.read_text())[suite]
    for kind, make in (("conv", convolution), ("other", operator)):
        for case in cases[kind]:
            if given.case not in case["name"]:
                continue
            passes, flops = make(case)
            for mode in given.modes.split(","):
                if mode != "f32" and device == "cpu":
                    print(f"left out: {case['name']}, {mode}: needs CUDA")
                    continue
                torch.backends.cuda.matmul.allow_tf32 = torch.backends.cudnn.allow_tf32 = mode == "tf32"
                for name, call in passes(device).items():
                    for compiled in (False, True) if given.compile else (False,):
                        try:
                            run = in_mode(mode, torch.compile(call) if compiled else call)
                            warm = measure(clock, run, given)
                        except RuntimeError as error:
                            print(f"left out: {case['name']}, {name}, {mode}: {str(error).splitlines()[0]}")
                            continue
                        dtype = mode + (" compiled" if compiled else "")
                        rate = f"{flops / warm['median'] / 1e9:9.2f} GFLOP/s" if flops else ""
                        print(f"{case['name']:16s} {name:16s} {dtype:14s} {warm['median'] * 1e3:10.3f} ms {rate}", flush=True)
                        report["results"].append({"case": case["name"], "pass": name, "dtype": dtype, "flops": flops,
                                                  "warm": warm})
    if given.json:
        given.json.write_text(json.dumps(report, indent=1) + "\n")


if __name__ == "__main__":
    main()
