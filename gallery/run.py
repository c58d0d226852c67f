#!/usr/bin/env python3
"""Tuff's part of the gallery: prepares data, trains and judges each row, draws its picture. See scripts/gallery."""

import argparse
import csv
import os
import pathlib
import platform
import shlex
import shutil
import subprocess
import sys
import time

import data
import page
from results import Results, figure_in
from rows import ROWS


def arguments():
    parser = argparse.ArgumentParser(prog="scripts/gallery", description=__doc__, epilog=data.DATA,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("data", nargs="?", type=pathlib.Path, help="folder of images")
    parser.add_argument("rows", nargs="*", help="only these rows")
    parser.add_argument("--dump", action="store_true", help="keep weights and batches for gallery/pytorch.py")
    parser.add_argument("--seeds", type=int, default=3, help="at most so many of each row, from 0 on [3]")
    parser.add_argument("--page", action="store_true", help="write docs/gallery.md from what is there")
    parser.add_argument("--list", action="store_true", help="list the rows and what is done")
    parser.add_argument("--tuff", default="build/tuff", help=argparse.SUPPRESS)
    parser.add_argument("--work", type=pathlib.Path, default=pathlib.Path("build/gallery"), help=argparse.SUPPRESS)
    given = parser.parse_args()
    names = [row.name for row in ROWS]
    for name in given.rows:
        if name not in names:
            parser.error(f"no row {name}; there are {', '.join(names)}")
    if given.data is None and not (given.page or given.list):
        parser.error("name the folder of images")
    if given.data is not None and not given.data.is_dir():
        parser.error(f"{given.data}: no such folder")
    return given


class Runner:
    def __init__(self, given):
        self.given = given
        self.results = Results(given.work / "results.json")

    def tuff(self, text, **places):
        """Runs a command; gives its standard output."""
        words = [word.format(**places) for word in shlex.split(text)]
        print("tuff " + shlex.join(words), file=sys.stderr, flush=True)
        done = subprocess.run([self.given.tuff, *words], stdout=subprocess.PIPE, text=True)
        if done.returncode != 0:
            sys.exit(f"scripts/gallery: `tuff {shlex.join(words)}` failed; run again to go on after mending that")
        return done.stdout

    def train(self, row, seed, folder, out):
        """Seconds that it took. A run that was cut short goes on, or begins anew where its batches are wanted."""
        run, dump = out / "run", self.given.work / "dumps" / row.name / str(seed)
        command = f"train {row.network} {row.train} --seed {seed} --out {{run}} --resume"
        if self.given.dump and row.compared:
            shutil.rmtree(run, ignore_errors=True)
            shutil.rmtree(dump, ignore_errors=True)
            command += f" --dump {shlex.quote(str(dump))}"
        self.tuff(command, data=folder, run=run, out=out)
        with open(run / "metrics.csv") as file:
            return float(list(csv.DictReader(file))[-1]["seconds"])

    def row(self, row):
        folder = data.prepare(row.data, self.given.data, self.given.work / "data", self.given.tuff)
        for seed in range(min(row.seeds, self.given.seeds)):
            if not self.results.has(row.name, seed):
                self.seed(row, seed, folder)

    def drawn(self, row):
        """Options for the pictures that evaluation draws, of those that no command of the row's own does."""
        own = " ".join(row.commands)
        options = {"sheet.png": " --sheet {out}/sheet.png --sheet-rows 3", "confusion.png": " --confusion {out}/confusion.png"}
        return "".join(text for name, text in options.items() if name in row.pictures and name not in own)

    def seed(self, row, seed, folder):
        begun = time.monotonic()
        out = self.given.work / "rows" / row.name / str(seed)
        out.mkdir(parents=True, exist_ok=True)
        places = {"data": folder, "run": out / "run", "out": out}
        for command in row.before:
            self.tuff(command, **places)
        seconds = self.train(row, seed, folder, out)
        scores = self.tuff(f"evaluate {{run}}/{row.model} {row.evaluate} --json -{self.drawn(row)}", **places)
        (out / "scores.json").write_text(scores)
        said = [self.tuff(command, **places) for command in row.commands if seed == 0]
        (out / "output.txt").write_text("".join(said).replace(str(out) + "/", ""))
        self.results.add(row.name, seed, {"figure": figure_in(scores, row.figure), "seconds": seconds,
                                          "whole_seconds": round(time.monotonic() - begun, 1)})


def machine(given):
    devices = subprocess.run([given.tuff, "devices"], stdout=subprocess.PIPE, text=True).stdout.splitlines()
    return {"machine": platform.machine(), "cores": os.cpu_count(), "devices": devices}


def main():
    given = arguments()
    runner = Runner(given)
    wanted = [row for row in ROWS if not given.rows or row.name in given.rows]
    if given.data is not None:
        for row in wanted:
            runner.row(row)
    if given.page:
        page.write(pathlib.Path(__file__).parents[1], given.work, machine(given))
    else:
        print(page.table(runner.results, Results(given.work / "pytorch.json"), wanted))


if __name__ == "__main__":
    main()
