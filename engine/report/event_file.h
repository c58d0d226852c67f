// TensorBoard's event files: a log of numbers and pictures by step that `tensorboard --logdir RUN` draws while a run
// goes on. TFRecords (length, masked CRC-32C of it, data, masked CRC-32C of it) of Event messages; fields' numbers are
// those of tensorflow/core/util/event.proto and framework/summary.proto.
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <string>
#include <string_view>

#include "io/image.h"

namespace tuff {

class EventFile {
 public:
  using Clock = std::function<double()>;  // seconds since 1970

  // A file of its own for what comes after `steps_done`, named so that TensorBoard reads it behind those for fewer
  // steps; one of the same name is replaced, as a run goes on from there anew. It tells TensorBoard to forget what
  // earlier files say of later steps. An empty clock is the system's.
  EventFile(const std::filesystem::path& folder, std::int64_t steps_done, Clock clock = {});

  void scalar(std::string_view tag, std::int64_t step, double value);
  void picture(std::string_view tag, std::int64_t step, const Image& image);  // as a PNG of 8 bits

  // Appends to the file what came since. Error with the path where the disk is full.
  void flush();
  // flush() where the last one is some seconds ago.
  void flush_sometimes();

  const std::filesystem::path& path() const { return path_; }

 private:
  void add(std::string_view event);

  std::filesystem::path path_;
  Clock clock_;
  std::string pending_;
  double flushed_ = 0;
};

}  // namespace tuff
