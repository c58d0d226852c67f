"""The network of models/vae.cpp in PyTorch: the same layers under the same names, so that a state_dict's keys and layouts
are those of Tuff's model files. And the noise that Tuff draws on the device (engine/ops/random.h), from Philox."""

import math

import numpy as np
import torch
import torch.nn.functional as F
from torch import nn

FIRST_LOG_NOISE = math.log(0.1)


class Vae(nn.Module):
    def __init__(self, channels=1, side=32, base=16, latent=16, likelihood="bernoulli"):
        super().__init__()
        widths = [channels] + [base << level for level in range(int(math.log2(side // 4)))]
        deepest = widths[-1]
        self.latent = latent
        self.encoder = nn.ModuleList(nn.Conv2d(i, o, 4, 2, 1) for i, o in zip(widths, widths[1:]))
        # Dense layers over the whole 4x4 map.
        self.mean = nn.Conv2d(deepest, latent, 4)
        self.log_variance = nn.Conv2d(deepest, latent, 4)
        self.expand = nn.ConvTranspose2d(latent, deepest, 4)
        down = widths[::-1]
        self.decoder = nn.ModuleList(nn.ConvTranspose2d(i, o, 4, 2, 1) for i, o in zip(down, down[1:]))
        if likelihood == "gaussian":
            self.log_noise = nn.Parameter(torch.full((1,), FIRST_LOG_NOISE))

    def encode(self, x):
        for layer in self.encoder:
            x = F.relu(layer(x))
        return self.mean(x), self.log_variance(x)

    def decode(self, z):
        x = self.expand(z)
        for layer in self.decoder:
            x = layer(F.relu(x))
        return x

    def terms(self, x, noise):
        """(-log p(x | z), KL) of each image, in nats."""
        mean, log_variance = self.encode(x)
        decoded = self.decode(mean + torch.exp(0.5 * log_variance) * noise)
        if hasattr(self, "log_noise"):
            scaled = (x - decoded) ** 2 * torch.exp(-self.log_noise)
            each = 0.5 * (scaled + self.log_noise + math.log(2 * math.pi))
        else:
            each = F.binary_cross_entropy_with_logits(decoded, x, reduction="none")
        kl = 0.5 * (mean**2 + torch.exp(log_variance) - 1 - log_variance)
        return each.sum((1, 2, 3)), kl.sum((1, 2, 3))


def vae_of_options(options, channels):
    """The network that the options of a Tuff run describe."""
    return Vae(channels, options["size"], options["base"], options["latent"], options["likelihood"])


def load(network, tensors):
    """Fills all parameters from NumPy arrays; every name must fit."""
    network.load_state_dict({name: torch.from_numpy(array.copy()) for name, array in tensors.items()})


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
