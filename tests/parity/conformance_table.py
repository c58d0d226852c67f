#!/usr/bin/env python3
"""docs/onnx-conformance.md from what `tuff conformance FOLDER --json FILE` wrote.

  conformance_table.py "TITLE=FILE.json[,FILE.json...]"... > docs/onnx-conformance.md
"""
import collections
import json
import sys

OUTCOMES = ("device", "host", "failed", "unsupported")


def count(paths):
    total, operators, missing, failures = collections.Counter(), collections.defaultdict(collections.Counter), collections.Counter(), []
    for path in paths:
        for case in json.load(open(path))["cases"]:
            outcome = ("device" if case["on_device"] else "host") if case["outcome"] == "passed" else case["outcome"]
            total[outcome] += 1
            for name in case["operators"] or case["missing"]:
                operators[name][outcome] += 1
            missing.update(case["missing"])
            failures += [f"{case['name']}: {case['reason']}"] if outcome == "failed" else []
    return total, operators, missing, failures


def main():
    sets = [(title, *count(files.split(","))) for title, files in (argument.split("=") for argument in sys.argv[1:])]
    print("# The ONNX project's cases by operator\n")
    print("A case counts for every operator that its model has. Host: all of it was computed by the host evaluator (64-bit integers,")
    print("doubles, sizes that depend on values). How these figures are made, and what is unsupported and why: [onnx.md](onnx.md).\n")
    for title, total, _, missing, failures in sets:
        print(f"**{title}**: {sum(total.values())} cases, {total['device']} passed on the device, {total['host']} on the host, "
              f"{total['failed']} failed, {total['unsupported']} unsupported.\n")
        for failure in failures:
            print(f"Failed: {failure}.\n")
        if missing:
            print("Unsupported for: " + ", ".join(f"{name} ({n})" for name, n in sorted(missing.items())) + ".\n")
    print("| operator | " + " | ".join(f"{title}: {outcome}" for title, *_ in sets for outcome in OUTCOMES) + " |")
    print("|---|" + "---:|" * (len(sets) * len(OUTCOMES)))
    for name in sorted({name for _, _, operators, *_ in sets for name in operators}):
        cells = [str(operators[name][outcome] or "") if name in operators else "" for _, _, operators, *_ in sets for outcome in OUTCOMES]
        print(f"| {name} | " + " | ".join(cells) + " |")


if __name__ == "__main__":
    main()
