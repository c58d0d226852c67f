"""The network of models/unet.cpp in PyTorch: the same layers under the same names, so that a state_dict's keys and
layouts are those of Tuff's model files (which lack PyTorch's num_batches_tracked). And the losses that
engine/train/training_graph.cpp defines. Runs on PyTorch 1.13 and later."""

import math

import torch
import torch.nn.functional as F
from torch import nn


def normalization(kind, channels):
    if kind == "batch":
        return nn.BatchNorm2d(channels)
    if kind == "group":
        return nn.GroupNorm(math.gcd(8, channels), channels)
    if kind == "instance":
        return nn.InstanceNorm2d(channels, affine=True)
    return nn.Identity()


class DoubleConvolution(nn.Module):
    def __init__(self, inputs, channels, padding, norm):
        super().__init__()
        border = 1 if padding == "same" else 0
        self.conv1 = nn.Conv2d(inputs, channels, 3, padding=border, bias=norm == "none")
        self.norm1 = normalization(norm, channels)
        self.conv2 = nn.Conv2d(channels, channels, 3, padding=border, bias=norm == "none")
        self.norm2 = normalization(norm, channels)

    def forward(self, x):
        x = F.relu(self.norm1(self.conv1(x)))
        return F.relu(self.norm2(self.conv2(x)))



def center_crop(x, height, width):
    top, left = (x.shape[2] - height) // 2, (x.shape[3] - width) // 2
    return x[:, :, top : top + height, left : left + width]


class UNet(nn.Module):
    def __init__(self, in_channels=1, out_channels=1, base=64, depth=4, padding="same", norm="batch", up="transpose",
                 down="pool", skip="concat"):
        super().__init__()
        self.up_mode, self.down_mode, self.skip_mode = up, down, skip
        widths = [base << level for level in range(depth)]
        double = lambda inputs, channels: DoubleConvolution(inputs, channels, padding, norm)
        self.encoder = nn.ModuleList(double(in_channels if w == base else w // 2, w) for w in widths)
        if down == "stride":
            self.down = nn.ModuleList(nn.Conv2d(w, w, 2, stride=2) for w in widths)
        self.bottom = double(widths[-1], 2 * widths[-1])
        if up == "transpose":
            self.up = nn.ModuleList(nn.ConvTranspose2d(2 * w, w, 2, stride=2) for w in widths)
        else:
            self.up = nn.ModuleList(nn.Conv2d(2 * w, w, 1) for w in widths)
        self.decoder = nn.ModuleList(double(2 * w if skip == "concat" else w, w) for w in widths)
        self.head = nn.Conv2d(base, out_channels, 1)

    def halve(self, x, level):
        return self.down[level](x) if self.down_mode == "stride" else F.max_pool2d(x, 2)

    def double_size(self, x, level):
        x = self.up[level](x)
        if self.up_mode == "transpose":
            return x
        corners = {"align_corners": False} if self.up_mode == "bilinear" else {}
        return F.interpolate(x, scale_factor=2, mode=self.up_mode, **corners)

    def join(self, skip, x):
        if self.skip_mode == "none":
            return x
        skip = center_crop(skip, x.shape[2], x.shape[3])
        return torch.cat((skip, x), 1) if self.skip_mode == "concat" else skip + x

    def forward(self, x):
        skips = []
        for level, encoder in enumerate(self.encoder):
            skips.append(encoder(x))
            x = self.halve(skips[-1], level)
        x = self.bottom(x)
        for level in reversed(range(len(self.decoder))):
            x = self.decoder[level](self.join(skips[level], self.double_size(x, level)))
        return self.head(x)


def unet_of_options(options, in_channels):
    """The network that the options of a Tuff run (config.json, or "tuff.options" in a model file) describe."""
    names = ("base", "depth", "padding", "norm", "up", "down", "skip")
    return UNet(in_channels, options["classes"], **{name: options[name] for name in names})


def load(network, tensors):
    """Fills parameters and running statistics from NumPy arrays; every name must fit."""
    state = network.state_dict()
    counters = {name for name in state if name.endswith("num_batches_tracked")}
    given = {name: torch.from_numpy(array.copy()) for name, array in tensors.items()}
    if set(given) != set(state) - counters:
        raise ValueError(f"names differ: {sorted(set(given) ^ (set(state) - counters))}")
    network.load_state_dict(given, strict=False)


def dice_loss(logits, labels):
    """1 - mean over classes of (2 sum(p t) + 1) / (sum(p) + sum(t) + 1); class labels are integers (N, H, W)."""
    classes = logits.shape[1]
    if classes == 1:
        p, t = torch.sigmoid(logits), labels
    else:
        p, t = torch.softmax(logits, 1), F.one_hot(labels.long(), classes).movedim(-1, 1).to(logits.dtype)
    axes = (0, 2, 3)
    return 1 - ((2 * (p * t).sum(axes) + 1) / (p.sum(axes) + t.sum(axes) + 1)).mean()


def training_loss(name, logits, labels):
    if name == "bce":
        return F.binary_cross_entropy_with_logits(logits, labels)
    if name == "ce":
        return F.cross_entropy(logits, labels.long())
    if name == "dice":
        return dice_loss(logits, labels)
    if name == "bce+dice":
        return F.binary_cross_entropy_with_logits(logits, labels) + dice_loss(logits, labels)
    raise ValueError(f"unknown loss {name}")
