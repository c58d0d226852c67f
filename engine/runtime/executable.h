// A plan on a device: memory bound, commands recorded, replayed by every run(). What stays the same from run to run
// (Plan::setup) is computed in the first one and where the store has been written since.
//
//   executable->write("x", image); executable->run(); HostTensor y = executable->read("y");
//
// write() and run() don't wait for the device except to reuse one of the two staging slots and, on GPUs, in the first
// runs, whose submissions are timed (runtime/submissions.h); read() waits for the last run. Uses the Device and the
// ParameterStore, which must outlive it, from the same thread.
#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "graph/graph.h"
#include "plan/plan.h"
#include "runtime/parameter_store.h"
#include "runtime/submissions.h"
#include "vulkan/device.h"

namespace tuff {

struct DispatchTime {
  std::size_t dispatch = 0;  // index into plan().dispatches
  double nanoseconds = 0;
};

class Executable {
 public:
  struct Options {
    // Work of one submission, see runtime/submissions.h; 0: what takes `submission_seconds`, found in the first runs.
    double submission_budget = 0;
    double submission_seconds = 0;  // 0: by the kind of device, so that no watchdog fires
    // Fills all scratch memory with NaN before each run, so that reading what was never written shows.
    bool poison_scratch = false;
  };

  // Takes the graph and its plan. `store` may be null where the graph has no variables.
  Executable(std::unique_ptr<Graph> graph, Plan plan, Device& device, ParameterStore* store, const Options& options);
  ~Executable();

  // Sets an input for this and all later runs, logical order, exactly its type. Error names input and types.
  void write(std::string_view input, const HostTensor& values);
  // Submits one run. Error where an input was never written.
  void run();
  // An output of the last run, logical order. Waits for it.
  HostTensor read(std::string_view output);
  void wait();

  const Graph& graph() const { return *graph_; }
  const Plan& plan() const { return plan_; }
  std::size_t submissions_per_run() const { return main_.size(); }
  // Device memory bound here, the store's arenas apart, in bytes: scratch, inputs, constants, staging.
  std::uint64_t device_bytes() const;
  // Of one staging slot of a graph's inputs and outputs; an executable has two.
  static std::uint64_t staging_bytes(const Graph& graph);

  // Runs once with a timestamp around each dispatch, those of Plan::setup too. Needs caps().timestamps, else Error.
  std::vector<DispatchTime> profile();
  // The same of all dispatches at once, with barriers only where the plan has them: nanoseconds from the first one's
  // start to the last one's end. Without those of Plan::setup and, as profile(), the transfers of inputs and outputs.
  double time_run();
  // Runs the dispatches of one node alone and waits: nanoseconds, by the device's clock where it has timestamps, else
  // by the host's. Its inputs are what lies in their memory: constants, or what a run left there.
  double time_node(std::uint32_t node);

 private:
  struct Port {  // an input or output
    std::string name;
    std::uint32_t value;
    std::uint64_t staging_offset;
    std::array<std::uint64_t, 2> version = {0, 0};  // inputs: which write each staging slot holds
    std::uint64_t latest = 0;                       // inputs: the newest write, 0 none
  };

  void allocate();
  void upload_constants();
  // What is submitted of a dispatch at once: all of it, unless that would take too long.
  struct Piece {
    std::uint32_t dispatch = 0;
    std::array<std::uint32_t, 3> first = {0, 0, 0}, groups = {1, 1, 1};
    bool whole = true;
    bool last = true;                // of its dispatch
    bool begins_submission = false;  // the budget or the setup is spent; never set on the first piece
  };

  std::vector<Piece> cut_pieces() const;
  std::vector<bool> divisible(std::span<const Piece> pieces) const;
  PipelineRequest pipeline_request(const Piece& piece) const;
  void compile_pipelines();
  void record();
  void record_pieces(std::span<const Piece> pieces, std::vector<CommandBuffer>& commands, bool poison);
  void set_up();
  void cut_anew();
  void tell_store();
  void record_piece(CommandBuffer& commands, const Piece& piece);
  void record_transfers();
  std::uint64_t address(const Location& location) const;
  Port& port(std::vector<Port>& ports, std::string_view name, std::string_view kind);
  void begin_slot();
  std::byte* staged(const Port& input, std::size_t slot);

  std::unique_ptr<Graph> graph_;
  Plan plan_;
  Device& device_;
  ParameterStore* store_;
  Options options_;
  SubmissionBudget budget_;
  std::vector<Buffer> owned_;            // by segment; empty for the store's
  std::vector<const Buffer*> segments_;  // by segment
  std::vector<Port> inputs_, outputs_;
  std::vector<Piece> pieces_;
  std::array<Buffer, 2> upload_staging_, download_staging_;
  std::vector<CommandBuffer> setup_, main_;
  std::vector<bool> divisible_;          // by submission of main_
  std::optional<std::uint64_t> set_up_;  // the store's version that setup_ ran on
  bool writes_store_ = false;
  std::vector<CommandBuffer> upload_commands_, download_commands_;  // one a slot
  std::array<Ticket, 2> slot_done_;
  std::uint64_t runs_ = 0;
  std::uint64_t writes_ = 0;
  bool slot_open_ = false;
};

}  // namespace tuff
