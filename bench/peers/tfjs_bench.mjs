#!/usr/bin/env node
// Times TensorFlow.js's WebGPU backend, on Dawn for node, on the two-dimensional convolutions (forward) and the U-Net
// (training step) of bench/cases.json, f32, on the device that VK_DRIVER_FILES names. Needs node 18 and, in any folder:
//
//     npm install webgpu @tensorflow/tfjs-core @tensorflow/tfjs-layers @tensorflow/tfjs-backend-webgpu
//     export NODE_PATH=$PWD/node_modules
//
//     bench/peers/tfjs_bench.mjs --json tfjs.json
//     bench/peers/tfjs_bench.mjs --kind models --samples 2     the training step alone: minutes on a driver of the CPU
//     bench/peers/tfjs_bench.mjs --flag WEBGPU_USE_NAIVE_CONV2D_TRANSPOSE=false    data gradients as matrix products
//     bench/peers/table.py tuff.json tfjs.json
//
// No other backend is loaded: nothing falls back to JavaScript but tensors of a few values, which this backend computes
// there itself. Times are the host's: of several convolutions, over their number, and of a step whose loss is read back
// and whose work is waited for. Some results of each convolution are compared with plain sums first.

import { readFileSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { platform, release } from "node:os";
import { performance } from "node:perf_hooks";
import { pathToFileURL } from "node:url";
import { parseArgs } from "node:util";

const COPIES = 5;

function fail(reason) {
  console.error(`tfjs_bench: ${reason}`);
  process.exit(1);
}

function options() {
  try {
    return parseArgs({
      options: {
        suite: { type: "string", default: "cpu" },
        kind: { type: "string", default: "conv,models" },
        case: { type: "string", default: "" }, // only cases whose names match this
        samples: { type: "string", default: "5" },
        flag: { type: "string", multiple: true, default: [] }, // of TensorFlow.js, NAME=VALUE
        json: { type: "string" },
      },
    }).values;
  } catch (error) {
    return fail(error.message);
  }
}

// Packages of the working folder or NODE_PATH: an import would look for them beside this file alone.
async function load(name) {
  try {
    const found = await import(pathToFileURL(createRequire(`${process.cwd()}/`).resolve(name)));
    return found.default ?? found;
  } catch (error) {
    return fail(`can't load ${name} (${error.message.split("\n")[0]}): npm install it and set NODE_PATH`);
  }
}

// TensorFlow.js on WebGPU, and the device's name.
async function start(flags) {
  const { create, globals } = await load("webgpu");
  Object.assign(globalThis, globals);
  const gpu = create(["backend=vulkan"]);
  Object.defineProperty(globalThis, "navigator", { value: { gpu }, configurable: true });
  const adapter = await gpu.requestAdapter().catch(() => null);
  if (!adapter) fail("no WebGPU device on Vulkan: set VK_DRIVER_FILES to a driver's file");
  const core = await load("@tensorflow/tfjs-core");
  await load("@tensorflow/tfjs-backend-webgpu");
  const layers = await load("@tensorflow/tfjs-layers");
  for (const [name, value] of flags.map((flag) => flag.split("="))) core.env().set(name, JSON.parse(value));
  if (!(await core.setBackend("webgpu")) || core.getBackend() !== "webgpu") fail("the WebGPU backend doesn't start");
  core.backend().device.addEventListener("uncapturederror", (event) => fail(event.error.message.split("\n")[0]));
  const { vendor, architecture, description } = adapter.info;
  console.log(`TensorFlow.js ${core.version_core} on ${core.getBackend()}, ${description} (${vendor} ${architecture})`);
  return { core, layers, name: description };
}

function random(count, least) {
  return Float32Array.from({ length: count }, () => least + Math.random());
}

function summary(times) {
  times.sort((a, b) => a - b);
  const at = (share) => times[Math.round(share * (times.length - 1))];
  const half = times.length >> 1;
  const median = times.length % 2 ? times[half] : (times[half - 1] + times[half]) / 2;
  return { median, p10: at(0.1), p90: at(0.9), low: at(0.2), high: at(0.8), samples: times.length,
           noisy: at(0.9) - at(0.1) > 0.05 * at(0.5) };
}

async function measure(run, samples) {
  await run(); // compiles the shaders
  const times = [];
  for (let i = 0; i < samples; ++i) {
    const begin = performance.now();
    await run();
    times.push((performance.now() - begin) / 1e3);
  }
  return times;
}

// The largest difference of some results from plain sums, over the root of their mean square. Tensors are NHWC, HWIO.
function error(c, size, x, weight, y) {
  const [height, width] = size;
  let largest = 0, squares = 0;
  const checked = 500;
  for (let i = 0; i < checked; ++i) {
    const at = i === 0 ? 0 : i === 1 ? y.length - 1 : Math.floor(Math.random() * y.length);
    const channel = at % c.out_channels;
    const column = Math.floor(at / c.out_channels) % width;
    const row = Math.floor(at / c.out_channels / width) % height;
    const image = Math.floor(at / c.out_channels / width / height);
    let sum = 0;
    for (let tap = 0; tap < c.kernel[0] * c.kernel[1]; ++tap) {
      const v = row * c.stride[0] + Math.floor(tap / c.kernel[1]) * c.dilation[0] - c.padding[0];
      const u = column * c.stride[1] + (tap % c.kernel[1]) * c.dilation[1] - c.padding[1];
      if (v < 0 || u < 0 || v >= c.input[0] || u >= c.input[1]) continue;
      const pixel = (image * c.input[0] + v) * c.input[1] + u;
      for (let k = 0; k < c.in_channels; ++k)
        sum += x[pixel * c.in_channels + k] * weight[(tap * c.in_channels + k) * c.out_channels + channel];
    }
    const difference = Math.abs(y[at] - sum);
    largest = difference <= largest ? largest : difference; // a NaN stays
    squares += sum * sum;
  }
  return largest / Math.sqrt(squares / checked);
}

async function convolution({ core }, c, samples) {
  if (c.op !== "conv" || c.kernel.length !== 2 || c.groups !== 1)
    throw Error("not a two-dimensional convolution of one group");
  const size = [0, 1].map((i) => Math.floor(
    (c.input[i] + 2 * c.padding[i] - c.dilation[i] * (c.kernel[i] - 1) - 1) / c.stride[i]) + 1);
  const values = random(c.batch * c.input[0] * c.input[1] * c.in_channels, 0);
  const weights = random(c.kernel[0] * c.kernel[1] * c.in_channels * c.out_channels, -0.5);
  const x = core.tensor4d(values, [c.batch, ...c.input, c.in_channels]);
  const weight = core.tensor4d(weights, [...c.kernel, c.in_channels, c.out_channels]);
  const padding = [[0, 0], [c.padding[0], c.padding[0]], [c.padding[1], c.padding[1]], [0, 0]];
  const forward = () => core.conv2d(x, weight, c.stride, padding, "NHWC", c.dilation);
  const result = forward();
  const off = error(c, size, values, weights, await result.data());
  result.dispose();
  if (!(off < 1e-3)) throw Error(`wrong results: error ${off}`);
  const times = await measure(async () => {
    const results = Array.from({ length: COPIES }, forward);
    const last = core.slice(results[COPIES - 1], [0, 0, 0, 0], [1, 1, 1, 1]);
    await last.data(); // submits all, and waits for all
    core.dispose([...results, last]);
  }, samples);
  core.dispose([x, weight]);
  const flops = 2 * c.batch * size[0] * size[1] * c.out_channels * c.in_channels * c.kernel[0] * c.kernel[1];
  return { pass: "forward", flops, error: off, warm: summary(times.map((time) => time / COPIES)) };
}

// The network of models/unet.cpp with its defaults; logits.
function unet(layers, { base, depth, classes, shape: [channels, height, width] }) {
  const conv = (x, filters, kernelSize, useBias) =>
    layers.layers.conv2d({ filters, kernelSize, padding: "same", useBias }).apply(x);
  const norm = (x) => layers.layers.batchNormalization({ momentum: 0.9, epsilon: 1e-5 }).apply(x);
  const relu = (x) => layers.layers.reLU().apply(x);
  const double = (x, filters) => [0, 1].reduce((y) => relu(norm(conv(y, filters, 3, false))), x);
  const input = layers.input({ shape: [height, width, channels] });
  const skips = [];
  let x = input;
  for (let level = 0; level < depth; ++level) {
    skips.push(double(x, base << level));
    x = layers.layers.maxPooling2d({ poolSize: 2 }).apply(skips[level]);
  }
  x = double(x, base << depth);
  for (let level = depth - 1; level >= 0; --level) {
    x = layers.layers.conv2dTranspose({ filters: base << level, kernelSize: 2, strides: 2 }).apply(x);
    x = double(layers.layers.concatenate().apply([skips[level], x]), base << level);
  }
  return layers.model({ inputs: input, outputs: conv(x, classes, 1, true) });
}

async function trainingStep({ core, layers }, c, samples) {
  if (c.model !== "unet" || c.rank === 3 || c.classes !== 1) throw Error("no two-dimensional U-Net of one class");
  const network = unet(layers, c);
  const loss = (labels, logits) => core.losses.sigmoidCrossEntropy(labels, logits);
  network.compile({ optimizer: core.train.adam(1e-3), loss });
  const [channels, height, width] = c.shape;
  const images = core.randomUniform([c.batch, height, width, channels]);
  const labels = core.tidy(() => core.cast(core.greater(images, 0.7), "float32"));
  const losses = [];
  const times = await measure(async () => {
    losses.push(await network.trainOnBatch(images, labels));
    await core.backend().queue.onSubmittedWorkDone(); // parameters are written
  }, samples);
  const falling = losses.map((value) => value.toFixed(4)).join(" ");
  console.log(`${c.name}: ${network.countParams()} parameters and statistics, losses ${falling}`);
  if (!(losses.at(-1) < losses[0])) throw Error("the loss doesn't fall");
  return { pass: "train", warm: summary(times) };
}

function print({ case: name, pass, warm, flops, error }) {
  const rate = flops ? `${(flops / warm.median / 1e9).toFixed(2).padStart(9)} GFLOP/s` : "";
  const off = error === undefined ? "" : `  error ${error.toExponential(1)}`;
  console.log(`${name.padEnd(16)} ${pass.padEnd(16)} ${(warm.median * 1e3).toFixed(3).padStart(12)} ms ${rate}${off}`);
}

async function main() {
  const given = options();
  const cases = JSON.parse(readFileSync(new URL("../cases.json", import.meta.url)))[given.suite];
  const samples = Number(given.samples);
  if (!cases || !(samples >= 1)) fail("--suite is cpu or gpu, --samples 1 or more");
  const tf = await start(given.flag);
  const engine = `TensorFlow.js ${tf.core.version_core}`;
  const report = { version: 2, engine, os: `${platform()} ${release()}`, suite: given.suite,
                   device: { name: tf.name, driver_info: engine }, results: [] };
  for (const [kind, run] of [["conv", convolution], ["models", trainingStep]]) {
    for (const c of given.kind.split(",").includes(kind) ? cases[kind] : []) {
      if (!new RegExp(given.case).test(c.name)) continue;
      try {
        const result = { case: c.name, dtype: ["WebGPU", ...given.flag].join(" "), ...(await run(tf, c, samples)) };
        report.results.push(result);
        print(result);
      } catch (error) {
        console.log(`left out: ${c.name}: ${error.message}`);
      }
    }
  }
  if (given.json) writeFileSync(given.json, JSON.stringify(report, null, 1) + "\n");
  process.exit(0); // the device would keep node running
}

await main();
