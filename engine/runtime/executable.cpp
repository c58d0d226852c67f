#include "runtime/executable.h"

#include <fmt/format.h>

#include <algorithm>
#include <cassert>
#include <cmath>
#include <cstring>
#include <limits>
#include <optional>

#include "base/error.h"
#include "base/os.h"
#include "runtime/transfer.h"

namespace tuff {

namespace {

constexpr std::uint64_t kPortAlignment = 64;
constexpr double kTrialBudget = 1e9;  // before the first run is measured

// Of an input or output in staging memory.
std::uint64_t port_bytes(const TensorType& type) {
  return (static_cast<std::uint64_t>(type.bytes()) + kPortAlignment - 1) / kPortAlignment * kPortAlignment;
}

}  // namespace

namespace {

SubmissionBudget budget_of(const Executable::Options& options, DeviceKind kind) {
  if (options.submission_budget > 0) return {options.submission_budget, std::numeric_limits<double>::infinity()};
  if (options.submission_seconds > 0) return {kTrialBudget, options.submission_seconds};
  return {first_submission_budget(kind), submission_seconds(kind)};
}

}  // namespace

Executable::Executable(std::unique_ptr<Graph> graph, Plan plan, Device& device, ParameterStore* store,
                       const Options& options)
    : graph_(std::move(graph)),
      plan_(std::move(plan)),
      device_(device),
      store_(store),
      options_(options),
      budget_(budget_of(options, device.caps().kind)),
      owned_(plan_.segments.size()),
      segments_(plan_.segments.size()) {
  if (store) store->check(*graph_);
  for (std::size_t index = 0; index < plan_.segments.size(); ++index) {
    const Segment& segment = plan_.segments[index];
    if (segment.kind != Segment::Kind::store) continue;
    if (!store)
      throw Error(fmt::format("the graph uses the arena \"{}\", but no parameter store is given", segment.name));
    segments_[index] = &store->arena(segment.name);
  }
  for (const PlannedDispatch& planned : plan_.dispatches)
    for (const PlannedUse& use : planned.uses)
      writes_store_ |= use.access != Access::read && plan_.segments[use.location.segment].kind == Segment::Kind::store;
  allocate();
  upload_constants();
  pieces_ = cut_pieces();
  compile_pipelines();
  record();
  record_transfers();
}

Executable::~Executable() {
  try {
    wait();
  } catch (const std::exception&) {
    // A lost device can't be waited for; its objects may be destroyed.
  }
}

std::uint64_t Executable::address(const Location& location) const {
  return segments_[location.segment]->address() + location.offset;
}

std::uint64_t Executable::staging_bytes(const Graph& graph) {
  std::uint64_t bytes = 0;
  for (const Value input : graph.inputs()) bytes += port_bytes(input.type());
  for (const Output& output : graph.outputs()) bytes += port_bytes(graph.values()[output.value].type);
  return bytes;
}

void Executable::allocate() {
  for (std::size_t index = 0; index < plan_.segments.size(); ++index) {
    const Segment& segment = plan_.segments[index];
    if (segment.kind == Segment::Kind::store) continue;
    const char* what = segment.kind == Segment::Kind::scratch ? "activations and workspace"
                       : segment.kind == Segment::Kind::input ? "inputs"
                                                              : "constants";
    owned_[index] = device_.allocate(segment.bytes, MemoryKind::device, what);
    segments_[index] = &owned_[index];
  }
  std::uint64_t input_bytes = 0, output_bytes = 0;
  const auto add = [](std::vector<Port>& ports, std::uint64_t& end, std::string name, std::uint32_t value,
                      const TensorType& type) {
    ports.push_back({std::move(name), value, end});
    end += port_bytes(type);
  };
  for (const Value input : graph_->inputs())
    add(inputs_, input_bytes, graph_->info(input).name, input.id(), input.type());
  for (const Output& output : graph_->outputs())
    add(outputs_, output_bytes, output.name, output.value, graph_->values()[output.value].type);
  for (std::size_t slot = 0; slot < 2; ++slot) {
    upload_staging_[slot] = device_.allocate(input_bytes, MemoryKind::upload, "staging of inputs");
    download_staging_[slot] = device_.allocate(output_bytes, MemoryKind::download, "staging of outputs");
  }
}

void Executable::upload_constants() {
  for (std::uint32_t value = 0; value < graph_->values().size(); ++value) {
    const ValueInfo& info = graph_->values()[value];
    if (info.source.kind != Source::Kind::constant) continue;
    std::vector<std::byte> stored(info.source.data->data.size());
    to_device_layout(info.type, info.source.data->data, stored);
    upload(device_, owned_[plan_.values[value].segment], plan_.values[value].offset, stored);
  }
}

// Where a dispatch is cut changes no bits: its groups don't know of each other.
std::vector<Executable::Piece> Executable::cut_pieces() const {
  std::vector<Piece> pieces;
  const double budget = budget_.work();
  double spent = 0;  // by the submission so far
  const auto add = [&](Piece piece, double cost) {
    const bool setup_ends = !pieces.empty() && pieces.back().dispatch < plan_.setup && piece.dispatch >= plan_.setup;
    piece.begins_submission = setup_ends || (spent > 0 && spent + cost > budget);
    spent = piece.begins_submission ? cost : spent + cost;
    pieces.push_back(piece);
  };
  for (std::uint32_t index = 0; index < plan_.dispatches.size(); ++index) {
    const Dispatch& dispatch = plan_.dispatches[index].dispatch;
    const double cost = submission_cost(dispatch);
    const auto& groups = dispatch.groups;
    const std::uint64_t all = std::uint64_t{groups[0]} * groups[1] * groups[2];
    const double wanted = std::min(
        {std::ceil(cost / budget), static_cast<double>(all), static_cast<double>(device_.caps().max_groups[1])});
    if (!dispatch.linear || wanted < 2) {
      add({.dispatch = index, .groups = groups}, cost);
      continue;
    }
    // Folded into one row a piece.
    const auto rows = static_cast<std::uint32_t>(wanted);
    const auto row = static_cast<std::uint32_t>((all + rows - 1) / rows);
    for (std::uint32_t y = 0; y < rows; ++y)
      add({.dispatch = index, .first = {0, y, 0}, .groups = {row, 1, 1}, .whole = false, .last = y + 1 == rows},
          cost / rows);
  }
  return pieces;
}

PipelineRequest Executable::pipeline_request(const Piece& piece) const {
  const Dispatch& dispatch = plan_.dispatches[piece.dispatch].dispatch;
  return {dispatch.shader, dispatch.specialization, !piece.whole,
          dispatch.whole_subgroups ? device_.caps().subgroup_size : 0};
}

void Executable::compile_pipelines() {
  std::vector<PipelineRequest> requests;
  for (const Piece& piece : pieces_) requests.push_back(pipeline_request(piece));
  device_.compile(requests);
}

void Executable::record_piece(CommandBuffer& commands, const Piece& piece) {
  const PlannedDispatch& planned = plan_.dispatches[piece.dispatch];
  std::array<std::byte, 128> push{};
  std::size_t used = 0;
  for (const PlannedUse& use : planned.uses) {
    const std::uint64_t where = address(use.location);
    std::memcpy(push.data() + used, &where, sizeof where);
    used += sizeof where;
  }
  const auto& constants = planned.dispatch.constants;
  if (!constants.empty()) std::memcpy(push.data() + used, constants.data(), constants.size() * sizeof(std::uint32_t));
  used += constants.size() * sizeof(std::uint32_t);
  commands.dispatch(device_.pipeline(pipeline_request(piece)), {push.data(), used}, piece.groups, piece.first);
}

// Memory that is poisoned before each run is set up in each, too.
void Executable::record() {
  std::vector<CommandBuffer> once, each;
  const std::span<const Piece> all = pieces_;
  const auto is_setup = [&](const Piece& piece) { return piece.dispatch < plan_.setup; };
  const auto setup = options_.poison_scratch ? 0 : std::ranges::count_if(all, is_setup);
  if (setup > 0) record_pieces(all.first(static_cast<std::size_t>(setup)), once, false);
  record_pieces(all.subspan(static_cast<std::size_t>(setup)), each, options_.poison_scratch);
  setup_ = std::move(once);
  main_ = std::move(each);
  divisible_ = divisible(all.subspan(static_cast<std::size_t>(setup)));
}

// By submission: whether it could be several.
std::vector<bool> Executable::divisible(std::span<const Piece> pieces) const {
  std::vector<bool> result;
  for (const Piece& piece : pieces) {
    const bool first = result.empty() || piece.begins_submission;
    const bool many_groups = std::uint64_t{piece.groups[0]} * piece.groups[1] * piece.groups[2] > 1;
    if (first)
      result.push_back(plan_.dispatches[piece.dispatch].dispatch.linear && many_groups);
    else
      result.back() = true;
  }
  if (result.empty()) result.push_back(false);  // of a plan without dispatches
  return result;
}

void Executable::record_pieces(std::span<const Piece> pieces, std::vector<CommandBuffer>& commands, bool poison) {
  const auto start = [&] {
    commands.push_back(device_.command_buffer());
    commands.back().begin(true);
  };
  start();
  if (poison) {
    for (std::size_t index = 0; index < plan_.segments.size(); ++index)
      if (plan_.segments[index].kind == Segment::Kind::scratch)
        commands.back().fill(owned_[index], 0, plan_.segments[index].bytes, 0xFFFFFFFFu);
    commands.back().barrier();
  }
  for (const Piece& piece : pieces) {
    if (piece.begins_submission && &piece != &pieces.front()) {  // a command buffer begins and ends with a barrier
      commands.back().end();
      start();
    } else if (plan_.dispatches[piece.dispatch].barrier_before) {
      commands.back().barrier();
    }
    record_piece(commands.back(), piece);
  }
  commands.back().end();
}

void Executable::record_transfers() {
  for (std::size_t slot = 0; slot < 2; ++slot) {
    upload_commands_.push_back(device_.command_buffer());
    upload_commands_.back().begin(true);
    for (const Port& input : inputs_) {
      const Location& to = plan_.values[input.value];
      upload_commands_.back().copy(upload_staging_[slot], input.staging_offset, *segments_[to.segment], to.offset,
                                   to.bytes);
    }
    upload_commands_.back().end();
    download_commands_.push_back(device_.command_buffer());
    download_commands_.back().begin(true);
    for (const Port& output : outputs_) {
      const Location& from = plan_.values[output.value];
      download_commands_.back().copy(*segments_[from.segment], from.offset, download_staging_[slot],
                                     output.staging_offset, from.bytes);
    }
    download_commands_.back().end();
  }
}

Executable::Port& Executable::port(std::vector<Port>& ports, std::string_view name, std::string_view kind) {
  std::string known;
  for (Port& candidate : ports) {
    if (candidate.name == name) return candidate;
    known += (known.empty() ? "" : ", ") + candidate.name;
  }
  throw Error(fmt::format("the graph has no {} \"{}\"; it has: {}", kind, name, known));
}

std::byte* Executable::staged(const Port& input, std::size_t slot) {
  return upload_staging_[slot].mapped() + input.staging_offset;
}

// The slot of the next run may be written once the run before last, which used it, is done.
void Executable::begin_slot() {
  if (slot_open_) return;
  device_.wait(slot_done_[runs_ % 2]);
  slot_open_ = true;
}

void Executable::write(std::string_view name, const HostTensor& values) {
  Port& input = port(inputs_, name, "input");
  const TensorType& type = graph_->values()[input.value].type;
  if (values.dtype != type.dtype || !(values.shape == type.shape))
    throw Error(fmt::format("input \"{}\" is {}, but {} is given", name, to_string(type),
                            to_string(TensorType{values.dtype, values.shape})));
  begin_slot();
  const std::size_t slot = runs_ % 2;
  to_device_layout(type, values.data, {staged(input, slot), static_cast<std::size_t>(type.bytes())});
  input.latest = input.version[slot] = ++writes_;
}

// Of a graph that writes the store nothing of the store is set up.
void Executable::set_up() {
  const std::uint64_t version = store_ && !writes_store_ ? store_->version() : 0;
  if (set_up_ == version) return;
  for (const CommandBuffer& commands : setup_) device_.submit(commands);
  set_up_ = version;
}

// The device has done all that was submitted.
void Executable::cut_anew() {
  device_.wait_idle();
  pieces_ = cut_pieces();
  compile_pipelines();
  record();
}

void Executable::tell_store() {
  if (writes_store_) store_->changed();
}

void Executable::run() {
  begin_slot();
  const std::size_t slot = runs_ % 2;
  for (Port& input : inputs_) {
    if (input.latest == 0) throw Error(fmt::format("input \"{}\" was never written", input.name));
    if (input.version[slot] == input.latest) continue;  // else it was written for an earlier run only
    std::memcpy(staged(input, slot), staged(input, 1 - slot),
                static_cast<std::size_t>(graph_->values()[input.value].type.bytes()));
    input.version[slot] = input.latest;
  }
  set_up();
  const bool measures = budget_.measures();
  SubmissionTimes times{.count = main_.size()};
  if (measures) device_.wait_idle();
  for (std::size_t index = 0; index < main_.size(); ++index) {
    std::array<const CommandBuffer*, 3> commands{};
    std::size_t count = 0;
    if (index == 0) commands[count++] = &upload_commands_[slot];
    commands[count++] = &main_[index];
    if (index + 1 == main_.size()) commands[count++] = &download_commands_[slot];
    const double begin = measures ? os::monotonic_seconds() : 0;
    slot_done_[slot] = device_.submit({commands.data(), count});
    if (!measures) continue;
    device_.wait(slot_done_[slot]);
    const double seconds = os::monotonic_seconds() - begin;
    times.longest = std::max(times.longest, seconds);
    if (divisible_[index]) times.longest_divisible = std::max(times.longest_divisible, seconds);
  }
  tell_store();
  ++runs_;
  slot_open_ = false;
  if (measures && budget_.correct(times)) cut_anew();
}

void Executable::wait() {
  if (runs_ > 0) device_.wait(slot_done_[(runs_ - 1) % 2]);
}

HostTensor Executable::read(std::string_view name) {
  const Port& output = port(outputs_, name, "output");
  if (runs_ == 0) throw Error(fmt::format("output \"{}\" is read before the first run", name));
  wait();
  const TensorType& type = graph_->values()[output.value].type;
  HostTensor values(type.shape, type.dtype);
  const std::byte* staged_output = download_staging_[(runs_ - 1) % 2].mapped() + output.staging_offset;
  from_device_layout(type, {staged_output, values.data.size()}, values.data);
  return values;
}

std::uint64_t Executable::device_bytes() const {
  std::uint64_t bytes = 0;
  for (const Buffer& buffer : owned_) bytes += buffer.bytes();
  for (std::size_t slot = 0; slot < 2; ++slot) bytes += upload_staging_[slot].bytes() + download_staging_[slot].bytes();
  return bytes;
}

std::vector<DispatchTime> Executable::profile() {
  // A barrier before each dispatch, so that no two overlap and each time is its own.
  const auto count = static_cast<std::uint32_t>(plan_.dispatches.size());
  TimestampPool pool = device_.timestamps(count + 1);
  std::vector<CommandBuffer> submissions;
  const auto start = [&] {
    submissions.push_back(device_.command_buffer());
    submissions.back().begin();
  };
  start();
  submissions.back().reset(pool);
  submissions.back().timestamp(pool, 0);
  for (const Piece& piece : pieces_) {
    if (piece.begins_submission) {
      submissions.back().end();
      start();
    }
    submissions.back().barrier();
    record_piece(submissions.back(), piece);
    if (piece.last) submissions.back().timestamp(pool, piece.dispatch + 1);
  }
  submissions.back().end();
  wait();
  for (const CommandBuffer& submission : submissions) device_.submit(submission);
  device_.wait_idle();
  tell_store();
  const std::vector<double> times = pool.nanoseconds();
  std::vector<DispatchTime> result;
  for (std::uint32_t index = 0; index < count; ++index) result.push_back({index, times[index + 1] - times[index]});
  return result;
}

double Executable::time_node(std::uint32_t node) {
  std::optional<TimestampPool> pool;
  if (device_.caps().timestamps) pool.emplace(device_.timestamps(2));
  std::vector<CommandBuffer> submissions;
  const auto start = [&] {
    submissions.push_back(device_.command_buffer());
    submissions.back().begin();
  };
  start();
  if (pool) {
    submissions.back().reset(*pool);
    submissions.back().timestamp(*pool, 0);
  }
  bool first = true;
  for (const Piece& piece : pieces_) {
    if (plan_.dispatches[piece.dispatch].node != node) continue;
    if (piece.begins_submission && !first) {
      submissions.back().end();
      start();
    } else if (first || plan_.dispatches[piece.dispatch].barrier_before) {
      submissions.back().barrier();
    }
    record_piece(submissions.back(), piece);
    first = false;
  }
  if (pool) submissions.back().timestamp(*pool, 1);
  submissions.back().end();
  wait();
  const double begin = os::monotonic_seconds();
  for (const CommandBuffer& submission : submissions) device_.submit(submission);
  device_.wait_idle();
  const double seconds = os::monotonic_seconds() - begin;
  tell_store();
  set_up_.reset();  // of what the setup read its memory may hold other values
  return pool ? pool->nanoseconds()[1] : seconds * 1e9;
}

double Executable::time_run() {
  TimestampPool pool = device_.timestamps(2);
  CommandBuffer begin = device_.command_buffer(), end = device_.command_buffer();
  begin.begin();
  begin.reset(pool);
  begin.timestamp(pool, 0);
  begin.end();
  end.begin();
  end.timestamp(pool, 1);
  end.end();
  wait();
  set_up();
  device_.submit(begin);
  for (const CommandBuffer& commands : main_) device_.submit(commands);
  device_.submit(end);
  device_.wait_idle();
  tell_store();
  return pool.nanoseconds()[1];
}

}  // namespace tuff
