#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "base/error.h"
#include "base/philox.h"
#include "base/random_use.h"
#include "io/overlay.h"
#include "train/autoencoder.h"
#include "train/rounds.h"
#include "train/split_options.h"
#include "train/training_graph.h"

namespace tuff {
namespace {

constexpr std::int64_t kLeastSteps = 100;    // of an epoch
constexpr std::size_t kPictureColumns = 12;  // of pictures()

std::vector<std::int64_t> indices(const std::vector<std::size_t>& items) {
  return {items.begin(), items.end()};
}

class Autoencoding : public Objective {
 public:
  Autoencoding(TrainOptions options, DataFormat format, LabelledImages images, AutoencoderNetwork network)
      : options_(std::move(options)),
        format_(std::move(format)),
        images_(std::move(images)),
        network_(std::move(network)) {
    const Split split = split_of(images_, options_);
    train_ = indices(split.train);
    validation_ = indices(split.validation);
    test_ = indices(split.test);
  }

  void check() const override {
    const auto count = static_cast<std::int64_t>(train_.size());
    if (count < options_.batch)
      throw Error(fmt::format("--batch {}: there are only {} images to train with; use --batch {} or smaller",
                              options_.batch, count, count));
    if (parse_noise(options_.noise).kind == Noise::Kind::none && options_.noisy_targets)
      throw Error("--noisy-targets: goes with --noise");
  }

  std::unique_ptr<Graph> graph() const override { return training_graph(network_, options_); }
  const DataFormat& format() const override { return format_; }
  std::string fingerprint() const override { return images_.fingerprint(); }
  std::int64_t steps_per_epoch() const override { return std::max(kLeastSteps, steps_per_round()); }
  std::vector<Metric> metrics() const override {
    if (!network_.is_variational()) return {{"val_psnr", "PSNR", 2}, {"val_ssim", "SSIM"}};
    return {{"val_elbo", "ELBO", 2}, {"val_reconstruction", "reconstruction", 2}, {"val_kl", "KL", 2}};
  }
  std::uint64_t validation_bytes(const DeviceCaps& caps) const override {
    if (validation_.empty() && test_.empty()) return 0;
    const auto bytes = [&](const std::unique_ptr<Graph>& graph) { return planned(*graph, caps).device_bytes; };
    const std::uint64_t pictures = bytes(reconstruction_graph(network_, options_.batch));
    if (network_.is_variational()) return bytes(measuring_graph(network_, options_.batch)) + pictures;
    return bytes(encoding_graph(network_, options_.batch)) + bytes(decoding_graph(network_, options_.batch)) + pictures;
  }
  std::unique_ptr<Session> start(const Place& place, std::int64_t epoch, std::int64_t step) const override;
  std::vector<std::string> held_out() const override {
    std::vector<std::string> names;
    for (const std::int64_t image : test_) names.push_back(images_.images.name(image));
    return names;
  }

 private:
  class Batches;

  std::int64_t steps_per_round() const { return static_cast<std::int64_t>(train_.size()) / options_.batch; }

  TrainOptions options_;
  DataFormat format_;
  LabelledImages images_;
  AutoencoderNetwork network_;
  std::vector<std::int64_t> train_, validation_, test_;
};

class Autoencoding::Batches : public Objective::Session {
 public:
  Batches(const Autoencoding& task, const Place& place, std::int64_t epoch, std::int64_t step)
      : task_(task),
        autoencoder_(place.device, place.store, task.network_, task.options_.batch, 0,
                     place.memory == 0 ? place.tuner : nullptr),
        noise_(parse_noise(task.options_.noise)),
        next_(epoch * task.steps_per_epoch() + step),
        rounds_(task.train_, seed_of(task.options_)) {
    autoencoder_.add_noise(noise_, seed_of(task.options_));
  }

  std::vector<NamedTensor> next() override {
    const std::int64_t epoch = next_ / task_.steps_per_epoch(), step = next_ % task_.steps_per_epoch();
    const std::span<const std::int64_t> order = rounds_.order(epoch, step / task_.steps_per_round());
    const std::int64_t batch = task_.options_.batch, side = task_.network_.side;
    HostTensor images(Shape{batch, task_.network_.channels, side, side});
    const std::size_t each = images.floats().size() / static_cast<std::size_t>(batch);
    const auto first = static_cast<std::size_t>(step % task_.steps_per_round() * batch);
    for (std::size_t i = 0; i < static_cast<std::size_t>(batch); ++i)
      task_.images_.images.read(order[first + i], images.floats().subspan(i * each, each));
    std::vector<NamedTensor> tensors;
    if (noise_.kind != Noise::Kind::none) tensors.push_back({"targets", add_batch_noise(images)});
    tensors.push_back({"images", std::move(images)});
    if (task_.network_.is_variational())
      tensors.push_back({"random_state", random_state_tensor(seed_of(task_.options_), next_)});
    if (task_.network_.classes > 0) tensors.push_back({"classes", one_hot_of(order.subspan(first))});
    if (task_.options_.kl_warmup > 0) {
      const auto weight = static_cast<float>(kl_weight(task_.options_, next_));
      tensors.push_back({"kl_weight", HostTensor::from_floats(Shape{}, {&weight, 1})});
    }
    ++next_;
    return tensors;
  }

  std::vector<double> validate() override { return score(task_.validation_); }
  std::vector<double> score_held_out() override { return score(task_.test_); }

  // Images, and below them what the decoder makes of their codes.
  std::vector<PictureRow> pictures() override {
    const std::size_t count = std::min(kPictureColumns, task_.validation_.size());
    if (count == 0) return {};
    const auto chosen = std::span(task_.validation_).first(count);
    const ImageSet& images = task_.images_.images;
    const std::int64_t side = images.side(), step = side + 2;
    const std::vector<Image> reconstructions = autoencoder_.reconstruct(task_.images_, chosen);
    Canvas canvas(static_cast<std::int64_t>(count) * step - 2, 2 * step - 2, {128, 128, 128});
    for (std::size_t i = 0; i < count; ++i) {
      Image image(images.channels(), side, side);
      images.read(chosen[i], image.values);
      const auto x = static_cast<std::int64_t>(i) * step;
      canvas.paste(x, 0, render_image(image));
      canvas.paste(x, step, render_image(reconstructions[i]));
    }
    return {{"validation", {{"images, and below as the network gives them back", canvas.image()}}}};
  }

  SafeTensors validation_images() override {
    const ImageSet& images = task_.images_.images;
    const auto count = static_cast<std::int64_t>(task_.validation_.size());
    SafeTensors file;
    if (count == 0) return file;
    HostTensor all(Shape{count, images.channels(), images.side(), images.side()});
    const std::size_t each = all.floats().size() / static_cast<std::size_t>(count);
    for (std::size_t i = 0; i < task_.validation_.size(); ++i)
      images.read(task_.validation_[i], all.floats().subspan(i * each, each));
    file.tensors.push_back(StoredTensor::from_tensor("images", all));
    return file;
  }

 private:
  std::vector<double> score(const std::vector<std::int64_t>& chosen) {
    if (chosen.empty()) return {};
    if (!task_.network_.is_variational()) {
      const HostTensor codes = autoencoder_.encode(task_.images_, chosen).mean;
      const Fidelity result = autoencoder_.fidelity(task_.images_, chosen, codes);
      return {result.psnr, result.ssim};
    }
    const Elbo result = autoencoder_.measure(task_.images_, chosen, seed_of(task_.options_));
    return {result.elbo, result.reconstruction, result.kl};
  }

  // To the images of the next batch; gives what they are to become.
  HostTensor add_batch_noise(HostTensor& images) const {
    HostTensor truth = images;
    const auto draw = [&](HostTensor& to, std::uint32_t which) {
      PhiloxStream random(seed_of(task_.options_), static_cast<std::uint32_t>(next_), which,
                          static_cast<std::uint32_t>(RandomUse::noise));
      add_noise(to.floats(), noise_, random);
    };
    draw(images, 0);
    if (task_.options_.noisy_targets) draw(truth, 1);
    return truth;
  }

  // Of the batch that begins so.
  HostTensor one_hot_of(std::span<const std::int64_t> order) const {
    std::vector<std::int32_t> labels;
    for (std::int64_t i = 0; i < task_.options_.batch; ++i)
      labels.push_back(task_.images_.labels[static_cast<std::size_t>(order[static_cast<std::size_t>(i)])]);
    return one_hot(labels, task_.options_.batch, task_.network_.classes);
  }

  const Autoencoding& task_;
  Autoencoder autoencoder_;
  Noise noise_;
  std::int64_t next_;  // batches are numbered through all epochs
  Rounds<std::int64_t> rounds_;
};

// Validation takes what validation_bytes() says, whatever more it may: so by the usual kernels where that is limited.
std::unique_ptr<Objective::Session> Autoencoding::start(const Place& place, std::int64_t epoch,
                                                        std::int64_t step) const {
  return std::make_unique<Batches>(*this, place, epoch, step);
}

}  // namespace

std::unique_ptr<Objective> autoencoding(TrainOptions options, DataFormat format, LabelledImages images,
                                        AutoencoderNetwork network) {
  return std::make_unique<Autoencoding>(std::move(options), std::move(format), std::move(images), std::move(network));
}

}  // namespace tuff
