"""Data sets of the gallery, made of a folder of public images (see DATA below) or generated. Each function fills the
folder it is given; what a network is judged on lies apart from what it trains on."""

import gzip
import pathlib
import struct
import subprocess

DATA = """The folder of images holds, as their publishers have them:
  nuclei/train/images, masks   fluorescence images of nuclei, masks of ids (StarDist's layout)
  em/images, labels            electron microscopy slices, labels 0 (membrane) and 255
  digits, fashion              MNIST's and Fashion-MNIST's idx files
  insilico                     phase_z00.png to phase_z12.png, fluor_dapi.png, fluor_map2.png, fluor_nfh.png
  blobs3d                      img3d.tif, mask3d.tif"""


def link(file, to):
    to.parent.mkdir(parents=True, exist_ok=True)
    to.symlink_to(file.resolve())


def split_pairs(images, masks, folder, every=5):
    """Every fifth image and its mask go to unseen/, the others to train/."""
    of_stem = {file.stem: file for file in masks.iterdir()}
    for number, image in enumerate(sorted(images.iterdir())):
        part = folder / ("unseen" if number % every == every - 1 else "train")
        mask = of_stem[image.stem]
        link(image, part / "images" / image.name)
        link(mask, part / "masks" / mask.name)


def nuclei(source, folder, tuff):
    split_pairs(source / "nuclei/train/images", source / "nuclei/train/masks", folder)


def em(source, folder, tuff):
    split_pairs(source / "em/images", source / "em/labels", folder)


def crop_image(file, box, to):
    """All pages of an image, or those from box[4] to box[5]: left, top, right, bottom."""
    from PIL import Image, ImageSequence

    to.parent.mkdir(parents=True, exist_ok=True)
    with Image.open(file) as image:
        pages = [page.crop(box) for page in ImageSequence.Iterator(image)]
    pages[0].save(to, save_all=len(pages) > 1, append_images=pages[1:]) if len(pages) > 1 else pages[0].save(to)


def insilico(source, folder, tuff):
    """The upper three quarters of the field to train on, the strip below to judge by; channels by numbered files."""
    strips = {"train": (0, 0, 512, 768), "unseen": (0, 768, 512, 1024)}
    fluorescence = ("fluor_dapi.png", "fluor_map2.png", "fluor_nfh.png")
    for part, box in strips.items():
        for plane in range(13):
            crop_image(source / f"insilico/phase_z{plane:02}.png", box, folder / part / f"images/field_{plane:04}.png")
        for number, name in enumerate(fluorescence):
            crop_image(source / "insilico" / name, box, folder / part / f"targets/field_{number:04}.png")


def blobs3d(source, folder, tuff):
    """One volume of 57 columns: 36 to train on, the rest to judge by."""
    for part, box in {"train": (0, 0, 36, 61), "unseen": (36, 0, 57, 61)}.items():
        crop_image(source / "blobs3d/img3d.tif", box, folder / part / "images/blobs.tif")
        crop_image(source / "blobs3d/mask3d.tif", box, folder / part / "masks/blobs.tif")


def read_idx(file):
    """(shape, bytes) of an idx file of bytes."""
    data = gzip.decompress(file.read_bytes())
    rank = data[3]
    return struct.unpack(f">{rank}I", data[4 : 4 + 4 * rank]), data[4 + 4 * rank :]


def write_idx(file, shape, values):
    header = bytes((0, 0, 8, len(shape))) + struct.pack(f">{len(shape)}I", *shape)
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_bytes(gzip.compress(header + values, 1))


def digits(source, folder, tuff):
    """The first 9,000 of MNIST's test digits to train on, the last 1,000 to judge by."""
    for kind in ("images-idx3-ubyte.gz", "labels-idx1-ubyte.gz"):
        shape, values = read_idx(source / "digits" / f"t10k-{kind}")
        each = len(values) // shape[0]
        for part, first, last in (("train", 0, 9000), ("unseen", 9000, 10000)):
            write_idx(folder / part / kind, (last - first, *shape[1:]), values[first * each : last * each])


def annotations(source, folder, tuff):
    """As somebody annotates who has little time: of each image to train on three squares of 48 pixels, in them 2 where a
    nucleus is and 1 elsewhere, else 0. What it is judged by is annotated wholly."""
    import random

    from PIL import Image

    nuclei(source, folder / "whole", tuff)
    places = random.Random(0)
    for part in ("train", "unseen"):
        for file in sorted((folder / "whole" / part / "masks").iterdir()):
            image = next((folder / "whole" / part / "images").glob(file.stem + ".*"))
            link(image, folder / part / "images" / image.name)
            with Image.open(file) as mask:
                annotated = wanted = classes_of(mask)
            if part == "train":
                annotated = Image.new("L", wanted.size)
                for _ in range(3):
                    left, top = places.randrange(wanted.width - 48), places.randrange(wanted.height - 48)
                    annotated.paste(wanted.crop((left, top, left + 48, top + 48)), (left, top))
            to = folder / part / "masks" / (file.stem + ".png")
            to.parent.mkdir(parents=True, exist_ok=True)
            annotated.save(to)


def fashion(source, folder, tuff):
    for file in (source / "fashion").iterdir():
        link(file, folder / file.name)


def synthesize_mosaics(source, folder, tuff, train, unseen, *options):
    """Digits on a noisy ground, so many images: of the first 9,000 to train on, of the last 1,000 to judge by."""
    digits_of = source / "digits"
    for part, first, count, first_digit, digit_count in (("train", 0, train, 0, 9000), ("unseen", train, unseen, 9000, 1000)):
        run(tuff, "synthesize", "mosaic", "--digits", digits_of / "t10k-images-idx3-ubyte.gz", "--labels",
            digits_of / "t10k-labels-idx1-ubyte.gz", "--out", folder / part, "--count", count, "--first", first,
            "--first-digit", first_digit, "--digit-count", digit_count, *options)


def mosaics(source, folder, tuff):
    synthesize_mosaics(source, folder, tuff, 60, 12)


def crowds(source, folder, tuff):
    synthesize_mosaics(source, folder, tuff, 100, 12, "--tiles", 60)


def spectra(source, folder, tuff):
    for part, first, count in (("train", 0, 1200), ("unseen", 1200, 300)):
        run(tuff, "synthesize", "spectra", "--out", folder / part, "--length", 256, "--noise", 0.1, "--first", first,
            "--count", count)


def run(*words):
    subprocess.run([str(word) for word in words], check=True)


def classes_of(mask):
    """1 where a mask of ids is 0, else 2."""
    from PIL import Image

    classes = Image.new("L", mask.size)
    classes.putdata([2 if id > 0 else 1 for id in mask.getdata()])
    return classes


def prepare(name, source, folder, tuff):
    """The folder of a data set below `folder`, made where it isn't there yet."""
    target = folder / name
    if target.exists():
        return target
    unfinished = folder / f"{name}.unfinished"
    subprocess.run(["rm", "-rf", unfinished], check=True)
    unfinished.mkdir(parents=True)
    globals()[name](pathlib.Path(source), unfinished, tuff)
    unfinished.rename(target)
    return target
