#include "passes/choose_recomputation.h"

#include <algorithm>
#include <limits>
#include <optional>

#include "passes/checkpoint.h"
#include "passes/memory_model.h"

namespace tuff {

namespace {

using Nodes = std::vector<std::uint32_t>;

constexpr double kUnknown = std::numeric_limits<double>::infinity();

// In flop-equivalents: arithmetic plus ten for each byte moved. A norm is only applied again.
std::vector<double> work_of_nodes(const Graph& graph, const Plan& plan) {
  std::vector<double> work(graph.nodes().size(), 0);
  for (const PlannedDispatch& planned : plan.dispatches)
    work[planned.node] += planned.dispatch.flops + 10 * planned.dispatch.bytes;
  for (std::uint32_t node = 0; node < work.size(); ++node)
    if (graph.nodes()[node].op->name() == "normalize")
      work[node] = 23.0 * static_cast<double>(graph.values()[graph.nodes()[node].outputs[0]].type.bytes());
  return work;
}

class Choice {
 public:
  Choice(const Graph& graph, const Plan& plan, std::uint64_t budget)
      : graph_(graph),
        budget_(budget),
        checkpointing_(graph),
        model_(graph, plan, checkpointing_),
        work_(work_of_nodes(graph, plan)),
        repeated_(graph.nodes().size(), false) {
    find_late_reads();
    for (std::uint32_t node = 0; node < repeated_.size(); ++node)
      if (may_repeat(node)) candidates_.push_back({.node = node});
  }

  RecomputationChoice run() {
    excess_ = excess(repeated_);
    while (excess_ > 0 && take_best()) {
    }
    if (excess_ == 0) give_back();
    const auto live = model_.live_bytes(repeated_);
    RecomputationChoice choice{.repeated = repeated_};
    choice.live_bytes = live.empty() ? 0 : *std::ranges::max_element(live);
    choice.fits = choice.live_bytes <= budget_;
    return choice;
  }

 private:
  struct Candidate {
    std::uint32_t node = 0;
    double worth = kUnknown;  // of the best way to repeat it when it was last looked at
  };

  // Whether late nodes read a value, through views too.
  void find_late_reads() {
    read_late_.assign(graph_.values().size(), false);
    for (std::size_t node = graph_.nodes().size(); node-- > 0;) {
      const Node& reader = graph_.nodes()[node];
      if (checkpointing_.is_late(static_cast<std::uint32_t>(node)))
        for (const std::uint32_t input : reader.inputs) read_late_[input] = true;
      for (const auto& [output, input] : reader.op->views())
        if (read_late_[reader.outputs[static_cast<std::size_t>(output)]])
          read_late_[reader.inputs[static_cast<std::size_t>(input)]] = true;
    }
  }

  bool may_repeat(std::uint32_t node) const {
    if (checkpointing_.is_late(node) || checkpointing_.is_view(node)) return false;
    return std::ranges::any_of(graph_.nodes()[node].outputs, [&](std::uint32_t output) {
      return read_late_[output] && model_.bytes(output) > 0 && checkpointing_.repeatable(output) == node;
    });
  }

  // The nodes that compute what `node` reads, through views.
  Nodes producers(std::uint32_t node) const {
    Nodes result;
    for (std::uint32_t input : checkpointing_.repetition_inputs(node)) {
      auto source = checkpointing_.repeatable(input);
      while (source && checkpointing_.is_view(*source)) {
        input = graph_.nodes()[*source].inputs[static_cast<std::size_t>(graph_.nodes()[*source].op->views()[0].second)];
        source = checkpointing_.repeatable(input);
      }
      if (source && !read_late_[input]) result.push_back(*source);
    }
    return result;
  }

  // The node, and all before it whose results nothing would keep for it otherwise.
  Nodes with_inputs(std::uint32_t node) const {
    Nodes closure = {node};
    for (std::size_t next = 0; next < closure.size(); ++next)
      for (const std::uint32_t source : producers(closure[next]))
        if (!repeated_[source] && std::ranges::find(closure, source) == closure.end()) closure.push_back(source);
    return closure;
  }

  // What is over the budget, over all steps: many values may be alive at several peaks of equal height.
  double excess(const std::vector<bool>& repeated) {
    double sum = 0;
    for (const std::uint64_t live : model_.live_bytes(repeated))
      if (live > budget_) sum += static_cast<double>(live - budget_);
    return sum;
  }

  struct Way {
    Nodes nodes;
    double worth = 0;  // what it takes off the excess for its work
    double excess = 0;
  };

  // With its inputs kept for it, or with those computed again too that nothing else keeps.
  Way best_way(std::uint32_t node) {
    Way best;
    std::vector<Nodes> ways = {{node}};
    if (Nodes closure = with_inputs(node); closure.size() > 1) ways.push_back(std::move(closure));
    for (Nodes& nodes : ways) {
      double work = 1;
      for (const std::uint32_t each : nodes) repeated_[each] = true, work += work_[each];
      const double left = excess(repeated_);
      for (const std::uint32_t each : nodes) repeated_[each] = false;
      const double worth = (excess_ - left) / work;
      if (worth > best.worth) best = {std::move(nodes), worth, left};
    }
    return best;
  }

  // Looks at candidates in the order of what they were worth the last time, which seldom grows, until none was worth
  // more than the best found.
  std::optional<Way> look() {
    std::ranges::stable_sort(candidates_, std::ranges::greater{}, &Candidate::worth);
    std::optional<Way> best;
    for (Candidate& candidate : candidates_) {
      if (candidate.worth <= (best ? best->worth : 0)) break;
      if (repeated_[candidate.node]) continue;
      Way way = best_way(candidate.node);
      candidate.worth = way.worth;
      if (way.worth > (best ? best->worth : 0)) best = std::move(way);
    }
    return best;
  }

  bool take_best() {
    std::optional<Way> best = look();
    if (!best) {  // what one of the latest steps has made worth more may remain
      for (Candidate& candidate : candidates_) candidate.worth = kUnknown;
      best = look();
    }
    if (!best) return false;
    for (const std::uint32_t node : best->nodes) repeated_[node] = true;
    excess_ = best->excess;
    return true;
  }

  // Keeps again what needn't be computed twice after all, the most work first.
  void give_back() {
    Nodes nodes;
    for (std::uint32_t node = 0; node < repeated_.size(); ++node)
      if (repeated_[node]) nodes.push_back(node);
    std::ranges::stable_sort(nodes, [&](std::uint32_t a, std::uint32_t b) { return work_[a] > work_[b]; });
    for (const std::uint32_t node : nodes) {
      repeated_[node] = false;
      if (excess(repeated_) > 0) repeated_[node] = true;
    }
  }

  const Graph& graph_;
  const std::uint64_t budget_;
  const Checkpointing checkpointing_;
  MemoryModel model_;
  std::vector<double> work_;     // by node
  std::vector<bool> read_late_;  // by value
  std::vector<bool> repeated_;   // by node: the choice so far
  std::vector<Candidate> candidates_;
  double excess_ = 0;
};

}  // namespace

RecomputationChoice choose_recomputation(const Graph& graph, const Plan& plan, std::uint64_t budget) {
  return Choice(graph, plan, budget).run();
}

}  // namespace tuff
