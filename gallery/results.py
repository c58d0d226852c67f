"""Results of rows as JSON, written so that a run that is cut short loses none."""

import json
import os
import pathlib
import statistics


class Results:
    """{row: {seed: {"figure": ..., "seconds": ..., ...}}} in a file."""

    def __init__(self, file):
        self.file = pathlib.Path(file)
        self.rows = json.loads(self.file.read_text()) if self.file.exists() else {}

    def has(self, row, seed):
        return str(seed) in self.rows.get(row, {})

    def add(self, row, seed, result):
        self.rows.setdefault(row, {})[str(seed)] = result
        unfinished = self.file.with_suffix(".unfinished")
        self.file.parent.mkdir(parents=True, exist_ok=True)
        with open(unfinished, "w") as file:
            json.dump(self.rows, file, indent=1, sort_keys=True)
            file.flush()
            os.fsync(file.fileno())
        unfinished.rename(self.file)

    def of(self, row, key):
        """The values of all seeds."""
        return [result[key] for _, result in sorted(self.rows.get(row, {}).items())]

    def mean(self, row, key):
        values = self.of(row, key)
        return statistics.mean(values) if values else None


def figure_in(text, place):
    """The number at "mean.dice" in a JSON text."""
    value = json.loads(text)
    for key in place.split("."):
        value = value[key]
    return float(value)
