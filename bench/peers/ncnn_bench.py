#!/usr/bin/env python3
"""Times ncnn's Vulkan backend on the two-dimensional convolutions of bench/cases.json (forward, f32), with Winograd and
without, on the device that VK_DRIVER_FILES names. Needs `pip install ncnn numpy`.

    bench/peers/ncnn_bench.py --json ncnn.json
    bench/peers/table.py tuff.json ncnn.json

A net of several copies of the convolution, of whose results one pixel each is kept, against a net of one: the difference
is what the copies take, without copying images to and from the device. ncnn has no batches: times are for one image, times
their number. What ncnn can't run is named and left out."""

import argparse
import json
import math
import pathlib
import platform
import statistics
import tempfile
import time

import ncnn
import numpy

CASES = pathlib.Path(__file__).resolve().parent.parent / "cases.json"
COPIES = 5


def options():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--suite", choices=("cpu", "gpu"), default="cpu")
    parser.add_argument("--case", default="", help="only cases whose names contain this")
    parser.add_argument("--samples", type=int, default=10)
    parser.add_argument("--json", type=pathlib.Path)
    return parser.parse_args()


def net(case, copies, winograd, folder):
    """The net, ready to run, and the name of its result."""
    (height, width), groups = case["kernel"], case["groups"]
    inputs, outputs = case["in_channels"], case["out_channels"]
    weights = outputs * inputs // groups * height * width
    geometry = (f"0={outputs} 1={width} 11={height} 2={case['dilation'][1]} 12={case['dilation'][0]} "
                f"3={case['stride'][1]} 13={case['stride'][0]} 4={case['padding'][1]} 14={case['padding'][0]} 5=0 6={weights}")
    kind = "Convolution"
    if groups > 1:
        kind, geometry = "ConvolutionDepthWise", f"{geometry} 7={groups}"
    names = " ".join(f"x{i}" for i in range(copies))
    lines = ["Input input 0 1 x", f"Split split 1 {copies} x {names}"]
    for i in range(copies):
        lines += [f"{kind} conv{i} 1 1 x{i} y{i} {geometry}", f"Crop crop{i} 1 1 y{i} p{i} 3=1 4=1 5={outputs}"]
    lines.append(f"Concat all {copies} 1 " + " ".join(f"p{i}" for i in range(copies)) + " all 0=0")
    blobs = 2 + 3 * copies
    (folder / "net.param").write_text(f"7767517\n{len(lines)} {blobs}\n" + "\n".join(lines) + "\n")
    with open(folder / "net.bin", "wb") as file:
        for i in range(copies):
            file.write(bytes(4))  # what follows is f32
            file.write((numpy.random.default_rng(i).random(weights, numpy.float32) - 0.5).tobytes())
    made = ncnn.Net()
    made.opt.use_vulkan_compute = True
    made.opt.use_winograd_convolution = winograd
    for option in ("use_fp16_packed", "use_fp16_storage", "use_fp16_arithmetic", "use_bf16_storage", "use_bf16_packed",
                   "use_int8_inference", "use_int8_storage", "use_int8_packed", "use_int8_arithmetic"):
        if hasattr(made.opt, option):
            setattr(made.opt, option, False)
    if made.load_param(str(folder / "net.param")) != 0 or made.load_model(str(folder / "net.bin")) != 0:
        raise RuntimeError("the net can't be loaded")
    return made


def seconds(made, image):
    begin = time.perf_counter()
    with made.create_extractor() as extractor:
        extractor.input("x", image)
        code, result = extractor.extract("all")
        taken = time.perf_counter() - begin
        if code != 0 or not numpy.isfinite(numpy.array(result)).all():  # its memory is the extractor's
            raise RuntimeError(f"the net can't be run ({code})")
    return taken


def measure(case, winograd, given):
    with tempfile.TemporaryDirectory() as folder:
        one = net(case, 1, winograd, pathlib.Path(folder))
        many = net(case, 1 + COPIES, winograd, pathlib.Path(folder))
        values = numpy.random.default_rng(0).random([case["in_channels"]] + case["input"], numpy.float32)
        image = ncnn.Mat(values).clone()
        for made in (one, many):
            seconds(made, image)
        times = sorted((seconds(many, image) - seconds(one, image)) / COPIES * case["batch"] for _ in range(given.samples))
    at = lambda share: times[min(len(times) - 1, round(share * (len(times) - 1)))]
    return {"median": statistics.median(times), "p10": at(0.1), "p90": at(0.9), "low": at(0.2), "high": at(0.8),
            "samples": len(times), "noisy": at(0.9) - at(0.1) > 0.05 * at(0.5)}


def main():
    given = options()
    if ncnn.get_gpu_count() == 0:
        raise SystemExit("ncnn finds no Vulkan device: set VK_DRIVER_FILES to a driver's file")
    name = ncnn.get_gpu_info(0).device_name()
    report = {"version": 2, "engine": f"ncnn {ncnn.__version__}", "os": platform.platform(), "suite": given.suite,
              "device": {"name": name, "driver_info": f"ncnn {ncnn.__version__}"}, "results": []}
    for case in json.loads(CASES.read_text())[given.suite]["conv"]:
        if given.case not in case["name"]:
            continue
        if len(case["kernel"]) != 2 or case["op"] != "conv":
            print(f"left out: {case['name']}: not a two-dimensional convolution")
            continue
        pixels = math.prod((extent + 2 * padding - dilation * (kernel - 1) - 1) // stride + 1
                           for extent, padding, dilation, kernel, stride in zip(
                               case["input"], case["padding"], case["dilation"], case["kernel"], case["stride"]))
        flops = (2 * case["batch"] * pixels * case["out_channels"] * case["in_channels"] // case["groups"]
                 * math.prod(case["kernel"]))
        for winograd in (False, True):
            mode = "Winograd" if winograd else "direct"
            try:
                warm = measure(case, winograd, given)
            except RuntimeError as error:
                print(f"left out: {case['name']}, {mode}: {error}")
                continue
            print(f"{case['name']:16s} forward          {mode:14s} {warm['median'] * 1e3:10.3f} ms "
                  f"{flops / warm['median'] / 1e9:9.2f} GFLOP/s", flush=True)
            report["results"].append({"case": case["name"], "pass": "forward", "dtype": mode, "flops": flops, "warm": warm})
    if given.json:
        given.json.write_text(json.dumps(report, indent=1) + "\n")


if __name__ == "__main__":
    main()
