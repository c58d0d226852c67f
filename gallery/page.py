"""docs/gallery.md from the results: a table, and for each row its command, figures and picture."""

import pathlib
import re
import shutil
import statistics

from results import Results, figure_in
from rows import ROWS

PICTURE_WIDTH = 760  # pixels, at most


def number(value):
    if value is None:
        return ""
    return f"{value:.1e}" if 0 < abs(value) < 1e-3 else f"{value:.4f}" if abs(value) < 10 else f"{value:.2f}"


def seconds(value):
    return "" if value is None else f"{value:.0f} s"


def difference(tuff, pytorch):
    return "" if tuff is None or pytorch is None else f"{100 * (tuff - pytorch) / abs(pytorch):+.2f} %"


def table(tuff, pytorch, rows):
    lines = ["| what | figure | Tuff | PyTorch | difference | Tuff trains for | PyTorch |", "|---|---|---|---|---|---|---|"]
    for row in rows:
        mine, theirs = tuff.mean(row.name, "figure"), pytorch.mean(row.name, "figure")
        lines.append(f"| [{row.title}](#{anchor(row)}) | {row.label} | {number(mine)} | {number(theirs)} | "
                     f"{difference(mine, theirs)} | {seconds(tuff.mean(row.name, 'seconds'))} | "
                     f"{seconds(pytorch.mean(row.name, 'seconds'))} |")
    return "\n".join(lines)


def anchor(row):
    return "".join(c if c.isalnum() else "-" if c in " -" else "" for c in row.title.lower())


def spread(values):
    return " ".join(number(value) for value in values)


def section(row, tuff, pytorch, also, said, pictures):
    lines = [f"## {row.title}", "", row.text, "", "```sh"]
    commands = [*row.before, f"train {row.network} {row.train} --out {{run}}", f"evaluate {{run}}/{row.model} {row.evaluate}",
                *row.commands]
    for command in commands:
        for place, text in (("{data}", "DATA"), ("{run}", "RUN"), ("{out}/", ""), ("{out}", ".")):
            command = command.replace(place, text)
        lines.append("tuff " + command)
    lines += ["```", ""]
    figures = tuff.of(row.name, "figure")
    lines.append(f"{row.label}: {spread(figures)}" + (f"; PyTorch: {spread(pytorch.of(row.name, 'figure'))}"
                                                       if pytorch.of(row.name, "figure") else "") + ".")
    if also:
        lines += ["", "Also: " + ", ".join(f"{label} {number(value)}" for label, value in also) + "."]
    if row.tells:
        lines += ["", "```", said.strip(), "```"]
    for picture in pictures:
        lines += ["", f"![{row.title}](images/gallery/{picture})"]
    return "\n".join(lines)


def also_of(row, folder):
    """[(label, mean over the seeds)] of what row.also names."""
    scores = [file.read_text() for file in sorted(folder.glob("*/scores.json"))]
    return [(label, statistics.mean(figure_in(text, place) for text in scores)) for place, label in row.also]


def shrink(picture, to):
    from PIL import Image

    with Image.open(picture) as image:
        image = image.convert("RGB")
        if image.width > PICTURE_WIDTH:
            image = image.resize((PICTURE_WIDTH, round(image.height * PICTURE_WIDTH / image.width)), Image.LANCZOS)
        image.save(to, quality=82, optimize=True)


HEAD = """# Gallery

Every system that Tuff trains, on real images, with how well and how long. `scripts/gallery DATA` makes all of it
on two cores without a GPU; `gallery/data.py` says what DATA holds. Where PyTorch stands beside, it has trained the same
network (`gallery/pytorch.py`) from the same weights on the same batches for the same steps, and what it learned was judged by
the same command; its figures are means over the seeds 0, 1, 2. Seconds are those of training, on {cores} cores:
{device}. All rows with all seeds took Tuff {minutes:.0f} minutes, evaluation and pictures included.
Other programs ran on the machine part of the time, so seconds are to be read roughly.

"""


def device_of(machine):
    """The first device's name and driver: "* 0 NAME: KIND, DRIVER, Vulkan ..." without number and what follows."""
    line = next((line for line in machine["devices"] if line.strip()), "no device")
    return re.sub(r"^[* ]*\d+ ", "", line).split(", Vulkan")[0]


def write(root, work, machine):
    tuff, pytorch = Results(work / "results.json"), Results(work / "pytorch.json")
    pictures = root / "docs/images/gallery"
    pictures.mkdir(parents=True, exist_ok=True)
    done = [row for row in ROWS if tuff.rows.get(row.name)]
    sections = []
    for row in done:
        out, drawn = work / "rows" / row.name / "0", []
        for picture in filter(pathlib.Path.is_file, [out / name for name in row.pictures]):
            drawn.append(row.name + (f"-{len(drawn) + 1}" if drawn else "") + ".jpg")
            shrink(picture, pictures / drawn[-1])
        said = (out / "output.txt").read_text() if row.tells else ""
        sections.append(section(row, tuff, pytorch, also_of(row, out.parent), said, drawn))
    whole = sum(sum(tuff.of(row.name, "whole_seconds")) for row in done)
    text = HEAD.format(device=device_of(machine), cores=machine["cores"], minutes=whole / 60) + table(tuff, pytorch, done) + "\n\n" + "\n\n".join(sections) + "\n"
    (root / "docs/gallery.md").write_text(text)
    results = root / "docs/results"
    results.mkdir(exist_ok=True)
    for name in ("results", "pytorch"):
        if (work / f"{name}.json").exists():
            shutil.copy(work / f"{name}.json", results / f"gallery_{name}.json")
    print(f"{root / 'docs/gallery.md'}: {len(done)} of {len(ROWS)} rows")
