"""The network of models/vae.cpp in PyTorch: the same layers under the same names, so that a state_dict's keys and layouts
are those of Tuff's model files. And the noise that Tuff draws on the device (engine/ops/random.h), from Philox."""

import math

import numpy as np
import torch
import torch.nn.functional as F
from torch import nn

FIRST_LOG_NOISE = math.log(0.1)


def make_norm(kind, channels):
    if kind == "none":
        return nn.Identity()
    if kind == "group":
        return nn.GroupNorm(math.gcd(8, channels), channels)
    return nn.BatchNorm2d(channels)


class Block(nn.Module):
    """Norm, ReLU, 3x3 convolution, twice, beside a shortcut; `change` is halve or double."""

    def __init__(self, i, o, change, norm):
        super().__init__()
        self.change = change
        self.norm1, self.norm2 = make_norm(norm, i), make_norm(norm, o)
        bias = norm == "none"
        self.conv1 = nn.Conv2d(i, o, 3, 2 if change == "halve" else 1, 1, bias=bias)
        self.conv2 = nn.Conv2d(o, o, 3, 1, 1, bias=bias)
        if change == "halve" or i != o:
            self.shortcut = nn.Conv2d(i, o, 1, 2 if change == "halve" else 1, bias=bias)

    def forward(self, x):
        def larger(y):
            return F.interpolate(y, scale_factor=2) if self.change == "double" else y

        y = self.conv1(larger(F.relu(self.norm1(x))))
        y = self.conv2(F.relu(self.norm2(y)))
        return y + larger(self.shortcut(x) if hasattr(self, "shortcut") else x)


class Residual(nn.Module):
    """One half of a residual net: a 3x3 convolution from or to the image beside the blocks."""

    def __init__(self, widths, change, norm, image):
        super().__init__()
        encoder = change == "halve"
        if encoder:
            self.stem = nn.Conv2d(image, widths[0], 3, 1, 1, bias=norm == "none")
        self.blocks = nn.ModuleList(Block(i, o, change, norm) for i, o in zip(widths, widths[1:]))
        self.norm = make_norm(norm, widths[-1])
        if not encoder:
            self.head = nn.Conv2d(widths[-1], image, 3, 1, 1)

    def forward(self, x, shift=0):
        for block in self.blocks:
            x = block(x)
        return F.relu(self.norm(x) + shift)


class Vae(nn.Module):
    def __init__(self, channels=1, side=32, base=16, latent=16, likelihood="bernoulli", block="plain", norm="none", classes=0):
        super().__init__()
        widths = [channels] + [base << level for level in range(int(math.log2(side // 4)))]
        deepest = widths[-1]
        self.latent, self.plain = latent, block == "plain"
        if self.plain:
            self.encoder = nn.ModuleList(nn.Conv2d(i, o, 4, 2, 1) for i, o in zip(widths, widths[1:]))
        else:
            self.encoder = Residual([base] + widths[1:], "halve", norm, channels)
        # Dense layers over the whole 4x4 map.
        self.mean = nn.Conv2d(deepest, latent, 4)
        self.log_variance = nn.Conv2d(deepest, latent, 4)
        self.expand = nn.ConvTranspose2d(latent + classes, deepest, 4, bias=self.plain or norm == "none")
        down = widths[::-1]
        if self.plain:
            self.decoder = nn.ModuleList(nn.ConvTranspose2d(i, o, 4, 2, 1) for i, o in zip(down, down[1:]))
        else:
            self.decoder = Residual(down[:-1] + [base], "double", norm, channels)
        if classes > 0:
            self.embedding = nn.Conv2d(classes, deepest, 1, bias=False)
        if likelihood == "gaussian":
            self.log_noise = nn.Parameter(torch.full((1,), FIRST_LOG_NOISE))

    def encode(self, x, classes=None):
        shift = 0 if classes is None else self.embedding(classes)
        if self.plain:
            for layer in self.encoder[:-1]:
                x = F.relu(layer(x))
            x = F.relu(self.encoder[-1](x) + shift)
        else:
            x = self.encoder(self.encoder.stem(x), shift)
        return self.mean(x), self.log_variance(x)

    def decode(self, z, classes=None):
        x = self.expand(z if classes is None else torch.cat((z, classes), 1))
        if not self.plain:
            return self.decoder.head(self.decoder(x))
        for layer in self.decoder:
            x = layer(F.relu(x))
        return x

    def terms(self, x, noise, classes=None):
        """-log p(x | z) of each image and KL of each latent number, in nats."""
        mean, log_variance = self.encode(x, classes)
        decoded = self.decode(mean + torch.exp(0.5 * log_variance) * noise, classes)
        if hasattr(self, "log_noise"):
            scaled = (x - decoded) ** 2 * torch.exp(-self.log_noise)
            each = 0.5 * (scaled + self.log_noise + math.log(2 * math.pi))
        else:
            each = F.binary_cross_entropy_with_logits(decoded, x, reduction="none")
        kl = 0.5 * (mean**2 + torch.exp(log_variance) - 1 - log_variance)
        return each.sum((1, 2, 3)), kl


def vae_of_options(options, channels):
    """The network that the options of a Tuff run describe."""
    classes = options.get("classes", 1)
    return Vae(channels, options["size"], options["base"], options["latent"], options["likelihood"],
               options.get("block", "plain"), options.get("norm", "none"), classes if classes > 1 else 0)


def kl_weight(options, step):
    """Of the step counted from 0."""
    warmup = options.get("kl-warmup", 0)
    return options["beta"] * (min(1, step / warmup) if warmup > 0 else 1)


def load(network, tensors):
    """Fills all parameters from NumPy arrays; every name must fit. Batches are counted by PyTorch alone."""
    state = {name: torch.from_numpy(array.copy()) for name, array in tensors.items()}
    counts = {name: value for name, value in network.state_dict().items() if name.endswith("num_batches_tracked")}
    network.load_state_dict(state | counts)


def philox(counter, key):
    """Philox4x32-10 of arrays: counter (..., 4), key (2) of numbers below 2^32."""
    mask = np.uint64(0xFFFFFFFF)
    c = [counter[..., i].astype(np.uint64) for i in range(4)]
    k = [np.uint64(key[0]), np.uint64(key[1])]
    for _ in range(10):
        a, b = np.uint64(0xD2511F53) * c[0], np.uint64(0xCD9E8D57) * c[2]
        c = [(b >> np.uint64(32)) ^ c[1] ^ k[0], b & mask, (a >> np.uint64(32)) ^ c[3] ^ k[1], a & mask]
        k = [(k[0] + np.uint64(0x9E3779B9)) & mask, (k[1] + np.uint64(0xBB67AE85)) & mask]
    return np.stack(c, -1)


def tuff_normals(shape, seed, step, number):
    """What random_normal() with this number draws, in float64."""
    count = math.prod(shape)
    blocks = (count + 3) // 4
    counter = np.zeros((blocks, 4), np.uint64)
    counter[:, 0], counter[:, 1], counter[:, 2], counter[:, 3] = np.arange(blocks), step, number, 5
    words = philox(counter, (seed & 0xFFFFFFFF, seed >> 32)).reshape(-1, 2).astype(np.float64)
    radius, angle = np.sqrt(-2 * np.log((words[:, 0] + 0.5) / 2**32)), 2 * np.pi * words[:, 1] / 2**32
    return np.stack((radius * np.cos(angle), radius * np.sin(angle)), 1).reshape(-1)[:count].reshape(shape)
