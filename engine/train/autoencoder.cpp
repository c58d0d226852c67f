#include "train/autoencoder.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "base/error.h"
#include "base/philox.h"
#include "base/random_use.h"
#include "train/image_metrics.h"
#include "train/training_graph.h"

namespace tuff {
namespace {

// Images that noise is added to outside of training are numbered as of this epoch, which no training reaches.
constexpr std::uint32_t kMeasuredEpoch = 0xffffffff;

// The first `count` images of a batch (N, C, y, x).
void append_images(std::vector<Image>& to, const HostTensor& batch, std::size_t count) {
  const Shape shape = batch.shape;
  const std::size_t each = batch.floats().size() / static_cast<std::size_t>(shape[0]);
  for (std::size_t i = 0; i < count; ++i) {
    Image image(shape[1], shape[2], shape[3]);
    std::ranges::copy(batch.floats().subspan(i * each, each), image.values.begin());
    to.push_back(std::move(image));
  }
}

// As much of `from`, from this element on, as `to` holds.
void copy_some(const HostTensor& from, std::size_t first, HostTensor& to) {
  const auto rest = from.floats().subspan(first);
  std::ranges::copy(rest.first(std::min(rest.size(), to.floats().size())), to.floats().begin());
}

}  // namespace

Autoencoder::Autoencoder(Device& device, ParameterStore& store, AutoencoderNetwork network, std::int64_t batch,
                         std::uint64_t memory, Tuner* tuner)
    : device_(device), store_(store), network_(std::move(network)), batch_(batch), memory_(memory), tuner_(tuner) {}

// Halves the number of images at once until that fits, computing nothing once for all runs where that takes too much.
// Tuned kernels may want more workspace: where they don't fit, the usual ones are used.
PlannedGraph Autoencoder::fitting(Build build, std::uint64_t memory, std::int64_t& count) const {
  const auto fits = [&](const PlannedGraph& plan) { return memory == 0 || plan.device_bytes <= memory; };
  const auto plan = [&](Tuner* tuner) {
    const std::unique_ptr<Graph> graph = build(network_, count);
    PlannedGraph result = planned(*graph, device_.caps(), {.tuner = tuner});
    if (fits(result)) return result;
    return planned(*graph, device_.caps(), {.lower = {.setup = false}, .tuner = tuner});
  };
  for (count = batch_;; count /= 2) {
    PlannedGraph ready = plan(nullptr);
    if (fits(ready) && tuner_ != nullptr) {
      PlannedGraph tuned = plan(tuner_);
      if (fits(tuned)) ready = std::move(tuned);
    }
    if (fits(ready)) return ready;
    if (count == 1)
      throw OutOfMemory(
          fmt::format("one image of {}x{} pixels takes {:.1f} MiB on the device beside the weights, of {:.1f} MiB "
                      "that are left; allow more with --memory",
                      network_.side, network_.side, static_cast<double>(ready.device_bytes) / (1 << 20),
                      static_cast<double>(memory) / (1 << 20)));
  }
}

// Where memory is limited, only one executable lives beside the one that draws.
Autoencoder::Ready& Autoencoder::prepared(Ready& ready, Build build) {
  if (ready.executable) return ready;
  if (memory_ > 0)
    for (Ready* other : {&measure_, &reconstruct_, &encode_, &decode_}) other->executable.reset();
  const std::uint64_t drawing = draw_ ? draw_->device_bytes() : 0;
  PlannedGraph plan = fitting(build, memory_ == 0 ? 0 : memory_ - std::min(memory_ - 1, drawing), ready.at_once);
  ready.executable = compile(std::move(plan), device_, &store_, {.tuner = tuner_});
  return ready;
}

// Images from number `first` of the list on; where the list ends, its last image again.
void Autoencoder::write_images(const Ready& ready, const LabelledImages& images, std::span<const std::int64_t> chosen,
                               std::size_t first) const {
  HostTensor batch(Shape{ready.at_once, network_.channels, network_.side, network_.side});
  const auto count = static_cast<std::size_t>(ready.at_once), each = batch.floats().size() / count;
  std::vector<std::int32_t> labels;
  for (std::size_t i = 0; i < count; ++i) {
    const std::int64_t image = chosen[std::min(first + i, chosen.size() - 1)];
    const std::span<float> pixels = batch.floats().subspan(i * each, each);
    images.images.read(image, pixels);
    if (noise_.kind != Noise::Kind::none) {
      PhiloxStream random(noise_seed_, kMeasuredEpoch, static_cast<std::uint32_t>(image),
                          static_cast<std::uint32_t>(RandomUse::noise));
      tuff::add_noise(pixels, noise_, random);
    }
    if (network_.classes > 0) labels.push_back(images.labels.at(static_cast<std::size_t>(image)));
  }
  ready.executable->write("images", batch);
  if (network_.classes > 0) ready.executable->write("classes", one_hot(labels, ready.at_once, network_.classes));
}

Elbo Autoencoder::measure(const LabelledImages& images, std::span<const std::int64_t> chosen, std::uint64_t seed) {
  const Ready& ready = prepared(measure_, measuring_graph);
  const auto batch = static_cast<std::size_t>(ready.at_once);
  Elbo result;
  for (std::size_t first = 0; first < chosen.size(); first += batch) {
    write_images(ready, images, chosen, first);
    ready.executable->write("random_state", random_state_tensor(seed, static_cast<std::int64_t>(first / batch)));
    ready.executable->run();
    const HostTensor reconstruction = ready.executable->read("reconstruction"), kl = ready.executable->read("kl");
    for (std::size_t i = 0; i < std::min(batch, chosen.size() - first); ++i) {
      result.reconstruction += static_cast<double>(reconstruction.floats()[i]);
      result.kl += static_cast<double>(kl.floats()[i]);
    }
  }
  const auto count = static_cast<double>(std::max<std::size_t>(1, chosen.size()));
  result.reconstruction /= count;
  result.kl /= count;
  result.elbo = -(result.reconstruction + result.kl);
  return result;
}

void Autoencoder::add_noise(const Noise& noise, std::uint64_t seed) {
  noise_ = noise;
  noise_seed_ = seed;
}

Fidelity Autoencoder::fidelity(const LabelledImages& images, std::span<const std::int64_t> chosen,
                               const HostTensor& codes) {
  const std::vector<Image> pixels = decode(codes);
  Fidelity result;
  Image truth(network_.channels, network_.side, network_.side);
  for (std::size_t i = 0; i < chosen.size(); ++i) {
    images.images.read(chosen[i], truth.values);
    for (std::int64_t c = 0; c < network_.channels; ++c) {
      result.psnr += psnr(pixels[i].channel(c), truth.channel(c));
      result.ssim += structural_similarity(pixels[i].channel(c), truth.channel(c), truth.size());
    }
  }
  const double count =
      static_cast<double>(std::max<std::size_t>(1, chosen.size())) * static_cast<double>(network_.channels);
  return {result.psnr / count, result.ssim / count};
}

HostTensor quantized(const HostTensor& codes, int bits) {
  HostTensor result = codes;
  const std::int64_t count = codes.shape[0], latent = codes.shape[1];
  const double levels = std::exp2(bits);
  for (std::int64_t number = 0; number < latent; ++number) {
    const auto value = [&](std::int64_t i) -> float& {
      return result.floats()[static_cast<std::size_t>(i * latent + number)];
    };
    float low = value(0), high = low;
    for (std::int64_t i = 0; i < count; ++i) low = std::min(low, value(i)), high = std::max(high, value(i));
    const double part = (static_cast<double>(high) - static_cast<double>(low)) / levels;
    if (part <= 0) continue;
    for (std::int64_t i = 0; i < count; ++i) {
      const double level = std::floor((static_cast<double>(value(i)) - static_cast<double>(low)) / part);
      value(i) = static_cast<float>(static_cast<double>(low) + (std::min(level, levels - 1) + 0.5) * part);
    }
  }
  return result;
}

HostTensor Autoencoder::draw(std::int64_t count, std::uint64_t seed) {
  if (!draw_) draw_ = compile(*drawing_graph(network_, batch_), device_, &store_, {.tuner = tuner_});
  HostTensor z(Shape{count, network_.latent});
  for (std::int64_t first = 0; first < count; first += batch_) {
    draw_->write("random_state", random_state_tensor(seed, first / batch_));
    draw_->run();
    const HostTensor drawn = draw_->read("z");
    const auto rest = z.floats().subspan(static_cast<std::size_t>(first * network_.latent));
    std::ranges::copy(drawn.floats().first(std::min(drawn.floats().size(), rest.size())), rest.begin());
  }
  return z;
}

std::vector<Image> Autoencoder::generate(std::int64_t count, std::uint64_t seed,
                                         std::span<const std::int32_t> classes) {
  return decode(draw(count, seed), classes);
}

std::vector<Image> Autoencoder::reconstruct(const LabelledImages& images, std::span<const std::int64_t> chosen) {
  const Ready& ready = prepared(reconstruct_, reconstruction_graph);
  const auto at_once = static_cast<std::size_t>(ready.at_once);
  std::vector<Image> result;
  for (std::size_t first = 0; first < chosen.size(); first += at_once) {
    write_images(ready, images, chosen, first);
    ready.executable->run();
    append_images(result, ready.executable->read("pixels"), std::min(at_once, chosen.size() - first));
  }
  return result;
}

Latents Autoencoder::encode(const LabelledImages& images, std::span<const std::int64_t> chosen) {
  const Ready& ready = prepared(encode_, encoding_graph);
  const auto at_once = static_cast<std::size_t>(ready.at_once);
  const Shape shape{static_cast<std::int64_t>(chosen.size()), network_.latent};
  Latents result{HostTensor(shape), network_.is_variational() ? HostTensor(shape) : HostTensor{}};
  for (std::size_t first = 0; first < chosen.size(); first += at_once) {
    write_images(ready, images, chosen, first);
    ready.executable->run();
    for (const auto& [name, to] : {std::pair("mean", &result.mean), {"log_variance", &result.log_variance}}) {
      if (to->data.empty()) continue;
      const HostTensor values = ready.executable->read(name);
      const auto rest = to->floats().subspan(first * static_cast<std::size_t>(network_.latent));
      std::ranges::copy(values.floats().first(std::min(values.floats().size(), rest.size())), rest.begin());
    }
  }
  return result;
}

std::vector<Image> Autoencoder::decode(const HostTensor& z, std::span<const std::int32_t> classes) {
  const Ready& ready = prepared(decode_, decoding_graph);
  const auto at_once = static_cast<std::size_t>(ready.at_once), count = static_cast<std::size_t>(z.shape[0]);
  std::vector<Image> images;
  for (std::size_t first = 0; first < count; first += at_once) {
    const std::size_t some = std::min(at_once, count - first);
    HostTensor batch(Shape{ready.at_once, network_.latent, 1, 1});
    copy_some(z, first * static_cast<std::size_t>(network_.latent), batch);
    ready.executable->write("z", batch);
    if (network_.classes > 0)
      ready.executable->write("classes", one_hot(classes.subspan(first, some), ready.at_once, network_.classes));
    ready.executable->run();
    append_images(images, ready.executable->read("pixels"), some);
  }
  return images;
}

}  // namespace tuff
