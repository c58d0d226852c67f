#!/usr/bin/env python3
"""Reports of `tuff bench --json` and of peers beside each other, as a Markdown table: the first report's time in
milliseconds, and how many times as long each other one takes.

    bench/peers/table.py tuff.json torch.json [--dtype f32]

A pass that another report has in several modes (tf32, compiled) has a column for each."""

import argparse
import json
import math
import pathlib


def read(path):
    report = json.loads(path.read_text())
    modes = {}
    for result in report["results"]:
        key = (result["case"], result["pass"])
        modes.setdefault(result["dtype"], {})[key] = result
    return report, modes


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("own", type=pathlib.Path)
    parser.add_argument("peers", type=pathlib.Path, nargs="+")
    parser.add_argument("--dtype", default="f32", help="of the first report [f32]")
    given = parser.parse_args()
    report, modes = read(given.own)
    own = modes.get(given.dtype, {})
    columns = []
    for path in given.peers:
        peer, others = read(path)
        columns += [(f"{peer.get('engine', peer['device']['name'])}, {mode}", results) for mode, results in others.items()]
    print(f"{report['device']['name']}; {given.dtype}; ratios are the peer's time over ours: above 1 we are faster\n")
    print("| case | pass | ms | GFLOP/s | " + " | ".join(name for name, _ in columns) + " |")
    print("|---|---|---|---|" + "---|" * len(columns))
    logarithms = [[] for _ in columns]
    for key, result in own.items():
        seconds = result["warm"]["median"]
        row = [*key, f"{seconds * 1e3:.3f}", f"{result['flops'] / seconds / 1e9:.1f}" if result.get("flops") else ""]
        for index, (_, results) in enumerate(columns):
            other = results.get(key)
            row.append(f"{other['warm']['median'] / seconds:.2f}" if other else "")
            if other:
                logarithms[index].append(math.log(other["warm"]["median"] / seconds))
        print("| " + " | ".join(row) + " |")
    means = [f"{math.exp(sum(logs) / len(logs)):.2f}" if logs else "" for logs in logarithms]
    print("| geometric mean | | | | " + " | ".join(means) + " |")


if __name__ == "__main__":
    main()
