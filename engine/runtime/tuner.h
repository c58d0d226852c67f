// Which kernels run a program's operations on a device: as they were recorded before, else as a cache on disk knows,
// else as measured now (--autotune), else as selection has it by itself.
//
//   Tuner tuner(*device, {.measure = true, .cache_folder = os::cache_folder()});
//   auto executable = compile(graph, *device, &store, {.tuner = &tuner});
//
// Uses the Device, which must outlive it, from the same thread.
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "base/log.h"
#include "plan/plan.h"
#include "runtime/choice_file.h"
#include "runtime/tune_operation.h"
#include "vulkan/device.h"

namespace tuff {

struct TunerOptions {
  bool measure = false;                // what neither `recorded` nor the cache knows
  std::filesystem::path cache_folder;  // of what was measured; empty: none on disk
  // Taken before all else, such as a checkpoint's. One that can't run here is replaced, with a line to the log.
  KernelChoices recorded;
  const KernelTable* kernels = nullptr;  // null: kernel_table()
  LogSink log;
  // Before each operation, counted from 1, and when all of a graph are done (operation = operations, empty text).
  std::function<void(std::size_t operation, std::size_t operations, const std::string& text)> progress;
  std::function<bool()> stop;  // asked before each operation: true leaves the rest as selection has it
};

class Tuner {
 public:
  Tuner(Device& device, TunerOptions options);

  // Of a graph as it is lowered (prepared() of compile.h), before anything in it is computed twice: choices of it and
  // of all before.
  const KernelChoices& choose(const Graph& graph);
  // Of a plan that is going to run: takes down its kernels for what choose() was asked, and says which recorded ones it
  // couldn't keep.
  void record(const Graph& graph, const Plan& plan);

  // `options.recorded` and what record() was told since, which comes first.
  const KernelChoices& recorded() const { return recorded_; }
  std::uint64_t measured() const { return measured_; }  // operations so far
  const LogSink& log() const { return options_.log; }

 private:
  std::vector<std::pair<std::string, Operation>> unknown_operations(const Graph& graph);
  void take_from_cache(const std::string& key, const Operation& operation);
  void measure(const std::string& key, const Operation& operation);
  void say_faults(const std::string& key, const TunedOperation& tuned) const;
  void save();

  Device& device_;
  TunerOptions options_;
  const KernelTable& kernels_;
  ChoiceFile file_;
  bool read_ = false;     // the file
  KernelChoices cached_;  // in it
  KernelChoices used_;    // from it, or to go there
  KernelChoices choices_, recorded_;
  std::set<std::string> asked_;  // operations of all graphs so far
  KernelChoices ran_;            // what they ran by, in the first graph that has them
  double saved_ = 0;             // when the file was written
  bool said_unwritten_ = false, said_kept_ = false;
  std::uint64_t measured_ = 0, changed_ = 0;
};

}  // namespace tuff
