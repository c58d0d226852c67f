"""The rows of the gallery: what is trained on what, how it is judged, what its picture shows."""

import dataclasses


@dataclasses.dataclass(frozen=True)
class Row:
    name: str
    title: str
    network: str  # the word behind `tuff train`
    data: str  # function of data.py; {data} in the texts below is its folder
    train: str  # options of `tuff train`
    evaluate: str  # options of `tuff evaluate`
    figure: str  # place in the JSON of `tuff evaluate`: "mean.dice"
    label: str  # what that is: "Dice"
    text: str  # what there is to see
    compared: bool = False  # also trained by PyTorch, with three seeds
    model: str = "last.safetensors"
    commands: tuple = ()  # of `tuff`, after the evaluation of the first seed; {run}, {data} and {out}
    picture: str = "sheet.png"  # below {out}; sheet.png is what `tuff evaluate --sheet` draws


MASKS = "--images {data}/train/images --masks {data}/train/masks --val-fraction 0 --augment flip,rot90"
UNSEEN_MASKS = "--images {data}/unseen/images --masks {data}/unseen/masks"
PAIRS = "--images {data}/train/images --targets {data}/train/targets --val-fraction 0 --augment flip,rot90"
UNSEEN_PAIRS = "--images {data}/unseen/images --targets {data}/unseen/targets"

ROWS = [
    Row(
        "unet-nuclei", "Nuclei by U-Net", "unet", "nuclei",
        f"{MASKS} --base 16 --depth 3 --crop 128 --batch 8 --steps 150", UNSEEN_MASKS, "mean.dice", "Dice",
        "Fluorescence images of cell nuclei, one Dice for each of 25 images that the network has not seen.",
        compared=True,
    ),
    Row(
        "unet-em", "Membranes by U-Net", "unet", "em",
        f"{MASKS} --foreground 0 --base 16 --depth 3 --crop 128 --batch 8 --steps 200",
        UNSEEN_MASKS, "mean.dice", "Dice",
        "Membranes between neurons in electron microscopy slices (ISBI 2012), four of them kept from training.",
        compared=True,
    ),
    Row(
        "stardist-nuclei", "Nuclei by StarDist", "stardist", "nuclei",
        f"{MASKS} --base 16 --crop 128 --batch 4 --steps 200", UNSEEN_MASKS, "mean.ap50", "AP@0.5",
        "Each nucleus as a polygon of 32 rays; average precision at an IoU of 0.5 over unseen images.",
        compared=True,
    ),
    Row(
        "cellpose-nuclei", "Nuclei by Cellpose", "cellpose", "nuclei",
        f"{MASKS} --base 16 --crop 128 --batch 4 --steps 150", UNSEEN_MASKS, "mean.ap50", "AP@0.5",
        "Flows to the objects' centers, followed on the device.",
        compared=True,
    ),
    Row(
        "vae-digits", "Digits by a variational autoencoder", "vae", "digits",
        "--images {data}/train/images-idx3-ubyte.gz --val-fraction 0 --base 16 --steps 1000",
        "--images {data}/unseen/images-idx3-ubyte.gz", "elbo", "ELBO, nats an image",
        "Digits that the network draws after 1,000 steps, from noise.",
        compared=True,
        commands=("generate {run} -n 64 --seed 0 --out {out}/sheet.png",),
    ),
    Row(
        "denoiser-em", "Noise off electron microscopy", "denoiser", "em",
        "--images {data}/train/images --val-fraction 0 --noise gaussian:0.2 --base 16 --depth 2 --crop 128 --steps 200",
        "--images {data}/unseen/images", "mean.psnr", "PSNR, dB",
        "Gaussian noise of deviation 0.2 of the images' range, added to clean images.",
        compared=True,
    ),
    Row(
        "insilico", "Fluorescence from phase contrast", "insilico", "insilico",
        f"{PAIRS} --base 16 --depth 3 --crop 128 --batch 4 --steps 200",
        UNSEEN_PAIRS, "mean.pearson", "Pearson's correlation",
        "13 focal planes in, three fluorescence channels out; judged by a strip of the field that was kept from training.",
        compared=True,
    ),
    Row(
        "superres-nuclei", "Nuclei at twice the resolution", "superres", "nuclei",
        "--images {data}/train/images --val-fraction 0 --scale 2 --base 32 --blocks 4 --crop 48 --batch 4 --steps 200",
        "--images {data}/unseen/images", "mean.psnr", "PSNR, dB",
        "SRResNet, from images shrunk to half their size.",
        compared=True,
    ),
    Row(
        "unet3d-blobs", "Nuclei in a volume by a 3-D U-Net", "unet", "blobs3d",
        f"{MASKS} --dims 3 --axes ZYX --base 8 --depth 2 --crop 32 --crop-depth 16 --batch 2 --steps 150",
        UNSEEN_MASKS, "mean.dice", "Dice",
        "One volume of 31 slices: 36 columns to train on, 21 others to judge by.",
        compared=True,
    ),
    Row(
        "illumination", "Two exposures instead of thirteen", "illumination", "insilico",
        f"{PAIRS} --patterns 2 --base 16 --depth 3 --crop 128 --batch 4 --steps 200",
        UNSEEN_PAIRS, "mean.pearson", "Pearson's correlation",
        "The network learns how bright each lamp shines in two exposures together with how to read them; the focal planes "
        "stand in for images by one lamp each.",
        compared=True,
        commands=("patterns {run}/last.safetensors --out {out}",),
        picture="patterns.png",
    ),
    Row(
        "illumination-uniform", "The same with all lamps equally bright", "illumination", "insilico",
        f"{PAIRS} --uniform --patterns 1 --base 16 --depth 3 --crop 128 --batch 4 --steps 200",
        UNSEEN_PAIRS, "mean.pearson", "Pearson's correlation",
        "What learned patterns have to be better than.",
    ),
    Row(
        "fcn-nuclei", "Nuclei by a fully convolutional network", "fcn", "nuclei",
        f"{MASKS} --base 16 --crop 128 --batch 4 --steps 200", UNSEEN_MASKS, "mean.dice", "Dice",
        "FCN-8s (Long et al. 2015), its upsampling learned from bilinear weights on.",
    ),
    Row(
        "segnet-nuclei", "Nuclei by SegNet", "segnet", "nuclei",
        f"{MASKS} --base 16 --depth 3 --crop 128 --batch 4 --steps 150", UNSEEN_MASKS, "mean.dice", "Dice",
        "Unpooling by the indices of the maxima.",
    ),
    Row(
        "deepmedic-em", "Membranes by DeepMedic", "deepmedic", "em",
        f"{MASKS} --foreground 0 --base 12 --batch 4 --steps 150", UNSEEN_MASKS, "mean.dice", "Dice",
        "Two pathways, one of them at a third of the resolution.",
    ),
    Row(
        "rootpainter-nuclei", "Nuclei from annotations of some pixels", "rootpainter", "annotations",
        f"{MASKS} --base 16 --depth 3 --crop 124 --batch 2 --steps 150", UNSEEN_MASKS, "mean.dice", "Dice",
        "RootPainter's network and loss; a tenth of the pixels is annotated: three small squares in each image.",
    ),
    Row(
        "unet-boundaries", "Touching nuclei apart", "unet", "nuclei",
        f"{MASKS} --classes 3 --boundary 2 --base 16 --depth 3 --crop 128 --batch 4 --steps 200",
        UNSEEN_MASKS, "mean.dice", "Dice of inside and boundaries",
        "Three classes: background, inside, and boundaries two pixels wide.",
    ),
    Row(
        "noise2noise-em", "Noise off without clean images", "denoiser", "em",
        "--images {data}/train/images --val-fraction 0 --noise gaussian:0.2 --noisy-targets --base 16 --depth 2 "
        "--crop 128 --steps 200",
        "--images {data}/unseen/images", "mean.psnr", "PSNR, dB",
        "As above, but what is learned towards has noise of its own (Lehtinen et al. 2018).",
    ),
    Row(
        "vae-classes", "The digit that you ask for", "vae", "digits",
        "--images {data}/train/images-idx3-ubyte.gz --labels {data}/train/labels-idx1-ubyte.gz --val-fraction 0 --base 16 "
        "--steps 600",
        "--images {data}/unseen/images-idx3-ubyte.gz --labels {data}/unseen/labels-idx1-ubyte.gz",
        "elbo", "ELBO, nats an image",
        "A conditional variational autoencoder; a row for each class.",
        commands=("generate {run} --seed 0 --out {out}/sheet.png",),
    ),
    Row(
        "stardist3d-blobs", "Nuclei in a volume by StarDist", "stardist", "blobs3d",
        f"{MASKS} --dims 3 --axes ZYX --base 8 --depth 2 --crop 32 --crop-depth 16 --batch 2 --steps 200",
        UNSEEN_MASKS, "mean.ap50", "AP@0.5",
        "Polyhedra of 96 rays; as many columns of one volume to train on as above.",
    ),
    Row(
        "autoencoder-digits", "Digits as sixteen numbers", "autoencoder", "digits",
        "--images {data}/train/images-idx3-ubyte.gz --val-fraction 0 --base 16 --latent 16 --steps 600",
        "--images {data}/unseen/images-idx3-ubyte.gz", "psnr", "PSNR, dB",
        "An autoencoder with a bottleneck; how quality rises with its size.",
        commands=("rate --images {data}/train/images-idx3-ubyte.gz --val-last 1000 --base 16 --steps 300 "
                  "--latents 4,8,16,32 --resume --out {out}/rate",),
        picture="rate/rate.png",
    ),
]
