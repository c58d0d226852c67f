// How much memory a graph takes at its peak if some of its nodes are computed again for the walk back: liveness of
// values and workspace node by node, as plan/lower.cpp has it, without making the graph. Microseconds for hundreds of
// nodes.
#pragma once

#include <cstdint>
#include <span>
#include <utility>
#include <vector>

#include "graph/graph.h"
#include "passes/checkpoint.h"
#include "plan/plan.h"

namespace tuff {

class MemoryModel {
 public:
  // `plan`: the graph's own. Graph and checkpointing must outlive the model.
  MemoryModel(const Graph& graph, const Plan& plan, const Checkpointing& checkpointing);

  // Bytes alive at each node as it runs, repetitions among them, if `repeated` (by node) are computed again. Valid
  // until the next call.
  std::span<const std::uint64_t> live_bytes(const std::vector<bool>& repeated);

  // Of a value's memory in the scratch arena; 0 where it has none there.
  std::uint64_t bytes(std::uint32_t value) const { return bytes_[value]; }
  const std::vector<std::uint32_t>& order() const { return order_; }

 private:
  struct Step {
    std::uint32_t node = 0;
    bool again = false;
  };

  // A value as a step has it: its number, or that plus the number of values where it is the repetition's.
  std::uint32_t id(std::uint32_t value, bool again) const {
    return value + (again ? static_cast<std::uint32_t>(bytes_.size()) : 0);
  }
  void redirect(const std::vector<bool>& repeated);
  void order_steps();
  void add_repetition(std::uint32_t value);
  std::span<const std::uint32_t> inputs_of(const Step& step) const;
  std::uint32_t read_by(const Step& step, std::uint32_t value) const;
  void find_last_reads();
  void place_outputs(std::uint32_t index);
  std::uint32_t overwritten(std::uint32_t index, std::uint32_t output) const;

  const Graph& graph_;
  const Checkpointing& checkpointing_;
  std::vector<std::uint32_t> order_;                                // nodes as they run
  std::vector<std::uint64_t> bytes_;                                // by value
  std::vector<std::uint64_t> workspace_;                            // by node
  std::vector<std::uint32_t> repeatable_;                           // by value: the node that can compute it again
  std::vector<std::vector<std::uint32_t>> repetition_;              // by node: inputs of its repetition
  std::vector<std::vector<std::pair<int, int>>> views_, in_place_;  // by node

  // Of the latest call.
  std::vector<bool> redirected_;  // by value: late nodes read its repetition
  std::vector<bool> again_;       // by value: its repetition stands in steps_
  std::vector<Step> steps_;
  std::vector<std::uint32_t> last_;     // by id: the last step that reads it
  std::vector<std::uint32_t> storage_;  // by id: in whose memory it lies
  std::vector<std::uint32_t> end_;      // by id that is a storage: the last step that touches it
  std::vector<std::uint64_t> live_;     // by step
};

}  // namespace tuff
