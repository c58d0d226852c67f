#!/usr/bin/env python3
"""Makes tests/golden/vae_*.safetensors, which tests/train/vae_parity_test.cpp holds Tuff's training against: PyTorch's in
float64, with the noise that Tuff draws.

    tests/parity/generate_vae_golden.py

A file holds "images" (batches, N, C, y, x), for conditional nets "classes" (batches, N, classes, 1, 1), one-hot; by parameter name "initial.*" and for the first step "gradient.*"; after 20
steps of Adam with step k on batch k mod 5 "adam.*", and the losses of all steps in "adam.losses" (float64). "float32" are
the distances of PyTorch's own float32 from that: the largest relative one of the losses, relative L2 of the weights and of
the first gradients. The metadata's "options" are those of `tuff train`."""

import argparse
import json
import pathlib

import numpy as np
import torch

import safetensors_file
from vae import kl_weight, load, tuff_normals, vae_of_options

STEPS, BATCHES = 20, 5
PLAIN = {"model": "vae", "size": 16, "base": 4, "latent": 3, "batch": 4, "beta": 1.0, "likelihood": "bernoulli", "lr": 1e-3,
         "seed": 11}
RESIDUAL = PLAIN | {"block": "residual", "size": 8}
CASES = {"bernoulli": (PLAIN, 1), "gaussian": (PLAIN | {"likelihood": "gaussian", "size": 8, "base": 6, "beta": 0.5}, 3),
         "conditional": (PLAIN | {"size": 8, "classes": 3, "free-bits": 0.3}, 1),
         "residual": (RESIDUAL | {"kl-warmup": 12, "classes": 2}, 1),
         "residual_group": (RESIDUAL | {"size": 16, "norm": "group"}, 1),
         "residual_batch": (RESIDUAL | {"norm": "batch", "likelihood": "gaussian"}, 3)}


def discs(random, options, channels):
    """Blurred discs in 0..1."""
    size = options["size"]
    y, x = np.mgrid[0:size, 0:size]
    images = np.zeros((BATCHES, options["batch"], channels, size, size), np.float32)
    for index in np.ndindex(images.shape[:3]):
        row, column = random.uniform(0, size, 2)
        distance = np.hypot(y - row, x - column)
        images[index] = random.uniform(0.5, 1) / (1 + np.exp(distance - random.uniform(2, size / 3)))
    return images


def drawn_classes(random, options):
    """One-hot; none where the net is unconditional."""
    count = options.get("classes", 1)
    if count < 2:
        return None
    return np.eye(count, dtype=np.float32)[random.integers(0, count, (BATCHES, options["batch"]))][..., None, None]


def initial_parameters(random, network):
    values = {name: buffer.numpy().copy() for name, buffer in network.named_buffers() if buffer.dim() > 0}
    for name, parameter in network.named_parameters():
        shape = tuple(parameter.shape)
        deviation = np.sqrt(2 / np.prod(shape[1:])) if len(shape) > 1 else 0.1
        values[name] = random.normal(0, deviation, shape).astype(np.float32)
    return values


def loss_of(options, reconstruction, kl, step):
    free = options.get("free-bits", 0)
    divergence = kl.sum((1, 2, 3)).mean() if free == 0 else kl.mean(0).clamp(min=free).sum()
    return reconstruction.mean() + kl_weight(options, step) * divergence


def train(options, channels, initial, images, classes, dtype):
    network = vae_of_options(options, channels)
    load(network, initial)
    network = network.to(dtype)
    optimizer = torch.optim.Adam(network.parameters(), lr=options["lr"])
    losses, gradients = [], None
    for step in range(STEPS):
        x = torch.from_numpy(images[step % BATCHES]).to(dtype)
        noise = torch.from_numpy(tuff_normals((len(x), options["latent"], 1, 1), options["seed"], step, 0)).to(dtype)
        given = None if classes is None else torch.from_numpy(classes[step % BATCHES]).to(dtype)
        optimizer.zero_grad()
        reconstruction, kl = network.terms(x, noise, given)
        loss = loss_of(options, reconstruction, kl, step)
        loss.backward()
        if gradients is None:
            gradients = {name: p.grad.double().numpy().copy() for name, p in network.named_parameters()}
        optimizer.step()
        losses.append(loss.item())
    state = {name: value.double().numpy() for name, value in network.state_dict().items() if not name.endswith("tracked")}
    return state, np.array(losses), gradients


def distance(values, exact):
    difference = sum(np.sum((values[name] - exact[name]) ** 2) for name in exact)
    return np.sqrt(difference / sum(np.sum(exact[name] ** 2) for name in exact))


def write_case(name, folder):
    options, channels = CASES[name]
    random = np.random.default_rng(1)
    images = discs(random, options, channels)
    initial = initial_parameters(random, vae_of_options(options, channels))
    classes = drawn_classes(random, options)
    state, losses, gradients = train(options, channels, initial, images, classes, torch.float64)
    state32, losses32, gradients32 = train(options, channels, initial, images, classes, torch.float32)
    away = np.array([np.max(np.abs(losses32 / losses - 1)), distance(state32, state), distance(gradients32, gradients)])
    print(f"{name}: loss {losses[0]:.5f} to {losses[-1]:.5f}; float32's distances: losses {away[0]:.1e}, weights "
          f"{away[1]:.1e}, first gradients {away[2]:.1e}")
    tensors = {"images": images, "adam.losses": losses, "float32": away}
    if classes is not None:
        tensors["classes"] = classes
    for prefix, values in (("initial", initial), ("adam", state), ("gradient", gradients)):
        tensors |= {f"{prefix}.{key}": value.astype(np.float32) for key, value in values.items()}
    metadata = {"options": json.dumps(options), "made_with": f"tests/parity/generate_vae_golden.py, PyTorch {torch.__version__}"}
    safetensors_file.write(folder / f"vae_{name}.safetensors", tensors, metadata)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--out", type=pathlib.Path, default=pathlib.Path(__file__).parents[1] / "golden")
    given = parser.parse_args()
    torch.set_num_threads(1)  # repeatable
    for name in CASES:
        write_case(name, given.out)


if __name__ == "__main__":
    main()
