// Training that takes no time: two small convolutions with something between them on generated pixels, four steps an
// epoch. For tests of what the trainer does around steps.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "models/layers.h"
#include "ops/adam.h"
#include "ops/pointwise.h"
#include "ops/reduce.h"
#include "train/objective.h"
#include "train/trainer.h"
#include "train/training_graph.h"

namespace tuff::test {

using Middle = std::function<Value(Value)>;  // of the layer "middle"

inline const Shape kTinyImages{2, 3, 8, 8};

// The loss is the mean of the output's squares.
inline std::unique_ptr<Graph> tiny_step(const Middle& middle, const TrainOptions& options = {}) {
  auto graph = std::make_unique<Graph>();
  Layers layers(*graph, {.rank = 2, .training = true, .norm = NormKind::none});
  Value x = layers.convolution(graph->input("images", kTinyImages), "first", 4);
  {
    const auto scope = graph->scope("middle");
    x = middle(x);
  }
  x = layers.convolution(x, "last", 2);
  const Value step_state = graph->input("step_state", {kStepStateElements});
  Value loss;
  {
    const auto scope = graph->scope("loss");
    loss = mean(square(x));
  }
  graph->output("loss", loss);
  add_update(*graph, loss, step_state, options);
  return graph;
}

inline HostTensor tiny_images(float brightness) {
  HostTensor images(kTinyImages);
  for (std::size_t i = 0; i < images.floats().size(); ++i)
    images.floats()[i] = brightness * (1 + 0.01f * static_cast<float>(i));
  return images;
}

class TinyObjective : public Objective {
 public:
  // From step `bursts` on (counted from 0) images are 1e30 times as bright.
  TinyObjective(Middle middle, TrainOptions options, std::int64_t bursts)
      : middle_(std::move(middle)), options_(std::move(options)), bursts_(bursts) {}

  void check() const override {}
  std::unique_ptr<Graph> graph() const override { return tiny_step(middle_, options_); }
  const DataFormat& format() const override { return format_; }
  std::string fingerprint() const override { return "tiny"; }
  std::int64_t steps_per_epoch() const override { return 4; }
  std::vector<Metric> metrics() const override { return {{"val_weight", "first weight"}}; }
  std::uint64_t validation_bytes(const DeviceCaps&) const override { return 0; }
  std::unique_ptr<Session> start(const Place& place, std::int64_t epoch, std::int64_t step) const override {
    return std::make_unique<Batches>(place.store, epoch * steps_per_epoch() + step, bursts_);
  }

 private:
  class Batches : public Session {
   public:
    Batches(const ParameterStore& store, std::int64_t next, std::int64_t bursts)
        : store_(store), next_(next), bursts_(bursts) {}
    std::vector<NamedTensor> next() override {
      const float brightness = next_ >= bursts_ ? 1e30f : 1 + 0.1f * static_cast<float>(next_ % 5);
      ++next_;
      return {{"images", tiny_images(brightness)}};
    }
    std::vector<double> validate() override { return {static_cast<double>(store_.read("last.weight").floats()[0])}; }
    std::vector<PictureRow> pictures() override {
      Image image(1, 2, 2);
      image.values = {0, 50, 100, static_cast<float>(next_)};
      return {{"tiny", {{"image", image}}}};
    }
    SafeTensors validation_images() override { return {}; }

   private:
    const ParameterStore& store_;
    std::int64_t next_, bursts_;
  };

  Middle middle_;
  TrainOptions options_;
  DataFormat format_;
  std::int64_t bursts_;
};

// Of `steps` steps into the folder `run`, which is not to be there yet.
inline TrainingTask tiny_task(const Middle& middle, const std::filesystem::path& run, std::int64_t steps,
                              std::int64_t bursts = 1000, const std::string& optimizer = "adam") {
  TrainingTask task;
  task.options.steps = steps;
  task.options.optimizer = optimizer;
  task.options.lr = 1e-2;
  task.options.norm = "none";
  task.options.layer_norms = 4;
  validate(task.options);
  task.run = run;
  task.objective = std::make_shared<TinyObjective>(middle, task.options, bursts);
  return task;
}

}  // namespace tuff::test
