#!/usr/bin/env python3
"""`tuff match` against StarDist's stardist.matching and `tuff measure` against scikit-image's regionprops.

  compare_objects.py TUFF MASKS IMAGES     folders of instance masks (TIFF) and of their images (PNG) of the same names

Predictions are the masks shifted, with some objects dropped, joined to another or split. Exit code 1 where counts differ, or
a score by more than 1e-6 (StarDist adds in float32), or a measurement by more than 1e-8 of its value (a CSV has 9 digits).
Needs numpy, tifffile, scikit-image and stardist's matching.py, whose package needs TensorFlow: the file is taken by itself.
"""
import csv
import importlib.machinery
import importlib.util
import io
import json
import pathlib
import subprocess
import sys
import tempfile
import types

import numpy as np
import tifffile
from skimage.io import imread
from skimage.measure import regionprops

THRESHOLDS = (0.5, 0.55, 0.6, 0.65, 0.7, 0.75, 0.8, 0.85, 0.9)
SCORES = {"precision": "precision", "recall": "recall", "f1": "f1", "ap": "accuracy", "mean_true_score": "mean_true_score",
          "mean_matched_score": "mean_matched_score", "panoptic_quality": "panoptic_quality"}
MEASUREMENTS = {"pixels": "num_pixels", "equivalent_diameter_px": "equivalent_diameter_area", "major_axis_px": "axis_major_length",
                "minor_axis_px": "axis_minor_length", "eccentricity": "eccentricity", "orientation_rad": "orientation",
                "perimeter_px": "perimeter", "solidity": "solidity", "mean_c0": "intensity_mean", "min_c0": "intensity_min",
                "max_c0": "intensity_max", "deviation_c0": "intensity_std"}


def stardist_matching():
    csbdeep = types.ModuleType("csbdeep")
    csbdeep.utils = types.ModuleType("csbdeep.utils")
    csbdeep.utils._raise = None
    sys.modules.update({"csbdeep": csbdeep, "csbdeep.utils": csbdeep.utils})
    folder = importlib.machinery.PathFinder.find_spec("stardist").submodule_search_locations[0]
    spec = importlib.util.spec_from_file_location("stardist_matching", pathlib.Path(folder) / "matching.py")
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    return module


def disturb(mask, random):
    result = np.roll(mask, random.integers(-4, 5, 2), (0, 1))
    for label in range(1, result.max() + 1):
        fate = random.random()
        rows, columns = np.nonzero(result == label)
        if fate < 0.08:
            result[rows, columns] = 0
        elif fate < 0.2:
            result[rows, columns] = max(1, label - 1)
        elif fate < 0.3 and len(rows):
            right = columns > columns.mean()
            result[rows[right], columns[right]] = 20000 + label
    return result


def compare_matching(tuff, folder, truth, predictions):
    found = json.loads(subprocess.run([*tuff, "match", folder / "predictions", folder / "truth", "--ids", "--json", "-"],
                                      check=True, stdout=subprocess.PIPE).stdout)
    matching_dataset = stardist_matching().matching_dataset
    worst = 0
    for i, threshold in enumerate(THRESHOLDS):
        for by_image, part in ((False, found["all"]), (True, found["mean"])):
            scores = part["thresholds"][i]
            wanted = matching_dataset(truth, predictions, thresh=threshold, by_image=by_image, show_progress=False)
            worst = max([worst] + [abs(scores[ours] - float(getattr(wanted, theirs))) for ours, theirs in SCORES.items()])
            if not by_image:
                assert [scores[k] for k in ("tp", "fp", "fn")] == [wanted.tp, wanted.fp, wanted.fn], (threshold, scores)
    return worst


def compare_measurements(tuff, folder, images, names, predictions):
    table = subprocess.run([*tuff, "measure", folder / "predictions", "--ids", "--images", images], check=True,
                           stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True).stdout
    rows = csv.DictReader(io.StringIO(table))
    worst, objects = 0, 0
    for name, mask in zip(names, predictions):
        image = imread(pathlib.Path(images) / (name + ".png")).astype(float)
        for region in regionprops(mask, intensity_image=image):
            row = next(rows)
            assert (row["image"], int(row["id"])) == (name, region.label), (row["image"], row["id"], name, region.label)
            objects += 1
            for ours, theirs in MEASUREMENTS.items():
                if row[ours]:  # what has no longer axis has no direction
                    wanted = float(getattr(region, theirs))
                    difference = abs(float(row[ours]) - wanted)
                    if ours == "orientation_rad":  # an axis points both ways
                        difference = min(difference, abs(difference - np.pi))
                    if difference / max(1, abs(wanted)) > 1e-8:
                        print(f"{name} object {region.label}: {ours} {row[ours]}, wanted {wanted}")
                    worst = max(worst, difference / max(1, abs(wanted)))
    assert next(rows, None) is None
    return worst, objects


def main():
    tuff, masks, images = sys.argv[1].split(), pathlib.Path(sys.argv[2]), sys.argv[3]
    random = np.random.default_rng(0)
    names = sorted(path.stem for path in masks.glob("*.tif"))
    truth = [tifffile.imread(masks / (name + ".tif")).astype(np.uint16) for name in names]
    predictions = [disturb(mask, random) for mask in truth]
    with tempfile.TemporaryDirectory() as temporary:
        folder = pathlib.Path(temporary)
        for kind, stack in (("truth", truth), ("predictions", predictions)):
            (folder / kind).mkdir()
            for name, mask in zip(names, stack):
                tifffile.imwrite(folder / kind / (name + ".tif"), mask)
        scores = compare_matching(tuff, folder, truth, predictions)
        measurements, objects = compare_measurements(tuff, folder, images, names, predictions)
    print(f"{len(names)} images, {objects} objects: scores differ by {scores:.1e}, measurements by {measurements:.1e} at most")
    sys.exit(scores > 1e-6 or measurements > 1e-8)


main()
