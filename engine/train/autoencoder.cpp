#include "train/autoencoder.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <numeric>

#include "base/error.h"
#include "base/philox.h"
#include "base/random_use.h"
#include "ops/adam.h"
#include "ops/pointwise.h"
#include "ops/random.h"
#include "ops/reduce.h"
#include "train/training_graph.h"

namespace tuff {
namespace {

constexpr std::int64_t kLeastSteps = 100;  // of an epoch

// Numbers of the ops that draw: no two uses of a seed see the same noise.
constexpr std::uint32_t kTrainingNoise = 0, kMeasureNoise = 1, kGenerateNoise = 2;

std::uint64_t seed_of(const TrainOptions& options) {
  return static_cast<std::uint64_t>(options.seed);
}

Value noise_input(Graph& graph, std::int64_t batch, std::int64_t latent, std::uint32_t number) {
  const Value state = graph.input("random_state", {kRandomStateElements}, DType::i32);
  return random_normal(state, {DType::f32, {batch, latent, 1, 1}}, number);
}

HostTensor random_state_tensor(std::uint64_t seed, std::int64_t step) {
  return HostTensor::from_ints({kRandomStateElements}, random_state(seed, step));
}

// Input "images", outputs "reconstruction" and "kl" of each.
std::unique_ptr<Graph> measuring_graph(const AutoencoderNetwork& network, std::int64_t batch) {
  auto graph = std::make_unique<Graph>();
  const Value x = graph->input("images", {batch, network.channels, network.side, network.side});
  const auto terms = network.terms(*graph, x, noise_input(*graph, batch, network.latent, kMeasureNoise));
  graph->output("reconstruction", terms.reconstruction);
  graph->output("kl", terms.kl);
  return graph;
}

struct Halves {
  std::vector<std::int64_t> train, validation;
};

void shuffle(std::vector<std::int64_t>& order, PhiloxStream random) {
  for (std::size_t i = order.size(); i > 1; --i)
    std::swap(order[i - 1], order[random.below(static_cast<std::uint32_t>(i))]);
}

Halves split(const ImageSet& images, const TrainOptions& options) {
  std::vector<std::int64_t> order(static_cast<std::size_t>(images.count()));
  std::iota(order.begin(), order.end(), 0);
  std::int64_t held_back = options.val_last;
  if (held_back == 0 && options.val_fraction > 0) {
    shuffle(order, PhiloxStream(seed_of(options), 0, 0, static_cast<std::uint32_t>(RandomUse::split)));
    const std::int64_t least = std::min<std::int64_t>(3, images.count() / 2);
    held_back = std::clamp<std::int64_t>(std::lround(options.val_fraction * static_cast<double>(images.count())), least,
                                         images.count() - 1);
  }
  if (held_back >= images.count())
    throw Error(fmt::format("--val-last {}: there are only {} images, none would be left to train with", held_back,
                            images.count()));
  const auto border = order.end() - static_cast<std::ptrdiff_t>(held_back);
  Halves halves{{order.begin(), border}, {border, order.end()}};
  std::ranges::sort(halves.train);
  std::ranges::sort(halves.validation);
  return halves;
}

class Autoencoding : public Objective {
 public:
  Autoencoding(TrainOptions options, DataFormat format, ImageSet images, AutoencoderNetwork network)
      : options_(std::move(options)),
        format_(std::move(format)),
        images_(std::move(images)),
        network_(std::move(network)),
        halves_(split(images_, options_)) {}

  void check() const override {
    const auto count = static_cast<std::int64_t>(halves_.train.size());
    if (count < options_.batch)
      throw Error(fmt::format("--batch {}: there are only {} images to train with; use --batch {} or smaller",
                              options_.batch, count, count));
  }

  std::unique_ptr<Graph> graph() const override { return training_graph(network_, options_); }
  const DataFormat& format() const override { return format_; }
  std::string fingerprint() const override { return images_.fingerprint(); }
  std::int64_t steps_per_epoch() const override { return std::max(kLeastSteps, steps_per_round()); }
  std::vector<Metric> metrics() const override {
    return {{"val_elbo", "ELBO", 2}, {"val_reconstruction", "reconstruction", 2}, {"val_kl", "KL", 2}};
  }
  std::uint64_t validation_bytes(const DeviceCaps& caps) const override {
    return halves_.validation.empty() ? 0 : planned(*measuring_graph(network_, options_.batch), caps).device_bytes;
  }
  std::unique_ptr<Session> start(const Place& place, std::int64_t epoch, std::int64_t step) const override;

 private:
  class Batches;

  std::int64_t steps_per_round() const { return static_cast<std::int64_t>(halves_.train.size()) / options_.batch; }

  TrainOptions options_;
  DataFormat format_;
  ImageSet images_;
  AutoencoderNetwork network_;
  Halves halves_;
};

class Autoencoding::Batches : public Objective::Session {
 public:
  Batches(const Autoencoding& task, const Place& place, std::int64_t epoch, std::int64_t step)
      : task_(task),
        autoencoder_(place.device, place.store, task.network_, task.options_.batch, 0,
                     place.memory == 0 ? place.tuner : nullptr),
        next_(epoch * task.steps_per_epoch() + step) {}

  std::vector<NamedTensor> next() override {
    const std::int64_t epoch = next_ / task_.steps_per_epoch(), step = next_ % task_.steps_per_epoch();
    draw_order(epoch, step / task_.steps_per_round());
    const std::int64_t batch = task_.options_.batch, side = task_.network_.side;
    HostTensor images(Shape{batch, task_.network_.channels, side, side});
    const std::size_t each = images.floats().size() / static_cast<std::size_t>(batch);
    const auto first = static_cast<std::size_t>(step % task_.steps_per_round() * batch);
    for (std::size_t i = 0; i < static_cast<std::size_t>(batch); ++i)
      task_.images_.read(order_[first + i], images.floats().subspan(i * each, each));
    std::vector<NamedTensor> tensors;
    tensors.push_back({"images", std::move(images)});
    tensors.push_back({"random_state", random_state_tensor(seed_of(task_.options_), next_)});
    ++next_;
    return tensors;
  }

  std::vector<double> validate() override {
    if (task_.halves_.validation.empty()) return {};
    const Elbo result = autoencoder_.measure(task_.images_, task_.halves_.validation, seed_of(task_.options_));
    return {result.elbo, result.reconstruction, result.kl};
  }

  SafeTensors validation_images() override {
    const ImageSet& images = task_.images_;
    const auto count = static_cast<std::int64_t>(task_.halves_.validation.size());
    SafeTensors file;
    if (count == 0) return file;
    HostTensor all(Shape{count, images.channels(), images.side(), images.side()});
    const std::size_t each = all.floats().size() / static_cast<std::size_t>(count);
    for (std::size_t i = 0; i < task_.halves_.validation.size(); ++i)
      images.read(task_.halves_.validation[i], all.floats().subspan(i * each, each));
    file.tensors.push_back(StoredTensor::from_tensor("images", all));
    return file;
  }

 private:
  // Of one round through the training images; an epoch has several where they are few.
  void draw_order(std::int64_t epoch, std::int64_t round) {
    if (!order_.empty() && epoch == epoch_ && round == round_) return;
    order_ = task_.halves_.train;
    shuffle(order_, PhiloxStream(seed_of(task_.options_), static_cast<std::uint32_t>(epoch),
                                 static_cast<std::uint32_t>(round), static_cast<std::uint32_t>(RandomUse::shuffle)));
    epoch_ = epoch;
    round_ = round;
  }

  const Autoencoding& task_;
  Autoencoder autoencoder_;
  std::int64_t next_;  // batches are numbered through all epochs
  std::int64_t epoch_ = 0, round_ = 0;
  std::vector<std::int64_t> order_;
};

// Validation takes what validation_bytes() says, whatever more it may: so by the usual kernels where that is limited.
std::unique_ptr<Objective::Session> Autoencoding::start(const Place& place, std::int64_t epoch,
                                                        std::int64_t step) const {
  return std::make_unique<Batches>(*this, place, epoch, step);
}

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

}  // namespace

std::unique_ptr<Graph> training_graph(const AutoencoderNetwork& network, const TrainOptions& options) {
  auto graph = std::make_unique<Graph>();
  const Value x = graph->input("images", {options.batch, network.channels, network.side, network.side});
  const Value noise = noise_input(*graph, options.batch, network.latent, kTrainingNoise);
  const Value step_state = graph->input("step_state", {kStepStateElements});
  const AutoencoderNetwork::Terms terms = network.terms(*graph, x, noise);
  const Value loss = mean(add(terms.reconstruction, mul_scalar(terms.kl, static_cast<float>(options.beta))));
  graph->output("loss", loss);
  add_update(*graph, loss, step_state, options);
  return graph;
}

std::unique_ptr<Graph> reconstruction_graph(const AutoencoderNetwork& network, std::int64_t batch) {
  auto graph = std::make_unique<Graph>();
  const Value x = graph->input("images", {batch, network.channels, network.side, network.side});
  graph->output("pixels", network.decode(*graph, network.encode(*graph, x)));
  return graph;
}

std::unique_ptr<Objective> autoencoding(TrainOptions options, DataFormat format, ImageSet images,
                                        AutoencoderNetwork network) {
  return std::make_unique<Autoencoding>(std::move(options), std::move(format), std::move(images), std::move(network));
}

namespace {

// Pixels of "z" (batch, latent, 1, 1).
std::unique_ptr<Graph> decoding_graph(const AutoencoderNetwork& network, std::int64_t batch) {
  auto graph = std::make_unique<Graph>();
  graph->output("pixels", network.decode(*graph, graph->input("z", {batch, network.latent, 1, 1})));
  return graph;
}

// The latent vectors of a whole batch, however many are decoded at once: the same images in any memory.
std::unique_ptr<Graph> drawing_graph(const AutoencoderNetwork& network, std::int64_t batch) {
  auto graph = std::make_unique<Graph>();
  graph->output("z", noise_input(*graph, batch, network.latent, kGenerateNoise));
  return graph;
}

}  // namespace

Autoencoder::Autoencoder(Device& device, ParameterStore& store, AutoencoderNetwork network, std::int64_t batch,
                         std::uint64_t memory, Tuner* tuner)
    : device_(device), store_(store), network_(std::move(network)), batch_(batch), memory_(memory), tuner_(tuner) {}

// Halves the number of images at once until that fits, computing nothing once for all runs where that takes too much.
// Tuned kernels may want more workspace: where they don't fit, the usual ones are used.
PlannedGraph Autoencoder::fitting(const std::function<std::unique_ptr<Graph>(std::int64_t)>& build,
                                  std::uint64_t memory, std::int64_t& count) const {
  const auto fits = [&](const PlannedGraph& plan) { return memory == 0 || plan.device_bytes <= memory; };
  const auto plan = [&](Tuner* tuner) {
    const std::unique_ptr<Graph> graph = build(count);
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

// `count` images from number `first` of the list on; where the list ends, its last image again.
HostTensor Autoencoder::gather(const ImageSet& images, std::span<const std::int64_t> chosen, std::size_t first,
                               std::int64_t count) const {
  HostTensor batch(Shape{count, network_.channels, network_.side, network_.side});
  const std::size_t each = batch.floats().size() / static_cast<std::size_t>(count);
  for (std::size_t i = 0; i < static_cast<std::size_t>(count); ++i)
    images.read(chosen[std::min(first + i, chosen.size() - 1)], batch.floats().subspan(i * each, each));
  return batch;
}

Elbo Autoencoder::measure(const ImageSet& images, std::span<const std::int64_t> chosen, std::uint64_t seed) {
  if (!measure_) measure_ = compile(*measuring_graph(network_, batch_), device_, &store_, {.tuner = tuner_});
  const auto batch = static_cast<std::size_t>(batch_);
  Elbo result;
  for (std::size_t first = 0; first < chosen.size(); first += batch) {
    measure_->write("images", gather(images, chosen, first, batch_));
    measure_->write("random_state", random_state_tensor(seed, static_cast<std::int64_t>(first / batch)));
    measure_->run();
    const HostTensor reconstruction = measure_->read("reconstruction"), kl = measure_->read("kl");
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

std::vector<Image> Autoencoder::generate(std::int64_t count, std::uint64_t seed) {
  if (!generate_) {
    draw_ = compile(*drawing_graph(network_, batch_), device_, &store_, {.tuner = tuner_});
    const std::uint64_t drawing = draw_->device_bytes();
    PlannedGraph ready = fitting([&](std::int64_t at_once) { return decoding_graph(network_, at_once); },
                                 memory_ == 0 ? 0 : memory_ - std::min(memory_ - 1, drawing), decoded_at_once_);
    generate_ = compile(std::move(ready), device_, &store_, {.tuner = tuner_});
  }
  std::vector<Image> images;
  for (std::int64_t first = 0; first < count; first += batch_) {
    draw_->write("random_state", random_state_tensor(seed, first / batch_));
    draw_->run();
    const HostTensor all = draw_->read("z");
    for (std::int64_t done = 0; done < std::min(batch_, count - first); done += decoded_at_once_) {
      HostTensor z(Shape{decoded_at_once_, network_.latent, 1, 1});
      const auto rest = all.floats().subspan(static_cast<std::size_t>(done * network_.latent));
      std::ranges::copy(rest.first(std::min(rest.size(), z.floats().size())), z.floats().begin());
      generate_->write("z", z);
      generate_->run();
      append_images(images, generate_->read("pixels"),
                    static_cast<std::size_t>(std::min(decoded_at_once_, count - first - done)));
    }
  }
  return images;
}

std::vector<Image> Autoencoder::reconstruct(const ImageSet& images, std::span<const std::int64_t> chosen) {
  if (!reconstruct_) {
    PlannedGraph ready = fitting([&](std::int64_t at_once) { return reconstruction_graph(network_, at_once); }, memory_,
                                 reconstructed_at_once_);
    reconstruct_ = compile(std::move(ready), device_, &store_, {.tuner = tuner_});
  }
  const auto at_once = static_cast<std::size_t>(reconstructed_at_once_);
  std::vector<Image> result;
  for (std::size_t first = 0; first < chosen.size(); first += at_once) {
    reconstruct_->write("images", gather(images, chosen, first, reconstructed_at_once_));
    reconstruct_->run();
    append_images(result, reconstruct_->read("pixels"), std::min(at_once, chosen.size() - first));
  }
  return result;
}

}  // namespace tuff
