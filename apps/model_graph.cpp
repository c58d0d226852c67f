#include "apps/model_graph.h"

#include <fmt/format.h>

#include <algorithm>
#include <string_view>

#include "base/error.h"
#include "tasks/classification.h"
#include "tasks/classifier_runner.h"
#include "tasks/dense_objective.h"
#include "tasks/networks.h"
#include "tasks/signals.h"
#include "train/autoencoder.h"
#include "train/training_graph.h"

namespace tuff {
namespace {

std::string title(std::string_view inference, const GraphChoice& choice, std::int64_t batch, const ImageSize& size) {
  return fmt::format("{} {} image{} of {} pixels", choice.train ? "a training step with" : inference, batch,
                     batch == 1 ? "" : "s", to_string(size));
}

ModelGraph dense_graph(const Model& model, TrainOptions options, const GraphChoice& choice) {
  const auto task = make_dense_task(options, model.format);
  if (choice.side > 0) options.crop = choice.side;
  check_crop(task->network(), options);
  return {
      choice.train ? training_graph(*task, options) : inference_graph(task->network(), options.batch, crop_of(options)),
      title("prediction of", choice, options.batch, crop_of(options))};
}

ModelGraph signals_graph(const Model& model, const TrainOptions& options, const GraphChoice& choice) {
  const std::int64_t length = choice.side > 0 ? choice.side : options.length;
  const SignalNetwork network = make_signal_network(options, model.format, length);
  return {choice.train ? training_graph(network, options) : signal_graph(network, options.batch),
          fmt::format("{} {} signals of {} values", choice.train ? "a training step with" : "prediction of",
                      options.batch, length)};
}

// Of whole images, or of single patches.
ModelGraph classifier_graph(const Model& model, TrainOptions options, const GraphChoice& choice) {
  if (choice.side > 0 && choice.side != options.size)
    throw Error(fmt::format("--tile {0}: this {1} takes {2} of {3}x{3} alone; leave --tile out", choice.side,
                            options.model, model.format.class_names.empty() ? "patches" : "images", options.size));
  const ImageSize size = crop_of(options);
  if (model.format.class_names.empty() && choice.train)
    return {training_graph(*make_dense_task(options, model.format), options), title("", choice, options.batch, size)};
  const ClassifierNetwork network = make_classifier(options, model.format.image_channels);
  return {choice.train ? training_graph(network, options) : classifying_graph(network, options.batch, size),
          title("classification of", choice, options.batch, size)};
}

ModelGraph autoencoder_graph(const Model& model, const TrainOptions& options, const GraphChoice& choice) {
  const AutoencoderNetwork network = make_autoencoder(options, model.format.image_channels);
  if (choice.side > 0 && choice.side != network.side)
    throw Error(fmt::format("--tile {}: this {} takes images of {}x{} alone; leave --tile out", choice.side,
                            network.name, network.side, network.side));
  return {choice.train ? training_graph(network, options) : reconstruction_graph(network, options.batch),
          title("reconstruction of", choice, options.batch, {network.side, network.side})};
}

}  // namespace

std::string describe_arena(const Plan& plan) {
  const auto bytes = static_cast<double>(plan.scratch_bytes()), bound = static_cast<double>(plan.peak_live_bytes);
  return fmt::format("arena {:.1f} MiB, {:.2f} of the liveness bound", bytes / (1 << 20),
                     bound > 0 ? bytes / bound : 1);
}

ModelGraph model_graph(const Model& model, const GraphChoice& choice) {
  TrainOptions options = model.options;
  if (choice.batch > 0 || !choice.train) options.batch = std::max<std::int64_t>(1, choice.batch);
  if (takes_signals(options.model)) return signals_graph(model, options, choice);
  if (is_classifier(options.model)) return classifier_graph(model, std::move(options), choice);
  return is_dense(options.model) ? dense_graph(model, options, choice) : autoencoder_graph(model, options, choice);
}

}  // namespace tuff
