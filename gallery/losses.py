"""What each network is trained to make small, in PyTorch: a function of (parameters, batch, options, step). The networks
are those of tests/parity, by the options of a Tuff run."""

import math

import torch
import torch.nn.functional as F
from networks import Layers, cellpose, srresnet, unet_features

import vae as vae_network
from unet import dice_loss

RAYS_WEIGHT, BACKGROUND_WEIGHT = 0.2, 1e-4  # StarDist's
FLOW_SCALE = 5  # Cellpose's


def layers_of(p, options):
    return Layers(p, rank=options.get("dims", 2), norm=options["norm"])


def unet_map(m, x, options):
    return unet_features(m, x, options["base"], options["depth"], m.double)[0]


def unet(p, x, options, out):
    m = layers_of(p, options)
    return m.conv(unet_map(m, x, options), "head", out, 1)


def class_loss(name, logits, labels):
    """By its name in `--loss`; one class: labels (N, 1, ...) of 0 and 1, else (N, ...) of ids."""
    single = logits.shape[1] == 1
    entropy = F.binary_cross_entropy_with_logits(logits, labels) if single else F.cross_entropy(logits, labels.long())
    if name in ("bce", "ce"):
        return entropy
    dice = dice_loss(logits.flatten(2)[..., None], labels.flatten(2)[..., None] if single else labels.flatten(1)[..., None])
    return dice if name == "dice" else entropy + dice


def image_loss(name, image, truth):
    if name == "l1":
        return F.l1_loss(image, truth)
    return F.huber_loss(image, truth, delta=0.1) if name == "huber" else F.mse_loss(image, truth)


def segmentation(p, batch, options, step):
    return class_loss(options["loss"], unet(p, batch["images"], options, options["classes"]), batch["labels"])


def star_distances(labels, rays):
    """(N, rays, H, W): steps of length 1 along each ray until the nearest pixel has another id; engine/ops/star_distances.h
    has the definition."""
    n, height, width = labels.shape
    reach = max(height, width)
    padded = F.pad(labels, (reach + 1,) * 4, value=-1)
    distances = torch.zeros(n, rays, height, width)
    for ray in range(rays):
        angle = 2 * math.pi * ray / rays
        y, x = (0.0 if abs(v) < 1e-12 else v for v in (math.sin(angle), math.cos(angle)))
        to_border = 0.5 / max(abs(y), abs(x))
        inside = labels > 0
        for steps in range(1, reach + 1):
            dy, dx = math.floor(steps * y + 0.5), math.floor(steps * x + 0.5)
            top, left = reach + 1 + dy, reach + 1 + dx
            same = padded[:, top : top + height, left : left + width] == labels
            ended = inside & ~same
            distances[:, ray][ended] = steps - 1 + to_border
            inside = inside & same
            if not inside.any():
                break
    return distances


def stardist(p, batch, options, step):
    m = layers_of(p, options)
    features = F.relu(m.conv(unet_map(m, batch["images"], options), "features", 128))
    logit, distances = m.conv(features, "probability", 1, 1), m.conv(features, "distances", options["rays"], 1)
    truth, probability = star_distances(batch["labels"], options["rays"]), batch["targets"]
    inside = ((distances - truth).abs() * probability).mean() / (probability.mean() + 1e-7)
    background = (distances.abs() * (1 - probability)).mean()
    return F.binary_cross_entropy_with_logits(logit, probability) + RAYS_WEIGHT * (inside + BACKGROUND_WEIGHT * background)


def flows(p, batch, options, step):
    output, _ = cellpose(p, batch["images"], options["base"], options["depth"])
    inside, wanted = batch["targets"][:, :1], batch["targets"][:, 1:] * FLOW_SCALE
    return 0.5 * F.mse_loss(output[:, :2], wanted) + F.binary_cross_entropy_with_logits(output[:, 2:], inside)


def labeling(p, batch, options, step):
    return image_loss(options["loss"], unet(p, batch["images"], options, batch["targets"].shape[1]), batch["targets"])


def illumination(p, batch, options, step):
    weight = F.softplus(p("illumination.weight", (options["patterns"], batch["images"].shape[1])))
    exposures = torch.einsum("kl,nlyx->nkyx", weight / weight.sum(1, keepdim=True), batch["images"])
    return image_loss(options["loss"], unet(p, exposures, options, batch["targets"].shape[1]), batch["targets"])


def denoising(p, batch, options, step):
    x = batch["images"]
    return image_loss(options["loss"], x + unet(p, x, options, x.shape[1]), batch["targets"])


def super_resolution(p, batch, options, step):
    sizes = (options["base"], options["blocks"], options["scale"])
    (image,) = srresnet(p, batch["images"], *sizes, options["norm"], options["global-skip"])
    return image_loss(options["loss"], image, batch["targets"])


class VaeTerms(torch.nn.Module):
    """As a module's forward(), which torch.func.functional_call() needs."""

    def __init__(self, options, channels):
        super().__init__()
        self.network = vae_network.vae_of_options(options, channels)

    def forward(self, x, noise):
        return self.network.terms(x, noise)


def vae(p, batch, options, step):
    x = batch["images"]
    shape = (len(x), options["latent"], 1, 1)
    noise = torch.from_numpy(vae_network.tuff_normals(shape, options["seed"], step, 0)).float()
    tensors = {f"network.{name}": p(name, tensor.shape) for name, tensor in p.tensors.items()}
    reconstruction, kl = torch.func.functional_call(VaeTerms(options, x.shape[1]), tensors, (x, noise))
    return (reconstruction + vae_network.kl_weight(options, step) * kl.sum((1, 2, 3))).mean()


LOSSES = {
    "unet": segmentation,
    "stardist": stardist,
    "cellpose": flows,
    "insilico": labeling,
    "illumination": illumination,
    "denoiser": denoising,
    "superres": super_resolution,
    "vae": vae,
}
