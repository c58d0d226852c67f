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
    also: tuple = ()  # other places in that JSON and what they are
    compared: bool = False  # also trained by PyTorch
    seeds: int = 1  # how many, from 0 on
    model: str = "last.safetensors"
    tells: bool = False  # whether the page has what `commands` print
    before: tuple = ()  # commands of `tuff` before the training
    commands: tuple = ()  # of `tuff`, after the evaluation of the first seed; {run}, {data} and {out}
    pictures: tuple = ("sheet.png",)  # below {out}; sheet.png and confusion.png are what `tuff evaluate` draws


CHANNELS = (("mean.pearson_0", "DAPI"), ("mean.pearson_1", "MAP2"), ("mean.pearson_2", "neurofilament"))
SIMILARITY = (("mean.ssim", "SSIM"),)
TURNS = (("quarter_turns.decisions_changed", "share of decisions that quarter turns change"),)

# Of rows that PyTorch trains, too: with steps that shrink to nothing the last batches don't decide a figure.
COSINE = "--schedule cosine"

MASKS = "--images {data}/train/images --masks {data}/train/masks --val-fraction 0 --augment flip,rot90"
UNSEEN_MASKS = "--images {data}/unseen/images --masks {data}/unseen/masks"
PAIRS = "--images {data}/train/images --targets {data}/train/targets --val-fraction 0 --augment flip,rot90"
UNSEEN_PAIRS = "--images {data}/unseen/images --targets {data}/unseen/targets"
DIGITS = (
    "--images {data}/train/images-idx3-ubyte.gz --labels {data}/train/labels-idx1-ubyte.gz --val-fraction 0"
)
UNSEEN_DIGITS = "--images {data}/unseen/images-idx3-ubyte.gz --labels {data}/unseen/labels-idx1-ubyte.gz"

ROWS = [
    Row(
        "unet-nuclei", "Nuclei by U-Net", "unet", "nuclei",
        f"{MASKS} --base 16 --depth 3 --crop 128 --batch 8 --steps 150 {COSINE}", UNSEEN_MASKS, "mean.dice", "Dice",
        "Fluorescence images of cell nuclei, one Dice for each of 25 images that the network has not seen.",
        compared=True,
        seeds=3,
    ),
    Row(
        "unet-em", "Membranes by U-Net", "unet", "em",
        f"{MASKS} --foreground 0 --base 16 --depth 3 --crop 128 --batch 8 --steps 200 {COSINE}",
        UNSEEN_MASKS, "mean.dice", "Dice",
        "Membranes between neurons in electron microscopy slices (ISBI 2012), four of them kept from training.",
        compared=True,
        seeds=3,
    ),
    Row(
        "stardist-nuclei", "Nuclei by StarDist", "stardist", "nuclei",
        f"{MASKS} --base 16 --crop 128 --batch 4 --steps 300 {COSINE}", UNSEEN_MASKS, "mean.ap50", "AP@0.5",
        "Each nucleus as a polygon of 32 rays; average precision at an IoU of 0.5 over unseen images.",
        compared=True,
        seeds=3,
    ),
    Row(
        "cellpose-nuclei", "Nuclei by Cellpose", "cellpose", "nuclei",
        f"{MASKS} --base 16 --crop 128 --batch 4 --steps 150 {COSINE}", UNSEEN_MASKS, "mean.ap50", "AP@0.5",
        "Flows to the objects' centers, followed on the device.",
        compared=True,
        seeds=3,
    ),
    Row(
        "vae-digits", "Digits by a variational autoencoder", "vae", "digits",
        "--images {data}/train/images-idx3-ubyte.gz --val-fraction 0 --base 16 --steps 1000",
        "--images {data}/unseen/images-idx3-ubyte.gz", "elbo", "ELBO, nats an image",
        "Digits that the network draws after 1,000 steps, from noise.",
        compared=True,
        seeds=3,
        commands=("generate {run} -n 64 --seed 0 --out {out}/sheet.png",),
    ),
    Row(
        "denoiser-em", "Noise off electron microscopy", "denoiser", "em",
        "--images {data}/train/images --val-fraction 0 --noise gaussian:0.2 --base 16 --depth 2 --crop 128 --steps 200",
        "--images {data}/unseen/images", "mean.psnr", "PSNR, dB",
        "Gaussian noise of deviation 0.2 of the images' range, added to clean images.",
        also=SIMILARITY,
        compared=True,
        seeds=3,
    ),
    Row(
        "insilico", "Fluorescence from phase contrast", "insilico", "insilico",
        f"{PAIRS} --base 16 --depth 3 --crop 128 --batch 4 --steps 300 {COSINE}",
        UNSEEN_PAIRS, "mean.pearson", "Pearson's correlation",
        also=CHANNELS,
        text="13 focal planes in, three fluorescence channels out; judged by a strip of the field that was kept from training.",
        compared=True,
        seeds=3,
    ),
    Row(
        "superres-nuclei", "Nuclei at twice the resolution", "superres", "nuclei",
        f"--images {{data}}/train/images --val-fraction 0 --scale 2 --base 32 --blocks 4 --crop 48 --batch 4 --steps 200 {COSINE}",
        "--images {data}/unseen/images", "mean.psnr", "PSNR, dB",
        "SRResNet, from images shrunk to half their size.",
        also=SIMILARITY,
        compared=True,
        seeds=3,
    ),
    Row(
        "unet3d-blobs", "Nuclei in a volume by a 3-D U-Net", "unet", "blobs3d",
        f"{MASKS} --dims 3 --axes ZYX --base 8 --depth 2 --crop 32 --crop-depth 16 --batch 2 --steps 200 {COSINE}",
        UNSEEN_MASKS, "mean.dice", "Dice",
        "One volume of 31 slices: 36 columns to train on, 21 others to judge by.",
        compared=True,
        seeds=3,
    ),
    Row(
        "illumination", "Two exposures instead of thirteen", "illumination", "insilico",
        f"{PAIRS} --patterns 2 --base 16 --depth 3 --crop 128 --batch 4 --steps 300 {COSINE}",
        UNSEEN_PAIRS, "mean.pearson", "Pearson's correlation",
        also=CHANNELS,
        text="The network learns how bright each lamp shines in two exposures together with how to read them; the focal planes "
        "stand in for images by one lamp each.",
        compared=True,
        seeds=3,
        commands=("patterns {run}/last.safetensors --out {out}",),
        pictures=("sheet.png", "patterns.png"),
    ),
    Row(
        "illumination-uniform", "The same with all lamps equally bright", "illumination", "insilico",
        f"{PAIRS} --uniform --patterns 1 --base 16 --depth 3 --crop 128 --batch 4 --steps 300 {COSINE}",
        UNSEEN_PAIRS, "mean.pearson", "Pearson's correlation",
        also=CHANNELS,
        text="What learned patterns have to be better than.",
        seeds=3,
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
        f"{MASKS} --foreground 0 --base 12 --batch 4 --steps 500", UNSEEN_MASKS, "mean.dice", "Dice",
        "Two pathways, one of them at a third of the resolution.",
    ),
    Row(
        "rootpainter-nuclei", "Nuclei from annotations of some pixels", "rootpainter", "annotations",
        f"{MASKS} --base 16 --depth 3 --crop 124 --batch 2 --steps 900", UNSEEN_MASKS, "mean.dice", "Dice",
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
        also=SIMILARITY,
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
        pictures=("rate/rate.png",),
        tells=True,
    ),
    Row(
        "unet-mosaics", "Ten digits and background", "unet", "crowds",
        f"{MASKS} --classes 11 --augment none --loss ce+dice --base 16 --depth 3 --crop 128 --batch 4 --steps 400 --lr 3e-3 "
        f"{COSINE}",
        UNSEEN_MASKS, "mean.dice", "Dice, mean of ten digits",
        "Mosaics of digits, a class for each of their pixels; the unseen ones are of digits that nobody trained on.",
        compared=True,
        seeds=3,
        pictures=("sheet.png", "confusion.png"),
    ),
    Row(
        "cnn-digits", "What digit it is", "cnn", "digits",
        f"{DIGITS} --base 16 --steps 280", UNSEEN_DIGITS, "accuracy", "accuracy",
        "Who is taken for whom, of 1,000 unseen digits.",
        also=TURNS,
    ),
    Row(
        "mlp-fashion", "What garment it is", "mlp", "fashion",
        "--images {data}/train-images-idx3-ubyte.gz --labels {data}/train-labels-idx1-ubyte.gz --val-fraction 0 --steps 600 "
        "--dropout 0.3",
        "--images {data}/t10k-images-idx3-ubyte.gz --labels {data}/t10k-labels-idx1-ubyte.gz", "accuracy", "accuracy",
        "A perceptron, from 750 images alone.",
    ),
    Row(
        "p4-digits", "Turned by a quarter, the same", "p4", "digits",
        f"{DIGITS} --base 6 --steps 300", UNSEEN_DIGITS, "accuracy", "accuracy",
        "Group convolutions: what they say of an image they say of the turned one. The plain network above changes most of "
        "its decisions.",
        also=(("quarter_turns.largest_change", "largest change of a probability by quarter turns"), *TURNS),
    ),
    Row(
        "noisy-and", "Where the digit is, by labels of whole images", "cnn", "digits",
        f"{DIGITS} --pooling noisy-and --patch 22 --size 32 --base 12 --steps 400", UNSEEN_DIGITS, "accuracy", "accuracy",
        "Multiple-instance learning: a map of patches, pooled to one probability a class (Kraus et al. 2016).",
    ),
    Row(
        "cnn-mosaics", "Digits found by a sliding window", "cnn", "mosaics",
        "--images {data}/train/images --masks {data}/train/centers --val-fraction 0 --classes 11 --undefined 255 --balance "
        "--size 30 --base 16 --steps 600",
        "--images {data}/unseen/images --masks {data}/unseen/masks", "mean.pixel_accuracy", "pixels right",
        "A classifier of patches as a map over whole images, and boxes where its probability peaks.",
        commands=("detect {run}/last.safetensors {data}/unseen/images --out {out}/boxes --box 20 --stride 2 "
                  "--truth {data}/unseen/boxes.csv --json {out}/boxes.json",
                  "predict {run}/last.safetensors {data}/unseen/images/mosaic_0060.png --out {out}/map",
                  "sliding {run}/last.safetensors"),
        pictures=("boxes/mosaic_0060_boxes.png", "map/mosaic_0060_overlay.png"),
        tells=True,
    ),
    Row(
        "cnn-nuclei", "Nuclei found by a sliding window", "cnn", "nuclei",
        f"{MASKS} --centers 2 --balance --size 30 --base 16 --batch 32 --steps 600",
        UNSEEN_MASKS, "mean.pixel_accuracy", "pixels right",
        "A classifier of patches learns whether a nucleus has its middle there; windows of three sizes slide over the image, "
        "and of boxes that overlap the most probable one stays.",
        commands=("detect {run}/last.safetensors {data}/unseen/images --out {out}/boxes --box 16 --scales 0.6,1,1.6 "
                  "--stride 2 --threshold 0.9 --overlap 0.2 --truth {data}/unseen/masks --json {out}/boxes.json",),
        pictures=("boxes/0bda515e3702_boxes.png",),
        tells=True,
    ),
    Row(
        "signal-denoiser", "Noise off spectra", "signal-denoiser", "spectra",
        "--signals {data}/train/spectra.npy --targets {data}/train/clean.npy --val-fraction 0 --base 8 --depth 3 "
        "--steps 300 --lr 2e-3",
        "--signals {data}/unseen/spectra.npy --targets {data}/unseen/clean.npy", "mean.psnr", "PSNR, dB",
        "Generated peaks on a baseline, with noise; 21 dB before.",
    ),
    Row(
        "signal-classifier", "Shapes of peaks", "signal-classifier", "spectra",
        "--signals {data}/train/spectra.npy --labels {data}/train/classes.txt --val-fraction 0 --base 8 --steps 200 --lr 2e-3",
        "--signals {data}/unseen/spectra.npy --labels {data}/unseen/classes.txt", "accuracy", "accuracy",
        "Three shapes of peaks in noise: Gaussian, Lorentzian, and with a tail.",
        pictures=("confusion.png",),
        tells=True,
        commands=("evaluate {run}/last.safetensors --signals {data}/unseen/spectra.npy --labels {data}/unseen/classes.txt "
                  "--confusion {out}/confusion.png",),
    ),
    Row(
        "srgan-nuclei", "Four times the resolution, against a judge", "superres", "nuclei",
        "--images {data}/train/images --val-fraction 0 --scale 4 --base 16 --blocks 4 --crop 24 --batch 4 --steps 150 "
        "--lr 2e-4 --adversarial 0.001 --discriminator-base 8 --init {out}/start",
        "--images {data}/unseen/images", "mean.psnr", "PSNR, dB",
        "SRGAN: what was trained for the mean squared error is trained on against a network that tells its images from real "
        "ones, which makes them sharper and further from the truth.",
        also=SIMILARITY,
        before=("train superres --images {data}/train/images --val-fraction 0 --scale 4 --base 16 --blocks 4 --crop 24 "
                "--batch 4 --steps 200 --out {out}/start --resume",),
    ),
]
