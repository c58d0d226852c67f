// Lowering, in the order it happens: order nodes, select kernels, decide which values share memory
// ("storages"), order their dispatches, plan the scratch arena, resolve every dispatch's operands, place barriers.
#include <fmt/format.h>

#include <algorithm>
#include <cassert>
#include <limits>
#include <unordered_map>

#include "base/error.h"
#include "plan/barriers.h"
#include "plan/lasting.h"
#include "plan/memory.h"
#include "plan/plan.h"
#include "plan/read_through.h"
#include "plan/select.h"

namespace tuff {

std::uint64_t Plan::scratch_bytes() const {
  std::uint64_t bytes = 0;
  for (const Segment& segment : segments)
    if (segment.kind == Segment::Kind::scratch) bytes += segment.bytes;
  return bytes;
}

std::vector<std::size_t> alive_at(const Plan& plan, std::uint32_t dispatch) {
  std::vector<std::size_t> alive;
  for (std::size_t index = 0; index < plan.scratch.size(); ++index)
    if (plan.scratch[index].first <= dispatch && dispatch <= plan.scratch[index].last) alive.push_back(index);
  std::ranges::stable_sort(alive,
                           [&](std::size_t a, std::size_t b) { return plan.scratch[a].bytes > plan.scratch[b].bytes; });
  return alive;
}

namespace {

constexpr std::uint32_t kNone = std::numeric_limits<std::uint32_t>::max();

// Memory that one or more values occupy in turn: views and in-place results share their input's.
struct Storage {
  std::uint64_t bytes = 0;
  std::uint32_t last = 0;         // step of the order that touches it last
  std::optional<Location> fixed;  // inputs, constants, arenas: outside the scratch arena
};

struct StepDispatch {
  std::uint32_t step = 0;   // of the order
  std::uint32_t index = 0;  // among those of its node
};

class Lowering {
 public:
  Lowering(const Graph& graph, const DeviceCaps& caps, const KernelTable& kernels, const LowerOptions& options)
      : graph_(graph), caps_(caps), kernels_(kernels), options_(options), storage_of_(graph.values().size(), kNone) {}

  Plan run() {
    lasting_ = options_.setup ? lasting_values(graph_) : std::vector<bool>(graph_.values().size(), false);
    order_nodes();
    place_sources();
    place_residences();
    place_collections();
    place_stores();
    select_kernels();
    choose_reads();
    find_last_reads();
    for (std::uint32_t step = 0; step < plan_.order.size(); ++step) assign_storages(step);
    keep_outputs();
    emit_kernels();
    order_dispatches();
    place_scratch();
    resolve_dispatches();
    place_barriers(plan_.dispatches, plan_.setup);
    return std::move(plan_);
  }

 private:
  const Node& node_at(std::uint32_t step) const { return graph_.nodes()[plan_.order[step]]; }
  const TensorType& type(std::uint32_t value) const { return graph_.values()[value].type; }
  std::uint64_t bytes(std::uint32_t value) const { return static_cast<std::uint64_t>(type(value).bytes()); }

  // The node gives what stays the same from run to run.
  bool lasts(const Node& node) const { return !node.outputs.empty() && lasting_[node.outputs.front()]; }

  // Nodes keep the graph's order, but those that give what lasts come first, and those that write the store last, so
  // that every other node reads what the store held before the run. Writers whose results are read stay where they are.
  void order_nodes() {
    std::vector<std::uint32_t> writers;
    for (std::uint32_t index = 0; index < graph_.nodes().size(); ++index) {
      const Op& op = *graph_.nodes()[index].op;
      (op.written_inputs().empty() || op.residence() ? plan_.order : writers).push_back(index);
    }
    std::ranges::stable_partition(plan_.order, [&](std::uint32_t index) { return lasts(graph_.nodes()[index]); });
    plan_.order.insert(plan_.order.end(), writers.begin(), writers.end());
    std::vector<bool> ready(graph_.values().size(), false);
    for (std::uint32_t value = 0; value < ready.size(); ++value)
      ready[value] = graph_.values()[value].source.kind != Source::Kind::node;
    for (const std::uint32_t index : plan_.order) {
      for (const std::uint32_t input : graph_.nodes()[index].inputs)
        if (!ready[input])
          throw Error(fmt::format(
              "{}: reads the result of a node that writes the store; such results can't be read in the same run",
              graph_.nodes()[index].op->name()));
      for (const std::uint32_t output : graph_.nodes()[index].outputs) ready[output] = true;
    }
  }

  // What the node at this step reads, through its inputs where it does so.
  std::vector<std::uint32_t> values_read(std::uint32_t step) const {
    const Node& node = node_at(step);
    std::vector<std::uint32_t> values;
    if (reads_.dropped[plan_.order[step]]) return values;
    for (std::uint32_t input = 0; input < node.inputs.size(); ++input) {
      const std::vector<Operand>& instead = reads_.instead[plan_.order[step]][input];
      if (instead.empty()) values.push_back(node.inputs[input]);
      for (const Operand& operand : instead) values.push_back(value_of(graph_, node, operand));
    }
    return values;
  }

  void find_last_reads() {
    last_read_.assign(graph_.values().size(), 0);
    for (std::uint32_t step = 0; step < plan_.order.size(); ++step)
      for (const std::uint32_t value : values_read(step)) last_read_[value] = step;
    for (const Output& output : graph_.outputs())
      last_read_[output.value] = static_cast<std::uint32_t>(plan_.order.size());
  }

  std::uint32_t segment(Segment::Kind kind, const std::string& name = {}) {
    for (std::uint32_t index = 0; index < plan_.segments.size(); ++index)
      if (plan_.segments[index].kind == kind && plan_.segments[index].name == name) return index;
    plan_.segments.push_back({kind, name, 0});
    return static_cast<std::uint32_t>(plan_.segments.size() - 1);
  }

  std::uint32_t store_segment(const std::string& arena) {
    const std::uint32_t index = segment(Segment::Kind::store, arena);
    plan_.segments[index].bytes = graph_.arena_elements(arena == "buffers" ? arena : "parameters") * sizeof(float);
    return index;
  }

  std::uint32_t add_storage(Storage storage) {
    storages_.push_back(storage);
    return static_cast<std::uint32_t>(storages_.size() - 1);
  }

  void place_sources() {
    for (std::uint32_t value = 0; value < graph_.values().size(); ++value) {
      const ValueInfo& info = graph_.values()[value];
      Location location{0, 0, bytes(value)};
      switch (info.source.kind) {
        case Source::Kind::node: continue;
        case Source::Kind::arena:
          location.segment = store_segment(info.name);
          location.offset = info.source.offset * sizeof(float);
          break;
        case Source::Kind::input:
        case Source::Kind::constant:
          location.segment =
              segment(info.source.kind == Source::Kind::input ? Segment::Kind::input : Segment::Kind::constant);
          location.offset = plan_.segments[location.segment].bytes;
          plan_.segments[location.segment].bytes += memory_aligned(location.bytes);
          break;
      }
      storage_of_[value] = add_storage({location.bytes, 0, location});
    }
  }

  // Results of writers lie in the store; whatever reads the old contents must have run before.
  void place_residences() {
    for (std::uint32_t step = 0; step < plan_.order.size(); ++step) {
      const Node& node = node_at(step);
      const Op::Residence* residence = node.op->residence();
      if (!residence) continue;
      const std::uint32_t arena = store_segment(residence->arena);
      for (std::size_t i = 0; i < node.outputs.size(); ++i)
        storage_of_[node.outputs[i]] =
            add_storage({bytes(node.outputs[i]), 0,
                         Location{arena, residence->offsets[i] * sizeof(float), bytes(node.outputs[i])}});
      for (const int written : node.op->written_inputs())
        require_read_before(node.inputs[static_cast<std::size_t>(written)], step);
    }
  }

  void require_read_before(std::uint32_t variable, std::uint32_t writer) const {
    for (std::uint32_t step = writer + 1; step < plan_.order.size(); ++step)
      for (const std::uint32_t input : node_at(step).inputs) {
        const std::uint32_t origin = viewed(graph_, input);
        if (graph_.values()[origin].source.kind == Source::Kind::arena && overlap(origin, variable))
          throw Error(fmt::format("{}: reads a variable that {} has written before in the same run; read its result",
                                  node_at(step).op->name(), node_at(writer).op->name()));
      }
  }

  // Lets the producers of a collection's inputs write straight into the arena, where nothing speaks against it.
  void place_collections() {
    placed_.resize(graph_.nodes().size());
    for (const std::uint32_t index : plan_.order) {
      const Node& node = graph_.nodes()[index];
      const Op::Collection* collection = node.op->collection();
      if (!collection) continue;
      const std::uint32_t arena = store_segment(collection->arena);
      storage_of_[node.outputs[0]] = add_storage(
          {bytes(node.outputs[0]), 0, Location{arena, collection->origin * sizeof(float), bytes(node.outputs[0])}});
      for (std::size_t i = 0; i < node.inputs.size(); ++i) {
        const std::uint32_t value = node.inputs[i];
        const bool free = storage_of_[value] == kNone && !is_view(value) && !lasting_[value];
        placed_[index].push_back(free);
        if (free)
          storage_of_[value] = add_storage(
              {bytes(value), 0,
               Location{arena, (collection->origin + collection->offsets[i]) * sizeof(float), bytes(value)}});
      }
    }
  }

  // Lets the producer of an assigned value write straight into the variable. All others must have read the old
  // contents by then; the producer itself may read them where it says so (Op::in_place).
  void place_stores() {
    std::vector<std::uint32_t> step_of(graph_.nodes().size());
    for (std::uint32_t step = 0; step < plan_.order.size(); ++step) step_of[plan_.order[step]] = step;
    stored_.resize(graph_.nodes().size(), false);
    for (const std::uint32_t index : plan_.order) {
      const Node& node = graph_.nodes()[index];
      const std::optional<Op::Store> store = node.op->store();
      if (!store) continue;
      const std::uint32_t variable = node.inputs[static_cast<std::size_t>(store->variable)];
      const std::uint32_t value = node.inputs[static_cast<std::size_t>(store->value)];
      const Source& source = graph_.values()[value].source;
      if (source.kind != Source::Kind::node || storage_of_[value] != kNone || is_view(value)) continue;
      if (lasting_[value]) continue;  // stored in each run, but computed once
      if (!contents_spare(variable, index, step_of[source.node], source.index)) continue;
      storage_of_[value] = storage_of_[variable];
      stored_[index] = true;
    }
  }

  // Whether the memory of `variable`, which the node `writer` is to fill at the end of the run, may be overwritten
  // at `step` already, by output `output` of that step's node.
  bool contents_spare(std::uint32_t variable, std::uint32_t writer, std::uint32_t step, std::uint32_t output) const {
    for (std::uint32_t value = 0; value < graph_.values().size(); ++value) {
      const std::uint32_t origin = viewed(graph_, value);
      if (graph_.values()[origin].source.kind != Source::Kind::arena || !overlap(origin, variable)) continue;
      for (std::uint32_t later = step; later < plan_.order.size(); ++later) {
        const Node& node = node_at(later);
        for (std::size_t input = 0; input < node.inputs.size(); ++input) {
          if (node.inputs[input] != value || plan_.order[later] == writer) continue;
          const std::pair<int, int> same_place{static_cast<int>(output), static_cast<int>(input)};
          const auto allowed = node.op->in_place();
          const bool in_place = std::find(allowed.begin(), allowed.end(), same_place) != allowed.end();
          if (later != step || value != variable || !in_place) return false;
        }
      }
    }
    return true;
  }

  // Of two values of the store.
  bool overlap(std::uint32_t first, std::uint32_t second) const {
    const Location &a = *storages_[storage_of_[first]].fixed, &b = *storages_[storage_of_[second]].fixed;
    return a.segment == b.segment && a.offset < b.offset + b.bytes && b.offset < a.offset + a.bytes;
  }

  bool is_view(std::uint32_t value) const { return viewed(graph_, value) != value; }

  void assign_storages(std::uint32_t step) {
    const Node& node = node_at(step);
    if (reads_.dropped[plan_.order[step]]) return;
    for (const std::uint32_t value : values_read(step)) touch(storage_of_[value], step);
    for (const auto& [output, input] : node.op->views()) {
      const std::uint32_t shared = storage_of_[node.inputs[static_cast<std::size_t>(input)]];
      storage_of_[node.outputs[static_cast<std::size_t>(output)]] = shared;
      touch(shared, std::max(step, last_read_[node.outputs[static_cast<std::size_t>(output)]]));
    }
    if (!options_.separate_allocations) overwrite_inputs(node, step);
    for (const std::uint32_t output : node.outputs) {
      if (storage_of_[output] == kNone) storage_of_[output] = add_storage({bytes(output), step, {}});
      touch(storage_of_[output], std::max(step, last_read_[output]));
    }
  }

  // Gives outputs the storages of inputs that end here, where the op may overwrite them.
  void overwrite_inputs(const Node& node, std::uint32_t step) {
    std::vector<std::uint32_t> taken;
    for (const auto& [output, input] : node.op->in_place()) {
      const std::uint32_t to = node.outputs[static_cast<std::size_t>(output)];
      const std::uint32_t from = node.inputs[static_cast<std::size_t>(input)];
      if (storage_of_[from] == kNone) continue;  // read through
      if (lasting_[viewed(graph_, from)] && !lasts(node)) continue;
      const Storage& storage = storages_[storage_of_[from]];
      const auto uses = std::count(node.inputs.begin(), node.inputs.end(), from);
      const bool ends = !storage.fixed && storage.last == step && last_read_[from] == step && uses == 1;
      const bool free = std::find(taken.begin(), taken.end(), storage_of_[from]) == taken.end();
      // A smaller tensor of a larger type may take as many bytes.
      const bool fits = storage.bytes == bytes(to) && size_of(type(from).dtype) == size_of(type(to).dtype);
      if (storage_of_[to] != kNone || !ends || !free || !fits) continue;
      storage_of_[to] = storage_of_[from];
      taken.push_back(storage_of_[from]);
    }
  }

  void touch(std::uint32_t storage, std::uint32_t step) {
    storages_[storage].last = std::max(storages_[storage].last, step);
  }

  void keep_outputs() {
    for (const Output& output : graph_.outputs())
      touch(storage_of_[output.value], static_cast<std::uint32_t>(plan_.order.size()));
  }

  void select_kernels() {
    selected_.resize(graph_.nodes().size(), nullptr);
    for (const std::uint32_t index : plan_.order) {
      const Node& node = graph_.nodes()[index];
      const bool only_views = !node.outputs.empty() && node.op->views().size() == node.outputs.size();
      const std::vector<bool>& placed = placed_[index];
      const bool all_placed = node.op->collection() && std::find(placed.begin(), placed.end(), false) == placed.end();
      if (only_views || all_placed || stored_[index]) continue;
      const std::vector<TensorType> inputs = types_of(graph_, node.inputs), outputs = types_of(graph_, node.outputs);
      const KernelRequest request{*node.op, inputs, outputs, caps_, placed};
      SelectedKernel selected = select_kernel(request, kernels_, forced(index), options_.choices);
      selected.record.node = index;
      selected_[index] = selected.kernel;
      plan_.selections.push_back(std::move(selected.record));
    }
  }

  void choose_reads() {
    std::vector<bool> in_memory(graph_.values().size(), false);
    for (std::uint32_t value = 0; value < in_memory.size(); ++value) in_memory[value] = storage_of_[value] != kNone;
    for (const Output& output : graph_.outputs()) in_memory[output.value] = true;
    if (!options_.read_through) in_memory.assign(in_memory.size(), true);
    reads_ = choose_read_through(graph_, plan_.order, selected_, in_memory, caps_);
    std::erase_if(plan_.selections, [&](const Selection& selection) { return reads_.dropped[selection.node]; });
  }

  void emit_kernels() {
    emitted_.resize(plan_.order.size());
    workspaces_.resize(plan_.order.size());
    for (std::uint32_t step = 0; step < plan_.order.size(); ++step) {
      const Node& node = node_at(step);
      const std::uint32_t index = plan_.order[step];
      if (selected_[index] == nullptr || reads_.dropped[index]) continue;
      const std::vector<TensorType> inputs = types_of(graph_, node.inputs), outputs = types_of(graph_, node.outputs);
      KernelRequest request{*node.op, inputs, outputs, caps_, placed_[index]};
      for (std::size_t input = 0; input < node.inputs.size(); ++input)
        request.producers.push_back(reads_.instead[index][input].empty() ? Producer{}
                                                                         : node_of_input(graph_, node.inputs[input]));
      // Of a node that is measured by itself nothing is read, and all is written.
      const auto read = [&](std::uint32_t output) { return last_read_[output] != 0; };
      if (std::ranges::any_of(node.outputs, read))
        for (const std::uint32_t output : node.outputs) request.unread.push_back(!read(output));
      emitted_[step] = selected_[index]->emit(request);
      name_half_variants(request, emitted_[step]);
      check_dispatches(request, *selected_[index], emitted_[step]);
      for (const std::uint64_t size : emitted_[step].workspace_bytes)
        workspaces_[step].push_back(add_storage({size, step, {}}));
    }
  }

  std::string_view forced(std::uint32_t node) const {
    if (node < options_.force_nodes.size() && !options_.force_nodes[node].empty()) return options_.force_nodes[node];
    const auto by_op = options_.force.find(graph_.nodes()[node].op->name());
    return by_op == options_.force.end() ? std::string_view{} : by_op->second;
  }

  std::uint32_t storage_of(std::uint32_t step, const Operand& operand) const {
    if (operand.kind == Operand::Kind::workspace) return workspaces_[step][operand.index];
    return storage_of_[value_of(graph_, node_at(step), operand)];
  }

  // Those that need to run once come first, the others keep the nodes' order.
  void order_dispatches() {
    std::vector<StepDispatch> others;
    for (std::uint32_t step = 0; step < plan_.order.size(); ++step) {
      const KernelDispatches& emitted = emitted_[step];
      std::vector<bool> once(emitted.dispatches.size(), lasts(node_at(step)));
      if (options_.setup && !lasts(node_at(step))) once = lasting_dispatches(graph_, node_at(step), emitted, lasting_);
      for (std::uint32_t index = 0; index < once.size(); ++index)
        (once[index] ? sequence_ : others).push_back({step, index});
    }
    plan_.setup = static_cast<std::uint32_t>(sequence_.size());
    sequence_.insert(sequence_.end(), others.begin(), others.end());
  }

  // Which dispatches touch each storage first and last: of a node with several, a workspace or a result may need its
  // memory for some of them only. What was computed once for all runs is kept to the end of each.
  std::vector<ScratchRange> ranges() const {
    std::vector<ScratchRange> ranges(storages_.size());
    for (std::size_t storage = 0; storage < ranges.size(); ++storage)
      ranges[storage] = {.bytes = storages_[storage].bytes, .first = kNone};
    const auto count = static_cast<std::uint32_t>(sequence_.size());
    const auto touch_range = [&](std::uint32_t storage, std::uint32_t dispatch) {
      ranges[storage].first = std::min(ranges[storage].first, dispatch);
      const bool kept = ranges[storage].first < plan_.setup && dispatch >= plan_.setup;
      ranges[storage].last = std::max(ranges[storage].last, kept ? count : dispatch);
    };
    for (std::uint32_t position = 0; position < count; ++position) {
      const auto [step, index] = sequence_[position];
      for (const BufferUse& use : emitted_[step].dispatches[index].buffers)
        touch_range(storage_of(step, use.operand), position);
    }
    for (std::uint32_t step = 0; step < plan_.order.size(); ++step) {
      for (const std::uint32_t workspace : workspaces_[step]) ranges[workspace].node = plan_.order[step];
      for (const std::uint32_t output : node_at(step).outputs)
        if (storage_of_[output] != kNone) ranges[storage_of_[output]].values.push_back(output);
    }
    for (const Output& output : graph_.outputs()) touch_range(storage_of_[output.value], count);
    return ranges;
  }

  void place_scratch() {
    std::vector<ScratchRange> all = ranges();
    std::vector<Lifetime> lifetimes;
    std::vector<std::uint32_t> members;
    for (std::uint32_t index = 0; index < storages_.size(); ++index) {
      if (storages_[index].fixed || all[index].bytes == 0 || all[index].first == kNone) continue;
      lifetimes.push_back({all[index].bytes, all[index].first, all[index].last});
      members.push_back(index);
      plan_.scratch.push_back(std::move(all[index]));
    }
    const Peak peak = peak_of(lifetimes);
    plan_.peak_live_bytes = peak.bytes;
    plan_.peak_dispatch = peak.step;
    if (options_.separate_allocations) {
      for (std::size_t i = 0; i < members.size(); ++i) {
        plan_.segments.push_back({Segment::Kind::scratch, fmt::format("{}", i), memory_aligned(lifetimes[i].bytes)});
        storages_[members[i]].fixed =
            Location{static_cast<std::uint32_t>(plan_.segments.size() - 1), 0, lifetimes[i].bytes};
      }
      return;
    }
    const MemoryPlan memory = plan_memory(lifetimes, caps_.max_allocation);
    const auto first_block = static_cast<std::uint32_t>(plan_.segments.size());
    for (std::size_t block = 0; block < memory.blocks.size(); ++block)
      plan_.segments.push_back({Segment::Kind::scratch, fmt::format("{}", block), memory.blocks[block]});
    for (std::size_t i = 0; i < members.size(); ++i) {
      const Placement& placement = memory.placements[i];
      storages_[members[i]].fixed = Location{first_block + placement.block, placement.offset, lifetimes[i].bytes};
    }
  }

  Location location_of(std::uint32_t step, const BufferUse& use) const {
    Location location = *storages_[storage_of(step, use.operand)].fixed;
    assert(use.offset + use.size <= location.bytes && use.offset < location.bytes);
    location.bytes = use.size ? use.size : location.bytes - use.offset;
    location.offset += use.offset;
    return location;
  }

  void resolve_dispatches() {
    plan_.values.resize(graph_.values().size());
    for (std::uint32_t value = 0; value < plan_.values.size(); ++value)
      if (storage_of_[value] != kNone && storages_[storage_of_[value]].fixed)
        plan_.values[value] = *storages_[storage_of_[value]].fixed;
    for (const auto& [step, index] : sequence_) {
      Dispatch& dispatch = emitted_[step].dispatches[index];
      PlannedDispatch planned;
      for (const BufferUse& use : dispatch.buffers) planned.uses.push_back({location_of(step, use), use.access});
      planned.dispatch = std::move(dispatch);
      planned.node = plan_.order[step];
      plan_.dispatches.push_back(std::move(planned));
    }
  }

  const Graph& graph_;
  const DeviceCaps& caps_;
  const KernelTable& kernels_;
  const LowerOptions& options_;
  Plan plan_;
  std::vector<bool> lasting_;  // by value; none where all is computed in each run
  std::vector<Storage> storages_;
  std::vector<std::uint32_t> storage_of_;  // by value
  std::vector<std::uint32_t> last_read_;   // by value: the last step that reads it, which is never the first; 0: none
  std::vector<std::vector<bool>> placed_;  // by node: inputs of a collection that lie in place
  std::vector<bool> stored_;               // by node: the value to be stored is computed in its place
  std::vector<const Kernel*> selected_;    // by node; null where none runs
  ReadThrough reads_;
  std::vector<KernelDispatches> emitted_;               // by step
  std::vector<StepDispatch> sequence_;                  // as they run
  std::vector<std::vector<std::uint32_t>> workspaces_;  // by step: storages
};

}  // namespace

Plan lower(const Graph& graph, const DeviceCaps& caps, const KernelTable& kernels, const LowerOptions& options) {
  return Lowering(graph, caps, kernels, options).run();
}

}  // namespace tuff
