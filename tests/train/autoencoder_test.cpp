// Autoencoders of every variant on a device: the two halves against the whole, classes, and the weight of the
// divergence.
#include "train/autoencoder.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <cmath>
#include <numeric>

#include "base/philox.h"
#include "models/vae.h"
#include "ops/random.h"
#include "runtime/compile.h"
#include "support/files.h"
#include "support/test_device.h"
#include "tasks/networks.h"
#include "train/image_metrics.h"
#include "train/training_graph.h"

namespace tuff::test {
namespace {

TrainOptions small_options(const std::string& block = "plain", const std::string& norm = "none",
                           std::int64_t classes = 1) {
  TrainOptions options = default_options("vae");
  options.size = 16;
  options.base = 4;
  options.latent = 3;
  options.batch = 5;
  options.block = block;
  options.norm = norm;
  options.classes = classes;
  validate(options);
  return options;
}

// Seven colour images of a class each, in turn.
LabelledImages colour_images(const TemporaryFolder& folder, const TrainOptions& options) {
  for (int i = 0; i < 7; ++i)
    write_image(folder / (std::to_string(i) + ".png"), random_image(3, 16, 16, 256, static_cast<std::uint64_t>(i)));
  const std::filesystem::path path = folder.path();
  LabelledImages images = open_labelled_images(std::span(&path, 1), {}, {}, options.size, Fit::pad, vae_side_from);
  if (options.classes > 1)
    for (int i = 0; i < 7; ++i) images.labels.push_back(i % static_cast<int>(options.classes));
  return images;
}

// Weights that leave nothing out: initialized ones have zeros.
void randomize(ParameterStore& store) {
  PhiloxStream random(3);
  for (const Variable& variable : store.variables()) {
    HostTensor values(variable.type.shape);
    const float least = variable.name.ends_with("running_var") ? 1.0f : 0.0f;
    for (float& value : values.floats()) value = least + 0.4f * (random.uniform() - (least > 0 ? 0.0f : 0.5f));
    store.write(variable.name, values);
  }
}

double mean_of(const Image& image) {
  return std::accumulate(image.values.begin(), image.values.end(), 0.0) / static_cast<double>(image.values.size());
}

// The loss of the first step of a training graph, with this weight of the divergence where it is an input.
double first_loss(const TrainOptions& options, double weight) {
  const auto graph = training_graph(make_autoencoder(options, 1), options);
  ParameterStore store(test_device(), *graph);
  store.initialize(4);
  const auto executable = compile(*graph, test_device(), &store);
  HostTensor images(Shape{options.batch, 1, options.size, options.size});
  for (std::size_t i = 0; i < images.floats().size(); ++i) images.floats()[i] = static_cast<float>(i % 7) / 7;
  executable->write("images", images);
  executable->write("random_state", HostTensor::from_ints({kRandomStateElements}, random_state(1, 0)));
  executable->write("step_state", step_state_tensor(options, 1e-3, 0));
  const auto value = static_cast<float>(weight);
  if (options.kl_warmup > 0) executable->write("kl_weight", HostTensor::from_floats(Shape{}, {&value, 1}));
  executable->run();
  return static_cast<double>(executable->read("loss").floats()[0]);
}

}  // namespace

TEST_CASE("autoencoder: a plain one gives back what it encodes, from few bits nearly so") {
  TrainOptions options = default_options("autoencoder");
  options.size = 16;
  options.base = 4;
  options.latent = 3;
  validate(options);
  CHECK(options.loss == "mse");
  const TemporaryFolder folder;
  const LabelledImages images = colour_images(folder, options);
  const AutoencoderNetwork network = make_autoencoder(options, 3);
  CHECK(!network.is_variational());
  ParameterStore store(test_device(), *decoding_graph(network, 1));
  randomize(store);
  Autoencoder autoencoder(test_device(), store, network, 4);
  const std::vector<std::int64_t> chosen = {6, 0, 1, 2, 3, 5};
  const Latents codes = autoencoder.encode(images, chosen);
  CHECK(codes.log_variance.data.empty());
  const std::vector<Image> whole = autoencoder.reconstruct(images, chosen), parts = autoencoder.decode(codes.mean);
  for (std::size_t i = 0; i < parts.size(); ++i) CHECK(parts[i].values == whole[i].values);

  // The mean over images and channels of each one's own.
  const Fidelity fidelity = autoencoder.fidelity(images, chosen, codes.mean);
  double psnr_sum = 0;
  Image truth(3, 16, 16);
  for (std::size_t i = 0; i < whole.size(); ++i) {
    images.images.read(chosen[i], truth.values);
    for (std::int64_t c = 0; c < 3; ++c) psnr_sum += psnr(whole[i].channel(c), truth.channel(c));
  }
  CHECK(fidelity.psnr == doctest::Approx(psnr_sum / 18));

  const HostTensor coarse = quantized(codes.mean, 1), fine = quantized(codes.mean, 12);
  for (int number = 0; number < 3; ++number) {
    std::vector<float> levels;
    float low = 1e30f, high = -1e30f, away = 0;
    for (std::size_t i = static_cast<std::size_t>(number); i < 18; i += 3) {
      levels.push_back(coarse.floats()[i]);
      low = std::min(low, codes.mean.floats()[i]), high = std::max(high, codes.mean.floats()[i]);
      away = std::max(away, std::abs(fine.floats()[i] - codes.mean.floats()[i]));
    }
    std::ranges::sort(levels);
    levels.erase(std::ranges::unique(levels).begin(), levels.end());
    CHECK(levels.size() == 2);
    CHECK(levels[0] == doctest::Approx(low + (high - low) / 4));
    CHECK(away <= (high - low) / 8000);
  }

  autoencoder.add_noise(parse_noise("gaussian:0.3"), 1);
  const HostTensor noisy = autoencoder.encode(images, chosen).mean;
  CHECK(noisy.data != codes.mean.data);
  CHECK(autoencoder.encode(images, chosen).mean.data == noisy.data);
}

TEST_CASE("autoencoder: decoding encoded images is reconstructing them, to the bit") {
  for (const auto& [block, norm] :
       {std::pair("plain", "none"), {"residual", "none"}, {"residual", "group"}, {"residual", "batch"}})
    for (const std::int64_t classes : {1, 3}) {
      CAPTURE(block);
      CAPTURE(norm);
      CAPTURE(classes);
      const TrainOptions options = small_options(block, norm, classes);
      const TemporaryFolder folder;
      const LabelledImages images = colour_images(folder, options);
      const AutoencoderNetwork network = make_autoencoder(options, 3);
      ParameterStore store(test_device(), *decoding_graph(network, 1));
      randomize(store);
      Autoencoder autoencoder(test_device(), store, network, 4);
      const std::vector<std::int64_t> chosen = {6, 0, 1, 2, 3, 5};
      std::vector<std::int32_t> labels;
      if (classes > 1)
        for (const std::int64_t image : chosen) labels.push_back(images.labels[static_cast<std::size_t>(image)]);
      const std::vector<Image> whole = autoencoder.reconstruct(images, chosen);
      const Latents latents = autoencoder.encode(images, chosen);
      CHECK(latents.mean.shape == Shape{6, 3});
      CHECK(latents.log_variance.shape == Shape{6, 3});
      const std::vector<Image> parts = autoencoder.decode(latents.mean, labels);
      REQUIRE(parts.size() == 6);
      REQUIRE(whole.size() == 6);
      for (std::size_t i = 0; i < parts.size(); ++i) CHECK(parts[i].values == whole[i].values);
      CHECK(whole[0].values != whole[1].values);
      CHECK(whole[0].channels == 3);

      // The same z in another class is another image; the same class the same.
      const std::int32_t last = static_cast<std::int32_t>(classes) - 1;
      const auto drawn = [&](std::int32_t label) {
        return autoencoder.generate(1, 8, std::vector<std::int32_t>(classes > 1 ? 1 : 0, label))[0];
      };
      CHECK((std::abs(mean_of(drawn(0)) - mean_of(drawn(last))) > 1e-6) == (classes > 1));
      CHECK(drawn(0).values == drawn(0).values);
    }
}

TEST_CASE("autoencoder: the divergence's weight rises from 0, and the loss follows it") {
  TrainOptions options = small_options();
  options.beta = 4;
  CHECK(kl_weight(options, 0) == 4);
  options.kl_warmup = 8;
  CHECK(kl_weight(options, 0) == 0);
  CHECK(kl_weight(options, 2) == 1);
  CHECK(kl_weight(options, 8) == 4);
  CHECK(kl_weight(options, 100) == 4);
  TrainOptions plain = small_options();
  plain.beta = 0;
  const double without = first_loss(plain, 0);
  plain.beta = 4;
  const double with = first_loss(plain, 0);
  CHECK(with > without);
  CHECK(first_loss(options, 0) == doctest::Approx(without).epsilon(1e-6));
  CHECK(first_loss(options, 4) == doctest::Approx(with).epsilon(1e-6));
}

TEST_CASE("autoencoder: free bits are what every latent number counts for at least") {
  TrainOptions options = small_options();
  options.beta = 2;
  options.kl_warmup = 1;
  const double without = first_loss(options, 0);
  options.free_bits = 50;  // far above what an untrained net uses
  CHECK(first_loss(options, 2) == doctest::Approx(without + 2 * 3 * 50).epsilon(1e-6));
  options.kl_warmup = 0;
  CHECK(first_loss(options, 0) == doctest::Approx(without + 2 * 3 * 50).epsilon(1e-6));
}

}  // namespace tuff::test
