"""Networks of models/ written once more in PyTorch, as functions of named parameters: `p(name, shape)` gives one, in the
shapes and by the names of Tuff's model files. Batch norms take running statistics, unless p.training says otherwise."""

import math

import torch
import torch.nn.functional as F


class Layers:
    """What the layers of a network share: spatial axes, norm and activation, as models/layers.h has them."""

    def __init__(self, p, rank=2, norm="none", activation="relu", groups=8, momentum=0.1):
        self.p, self.rank, self.norm_kind, self.activation, self.groups = p, rank, norm, activation, groups
        self.momentum = momentum
        self.conv_function = (F.conv1d, F.conv2d, F.conv3d)[rank - 1]
        self.transposed_function = (F.conv_transpose1d, F.conv_transpose2d, F.conv_transpose3d)[rank - 1]
        self.pool_function = (F.max_pool1d, F.max_pool2d, F.max_pool3d)[rank - 1]
        self.linear_mode = ("linear", "bilinear", "trilinear")[rank - 1]

    def axes(self, value):
        return tuple(value) if isinstance(value, (tuple, list)) else (value,) * self.rank

    def conv(self, x, name, out, kernel=3, stride=1, same=True, groups=1, bias=True):
        kernel = self.axes(kernel)
        weight = self.p(name + ".weight", (out, x.shape[1] // groups, *kernel))
        b = self.p(name + ".bias", (out,)) if bias else None
        padding = tuple((k - 1) // 2 if same else 0 for k in kernel)
        return self.conv_function(x, weight, b, stride=self.axes(stride), padding=padding, groups=groups)

    def up(self, x, name, out, factors=2, kernel=None, bias=True):
        factors = self.axes(factors)
        kernel = self.axes(kernel or factors)
        weight = self.p(name + ".weight", (x.shape[1], out, *kernel))
        b = self.p(name + ".bias", (out,)) if bias else None
        padding = tuple((k - f) // 2 for k, f in zip(kernel, factors))
        return self.transposed_function(x, weight, b, stride=factors, padding=padding)

    def dense(self, x, name, out):
        return F.linear(x, self.p(name + ".weight", (out, x.shape[1])), self.p(name + ".bias", (out,)))

    def norm(self, x, name):
        channels = (x.shape[1],)
        if self.norm_kind == "none":
            return x
        weight, bias = self.p(name + ".weight", channels), self.p(name + ".bias", channels)
        if self.norm_kind == "batch":
            mean, var = self.p(name + ".running_mean", channels), self.p(name + ".running_var", channels)
            training = getattr(self.p, "training", False)
            return F.batch_norm(x, mean.detach(), var.detach(), weight, bias, training, self.momentum)
        groups = x.shape[1] if self.norm_kind == "instance" else math.gcd(self.groups, x.shape[1])
        return F.group_norm(x, groups, weight, bias)

    def act(self, x, name):
        if self.activation == "prelu":
            return F.prelu(x, self.p(name + ".weight", (x.shape[1],)))
        return F.relu(x)

    def plain(self, x, name, out, kernel=3, same=True, separable=False):
        bias = self.norm_kind == "none"
        if not separable:
            return self.conv(x, name, out, kernel, same=same, bias=bias)
        x = self.conv(x, name + ".depthwise", x.shape[1], kernel, same=same, groups=x.shape[1], bias=False)
        return self.conv(x, name + ".pointwise", out, 1, bias=bias)

    def layer(self, x, name, number, out, **options):
        x = self.norm(self.plain(x, f"{name}.conv{number}", out, **options), f"{name}.norm{number}")
        return self.act(x, f"{name}.act{number}")

    def double(self, x, name, out, **options):
        return self.layer(self.layer(x, name, 1, out, **options), name, 2, out, **options)

    def residual(self, x, name, out, **options):
        y = self.layer(x, name, 1, out, **options)
        y = self.norm(self.plain(y, name + ".conv2", out, **options), name + ".norm2")
        if x.shape[1] != out:
            x = self.norm(self.plain(x, name + ".shortcut", out, 1), name + ".shortcut_norm")
        return self.act(crop(x, y) + y, name + ".act2")

    def pool(self, x, factors=2):
        return self.pool_function(x, self.axes(factors))

    def larger(self, x, factors, mode=None):
        factors = tuple(float(f) for f in self.axes(factors))
        return F.interpolate(x, scale_factor=factors, mode=mode or self.linear_mode)


def crop(x, like):
    """The middle of x; of an odd border the larger half goes at the end."""
    for axis in range(2, x.dim()):
        x = x.narrow(axis, (x.shape[axis] - like.shape[axis]) // 2, like.shape[axis])
    return x


def unet_features(m, x, base, depth, block, flat=0, attention=False, up="transpose"):
    kernel = lambda level: (1, 3, 3) if level < flat else 3
    half = lambda level: (1, 2, 2) if level < flat else 2
    skips = []
    for level in range(depth):
        skips.append(block(x, f"encoder.{level}", base << level, kernel=kernel(level)))
        x = m.pool(skips[-1], half(level))
    x = block(x, "bottom", base << depth, kernel=kernel(depth))
    features = [x]
    for level in reversed(range(depth)):
        channels = base << level
        if up == "transpose":
            larger = m.up(x, f"up.{level}", channels, half(level))
        else:
            larger = F.pixel_shuffle(m.conv(x, f"up.{level}", 4 * channels, 1), 2)
        skip = crop(skips[level], larger)
        if attention:
            name = f"attention.{level}"
            s = m.conv(skip, name + ".skip", channels // 2, half(level), half(level), same=False, bias=False)
            gate = torch.sigmoid(m.conv(F.relu(s + m.conv(x, name + ".gate", channels // 2, 1)), name + ".psi", 1, 1))
            skip = skip * m.larger(gate, half(level))
        x = block(torch.cat([skip, larger], 1), f"decoder.{level}", channels, kernel=kernel(level))
        features.insert(0, x)
    return features


def coordinates(x):
    lines = [torch.linspace(-1, 1, extent, dtype=x.dtype) for extent in x.shape[2:]]
    places = torch.stack(torch.meshgrid(*lines, indexing="ij"))
    return torch.cat([x, places.expand(len(x), *places.shape)], 1)


def unet_gated(p, x):
    m = Layers(p, norm="group", activation="prelu")
    features = unet_features(m, coordinates(x), 4, 2, m.residual, attention=True)
    return [m.conv(features[0], "head", 2, 1), m.conv(features[1], "heads.1", 2, 1)]


def unet_shuffled(p, x):
    m = Layers(p, norm="batch")
    block = lambda y, name, out, kernel: m.residual(y, name, out, same=False)
    return [m.conv(unet_features(m, x, 2, 1, block, up="shuffle")[0], "head", 1, 1)]


def unet_flat(p, x):
    m = Layers(p, rank=3, norm="instance")
    block = lambda y, name, out, kernel: m.double(y, name, out, kernel=kernel, separable=True)
    return [m.conv(unet_features(m, x, 2, 2, block, flat=1, attention=True)[0], "head", 2, 1)]


def stardist(p, x):
    m = Layers(p)
    x = unet_features(m, m.pool(m.double(x, "grid.0", 2)), 2, 1, m.double)[0]
    shared, other = F.relu(m.conv(x, "features", 6)), F.relu(m.conv(x, "class_features", 6))
    return [m.conv(shared, "probability", 1, 1), m.conv(shared, "distances", 8, 1), m.conv(other, "classes", 3, 1)]


def cellpose(p, x, base=3, depth=2):
    m = Layers(p, norm="batch", momentum=0.05)
    convolve = lambda y, name, out, kernel=3: m.conv(F.relu(m.norm(y, name + ".0")), name + ".2", out, kernel)
    project = lambda y, name, out: m.conv(m.norm(y, name + ".0"), name + ".1", out, 1)
    maps = []
    for level in range(depth + 1):
        name, out = f"downsample.down.res_down_{level}", base << level
        x = m.pool(x) if level else x
        c = [lambda y, i=i: convolve(y, f"{name}.conv.conv_{i}", out) for i in range(4)]
        x = project(x, name + ".proj", out) + c[1](c[0](x))
        x = x + c[3](c[2](x))
        maps.append(x)
    style = F.normalize(x.mean((2, 3)))
    for level in reversed(range(depth + 1)):
        name, out = f"upsample.up.res_up_{level}", base << level
        x = m.larger(x, 2, "nearest") if level < depth else x

        def styled(y, i):
            layer = f"{name}.conv.conv_{i}"
            return convolve(y + m.dense(style, layer + ".full", out)[..., None, None], layer + ".conv", out)

        x = project(x, name + ".proj", out) + styled(convolve(x, name + ".conv.conv_0", out) + maps[level], 1)
        x = x + styled(styled(x, 2), 3)
    return [convolve(x, "output", 3, 1), style]


def rootpainter(p, x, width=6, depth=2):
    m = Layers(p, norm="group", groups=2)

    def convolve(y, name, first, out, kernel=3, same=False):
        return m.norm(F.relu(m.conv(y, f"{name}.{first}", out, kernel, same=same)), f"{name}.{first + 2}")

    maps = [convolve(convolve(x, "conv_in", 0, width), "conv_in", 3, width)]
    for level in range(1, depth + 1):
        pooled, name = m.pool(maps[-1]), f"down{level}"
        y = convolve(convolve(pooled, name + ".conv1", 0, 2 * width, same=True), name + ".conv2", 0, 2 * width, same=True)
        maps.append(m.conv(y, name + ".conv1x1.0", width, 1, bias=False) + pooled)
    x = maps.pop()
    for level in range(1, depth + 1):
        name = f"up{level}"
        x = m.norm(F.relu(m.up(x, name + ".conv1.0", width)), name + ".conv1.2")
        x = x + crop(maps.pop(), x)
        x = convolve(convolve(x, name + ".conv2", 0, width), name + ".conv3", 0, width)
    return [convolve(x, "conv_out", 0, 2, 1)]


def fcn(p, x):
    m = Layers(p, norm="batch")
    pooled = []
    for stage in range(5):
        x = m.pool(m.layer(x, f"encoder.{stage}", 1, 2 << min(stage, 3)))
        pooled.append(x)
    x = m.conv(m.layer(m.layer(x, "wide", 1, 4), "wide", 2, 4, kernel=1), "score", 2, 1)
    x = m.up(x, "up", 2, 2, 4, False) + m.conv(pooled[3], "score_pool4", 2, 1)
    x = m.up(x, "up_pool4", 2, 2, 4, False) + m.conv(pooled[2], "score_pool3", 2, 1)
    return [m.up(x, "up_final", 2, 8, 16, False)]


def segnet(p, x):
    m = Layers(p, norm="batch")
    indices = []
    for level in range(2):
        x, chosen = F.max_pool2d(m.double(x, f"encoder.{level}", 3 << level), 2, return_indices=True)
        indices.append(chosen)
    for level in (1, 0):
        x = m.layer(F.max_unpool2d(x, indices[level], 2), f"decoder.{level}", 1, 3 << level)
        x = m.layer(x, f"decoder.{level}", 2, 3)
    return [m.conv(x, "head", 2, 1)]


def deepmedic(p, x, channels=(2, 2, 3, 3, 3, 4), factor=3):
    m = Layers(p, norm="batch", activation="prelu")
    maps = []
    for i, f in enumerate((1, factor)):
        border = len(channels) * (factor - f)
        y = F.avg_pool2d(x[:, :, border : x.shape[2] - border, border : x.shape[3] - border], f)
        name, before = f"pathways.{i}", None
        for j, out in enumerate(channels):
            into, number = y, j + 1
            y = m.norm(m.plain(y, f"{name}.conv{number}", out, same=False), f"{name}.norm{number}")
            if j >= 3 and j % 2 == 1:
                if before.shape[1] != out:
                    before = m.conv(before, f"{name}.shortcut{number}", out, 1, bias=False)
                y = y + crop(before, y)
            y, before = m.act(y, f"{name}.act{number}"), into
        maps.append(m.larger(y, f, "nearest"))
    return [m.conv(m.layer(torch.cat(maps, 1), "classifier", 1, 5, kernel=1), "head", 2, 1)]


def srresnet(p, x, features=3, blocks=2, upscale=4, norm="batch", skip="none"):
    m = Layers(p, norm=norm, activation="prelu")
    channels, bias = x.shape[1], norm == "none"
    enlarged = 0 if skip == "none" else F.interpolate(x, scale_factor=upscale, mode=skip)
    x = shallow = m.act(m.conv(x, "head", features, 9), "head_act")
    for name in (f"blocks.{i}" for i in range(blocks)):
        x = x + m.norm(m.conv(m.layer(x, name, 1, features), name + ".conv2", features, bias=bias), name + ".norm2")
    x = shallow + m.norm(m.conv(x, "trunk.conv", features, bias=bias), "trunk.norm")
    for i, step in enumerate((2, 2) if upscale == 4 else (upscale,)):
        x = m.act(F.pixel_shuffle(m.conv(x, f"up.{i}", features * step**2), step), f"up.{i}.act")
    return [enlarged + m.conv(x, "tail", channels, 9)]


def discriminator(p, x):
    m = Layers(p, norm="batch")
    act = lambda y: F.leaky_relu(y, 0.2)
    for pair in range(2):
        name, out = f"discriminator.layers.{pair}", 2 << pair
        if pair == 0:
            x = act(m.conv(x, name + ".conv1", out))
        else:
            x = act(m.norm(m.conv(x, name + ".conv1", out, bias=False), name + ".norm1"))
        x = act(m.norm(m.conv(x, name + ".conv2", out, stride=2, bias=False), name + ".norm2"))
    x = act(m.dense(x.flatten(1), "discriminator.dense", 5))
    return [m.dense(x, "discriminator.score", 1)]


def classifier(p, x):
    m = Layers(p, norm="batch")
    for stage in range(2):
        x = m.pool(m.layer(x, f"stages.{stage}", 1, 3 + stage, same=False))
    x = x.flatten(1)
    x = F.linear(x, p("dense.0.weight", (5, x.shape[1])))
    x = F.relu(m.norm(x, "dense_norm.0"))
    return [m.dense(x, "head", 3)]


def autoencoder(p, x):
    m = Layers(p)
    for level in range(2):
        x = F.relu(m.conv(x, f"encoder.{level}", 2 << level, 4, 2))
    code = m.conv(x, "code", 3, 4, same=False)
    x = m.up(code, "expand", 4, 4)
    x = m.up(F.relu(x), "decoder.0", 2, 2, 4)
    return [m.up(F.relu(x), "decoder.1", 1, 2, 4), code]


# Network and shape of its input.
NETWORKS = {
    "unet_gated": (unet_gated, (2, 1, 8, 12)),
    "unet_shuffled": (unet_shuffled, (1, 1, 18, 20)),
    "unet_flat": (unet_flat, (1, 1, 4, 8, 8)),
    "stardist": (stardist, (1, 1, 8, 12)),
    "cellpose": (cellpose, (2, 2, 8, 12)),
    "rootpainter": (rootpainter, (1, 3, 44, 48)),
    "fcn": (fcn, (1, 1, 32, 64)),
    "segnet": (segnet, (2, 1, 8, 12)),
    "deepmedic": (deepmedic, (1, 1, 39, 42)),
    "srresnet": (srresnet, (1, 3, 6, 5)),
    "discriminator": (discriminator, (2, 3, 12, 12)),
    "classifier": (classifier, (3, 2, 18, 18)),
    "autoencoder": (autoencoder, (2, 1, 16, 16)),
    "srresnet_skip": (lambda p, x: srresnet(p, x, upscale=2, norm="none", skip="bicubic"), (1, 2, 5, 6)),
}
