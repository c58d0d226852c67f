// What a run trains and how it is judged: all of training that differs from one kind of network to another. The
// trainer (trainer.h) knows steps, epochs and files; an objective knows its graph, batches and scores.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "graph/graph.h"
#include "io/dataset.h"
#include "io/image.h"
#include "io/safetensors.h"
#include "runtime/parameter_store.h"
#include "runtime/tuner.h"
#include "vulkan/device.h"

namespace tuff {

// Something that validation measures.
struct Metric {
  std::string column;  // in metrics.csv: "val_dice"
  std::string title;   // for people: "Dice"
  int decimals = 4;    // for people
};

inline constexpr std::int64_t kPictureSide = 256;
inline constexpr std::size_t kPictureRows = 4;
// "dice" of "val_dice": of images that aren't validation's.
inline std::string key_of(const Metric& metric) {
  return metric.column.substr(metric.column.starts_with("val_") ? 4 : 0);
}

struct NamedTensor {
  std::string name;  // of the graph's input
  HostTensor values;
};

// Pictures beside each other, for people: what went in, what is true, what came out. 8 bits, grey or RGB.
struct PictureRow {
  struct Picture {
    std::string title;
    Image image;
  };
  std::string caption;  // the image's name
  std::vector<Picture> pictures;
};

class Objective {
 public:
  virtual ~Objective() = default;

  // Checks that need no device, before anything is written. Error names the option or file.
  virtual void check() const = 0;
  // One step. Inputs: those that Session::next() gives and "step_state" (ops/adam.h). Output: "loss".
  virtual std::unique_ptr<Graph> graph() const = 0;
  // Further losses of a step: outputs of the graph, columns of losses.csv.
  virtual std::vector<std::string> parts() const { return {}; }
  virtual const DataFormat& format() const = 0;  // model files keep it
  virtual std::string fingerprint() const = 0;   // of the images: a run goes on with the same alone
  virtual std::int64_t steps_per_epoch() const = 0;
  // The first one chooses the best model; higher is better.
  virtual std::vector<Metric> metrics() const = 0;

  // Names of the images that are neither trained on nor chosen by.
  virtual std::vector<std::string> held_out() const { return {}; }

  // What a run needs of it on a device.
  class Session {
   public:
    virtual ~Session() = default;
    // The next batch, in order, epoch after epoch.
    virtual std::vector<NamedTensor> next() = 0;
    // A value for each of metrics(), with the store's weights as they are; none where no image is held back.
    virtual std::vector<double> validate() = 0;
    // What to look at of the last validate(): a few rows, of images kPictureSide large at most. For the run's report.
    virtual std::vector<PictureRow> pictures() { return {}; }
    // Takes in what has been added to the data since, where that may grow; true where the validation images are others
    // than before.
    virtual bool refresh() { return false; }
    // The same of the images that are held out for the end of a run.
    virtual std::vector<double> score_held_out() { return {}; }
    // The validation images as the network sees them, for other programs.
    virtual SafeTensors validation_images() = 0;
  };

  // Device memory in bytes that validation and scoring need at least beside the store; 0 without such images.
  virtual std::uint64_t validation_bytes(const DeviceCaps& caps) const = 0;
  // What a session works with; all must outlive it, as must the objective.
  struct Place {
    Device& device;
    ParameterStore& store;
    Tuner* tuner = nullptr;    // CompileOptions::tuner, for validation
    std::uint64_t memory = 0;  // of the device that validation may take; 0: as much as a predictor takes by itself
  };
  // Batches from this position on (both counted from 0).
  virtual std::unique_ptr<Session> start(const Place& place, std::int64_t epoch, std::int64_t step) const = 0;
};

}  // namespace tuff
