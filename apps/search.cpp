// tuff search: trials of a network with different options, bad ones ended early.
#include <fmt/format.h>

#include <algorithm>
#include <filesystem>
#include <limits>
#include <memory>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "apps/commands.h"
#include "apps/session.h"
#include "apps/train.h"
#include "base/csv.h"
#include "base/error.h"
#include "base/os.h"
#include "io/contact_sheet.h"
#include "train/metrics_file.h"
#include "train/search.h"
#include "train/split_options.h"

namespace tuff {
namespace {

namespace fs = std::filesystem;

constexpr const char* kSearchFile = "search.json";
constexpr const char* kFailedFile = "failed.txt";  // in a trial's folder: why
constexpr std::int64_t kDefaultEpochs = 10;

struct SearchArguments {
  std::vector<std::string> vary;
  std::string method;
  std::string stop;
  std::int64_t trials = 0;
};

struct Plan {
  TrainOptions options;  // what all trials share
  std::vector<std::string> vary;
  std::string method = "random";
  std::string stop = "median";
  std::int64_t trials = 20;  // of random ones
};

Plan read_plan(const fs::path& file) {
  const std::vector<std::byte> bytes = os::read_file(file);
  Plan plan;
  try {
    const nlohmann::json json =
        nlohmann::json::parse(std::string_view(reinterpret_cast<const char*>(bytes.data()), bytes.size()));
    plan.options = options_from_json(json.at("options").dump(), file.string());
    json.at("vary").get_to(plan.vary);
    json.at("method").get_to(plan.method);
    json.at("stop").get_to(plan.stop);
    json.at("trials").get_to(plan.trials);
  } catch (const nlohmann::json::exception&) {
    throw Error(fmt::format("{}: can't be read; begin the search anew with another --out", file.string()));
  }
  return plan;
}

void write_plan(const fs::path& file, const Plan& plan) {
  const nlohmann::ordered_json json = {{"method", plan.method},
                                       {"trials", plan.trials},
                                       {"stop", plan.stop},
                                       {"vary", plan.vary},
                                       {"options", nlohmann::ordered_json::parse(to_json(plan.options))}};
  os::write_file(file, json.dump(2) + "\n");
}

Plan begin_plan(const GivenOptions& given, const SearchArguments& arguments) {
  Plan plan{.options = collect_options(given), .vary = arguments.vary};
  if (find_given(given, "model") == nullptr && find_given(given, "config") == nullptr)
    throw Error("say which network, as in `tuff search unet` (see `tuff search --help`)");
  if (!arguments.method.empty()) plan.method = arguments.method;
  if (!arguments.stop.empty()) plan.stop = arguments.stop;
  if (arguments.trials > 0 && plan.method == "grid")
    throw Error("--trials: goes with --method random; a grid tries all combinations");
  if (arguments.trials > 0) plan.trials = arguments.trials;
  refuse_existing(plan.options.out);
  return plan;
}

// A search that goes on keeps all but what changes no trial.
Plan resume_plan(const GivenOptions& given, const SearchArguments& arguments) {
  const fs::path out = *find_given(given, "out");
  if (!fs::exists(out / kSearchFile))
    throw Error(fmt::format("--out {}: holds no search to go on with; leave --resume out", out.string()));
  if (!arguments.vary.empty() || !arguments.method.empty() || !arguments.stop.empty())
    throw Error(fmt::format("--{}: a search that goes on keeps its own; leave it out, or begin another",
                            !arguments.vary.empty()     ? "vary"
                            : !arguments.method.empty() ? "method"
                                                        : "stop"));
  Plan plan = read_plan(out / kSearchFile);
  plan.options = resumed_options(plan.options, given);
  if (arguments.trials == 0) return plan;
  if (plan.method == "grid" || arguments.trials < plan.trials ||
      (plan.stop == "halving" && arguments.trials != plan.trials))
    throw Error(
        fmt::format("--trials {}: the search has {}; only random ones that halving doesn't compare can become more",
                    arguments.trials, plan.trials));
  plan.trials = arguments.trials;
  return plan;
}

void check_plan(const Plan& plan) {
  if (plan.vary.empty())
    throw Error("--vary is missing: say what differs, as in --vary lr=log:1e-4..1e-2 --vary base=8,16");
  if (plan.options.steps > 0) throw Error("--steps: trials are compared epoch by epoch; give --epochs");
  if (plan.options.folds > 0) throw Error("--folds: don't go with a search; leave them out");
  if (plan.options.watch) throw Error("--watch: trials are compared on the same images; leave it out");
  if (plan.options.find_lr) throw Error("--find-lr: belongs to `tuff train`");
  if (!has_validation(plan.options))
    throw Error("a search compares validation scores, and no images are held back; give a --val-fraction above 0");
}

class Search {
 public:
  explicit Search(Plan plan);
  // Checks the data and writes what --resume needs.
  void open();
  void run(Device& device);

 private:
  struct State {
    Assignment values;
    TrainOptions options;
    Trial trial;
    std::vector<MetricsRow> rows;
    std::string failure;
  };

  fs::path folder(std::size_t trial) const { return out_ / fmt::format("trial{:03}", trial + 1); }
  std::vector<Trial> trials() const;
  void read(std::size_t trial);
  bool train(Device& device, const Turn& turn);
  std::string status(std::size_t trial) const;
  std::string describe(const Assignment& values) const;
  const MetricsRow* best_row(const State& state) const;
  std::optional<std::size_t> best() const;
  void write_table() const;
  void draw() const;
  void report() const;

  Plan plan_;
  fs::path out_;
  StopRule rule_;
  std::int64_t epochs_;
  std::vector<State> states_;
  std::vector<Metric> metrics_;
};

Search::Search(Plan plan)
    : plan_(std::move(plan)),
      out_(plan_.options.out),
      rule_(parse_stop_rule(plan_.stop)),
      epochs_(plan_.options.epochs) {
  if (epochs_ == 0) plan_.options.epochs = epochs_ = kDefaultEpochs;
  std::vector<Variation> variations;
  for (const std::string& text : plan_.vary) {
    variations.push_back(parse_variation(text, plan_.options));
    for (std::size_t i = 0; i + 1 < variations.size(); ++i)
      if (variations[i].option == variations.back().option)
        throw Error(fmt::format("--vary {}: is given twice", variations[i].option));
  }
  const std::vector<Assignment> all =
      plan_.method == "grid" ? grid_trials(variations)
                             : random_trials(variations, plan_.trials, static_cast<std::uint64_t>(plan_.options.seed));
  if (plan_.method == "grid") plan_.trials = static_cast<std::int64_t>(all.size());
  for (const Assignment& values : all) {
    State state{.values = values, .options = plan_.options};
    for (const auto& [name, text] : values) set_field(state.options, name, text);
    state.options.out = folder(states_.size()).string();
    TrainOptions checked = state.options;
    try {
      validate(checked);
    } catch (const Error& error) {
      throw Error(fmt::format("trial {} ({}): {}", states_.size() + 1, describe(values), error.what()));
    }
    states_.push_back(std::move(state));
  }
}

void Search::open() {
  metrics_ = prepare_training(plan_.options, {}).objective->metrics();
  fs::create_directories(out_);
  write_plan(out_ / kSearchFile, plan_);
}

std::string Search::describe(const Assignment& values) const {
  std::string text;
  for (const auto& [name, value] : values) text += fmt::format("{}{} {}", text.empty() ? "" : ", ", name, value);
  return text;
}

std::vector<Trial> Search::trials() const {
  std::vector<Trial> trials;
  for (const State& state : states_) trials.push_back(state.trial);
  return trials;
}

// What a trial's folder says of it.
void Search::read(std::size_t trial) {
  State& state = states_[trial];
  state.trial = {};
  state.rows.clear();
  const fs::path failed = folder(trial) / kFailedFile;
  if (fs::exists(failed)) {
    const std::vector<std::byte> bytes = os::read_file(failed);
    state.failure.assign(reinterpret_cast<const char*>(bytes.data()), bytes.size());
    while (state.failure.ends_with('\n')) state.failure.pop_back();
    state.trial.ended = true;
  }
  if (!fs::exists(folder(trial) / kLastModel)) return;
  const Model last = load_model_file(folder(trial) / kLastModel);
  state.rows = read_metrics(folder(trial) / kMetricsFile, metrics_, last.state ? last.state->step : 0);
  for (const MetricsRow& row : state.rows)
    state.trial.scores.push_back(row.scores.empty() ? -std::numeric_limits<double>::infinity() : row.scores[0]);
}

// Until the turn is over. False where somebody interrupted it.
bool Search::train(Device& device, const Turn& turn) {
  State& state = states_[turn.trial];
  std::optional<Model> last;
  if (fs::exists(folder(turn.trial) / kLastModel)) last = load_model_file(folder(turn.trial) / kLastModel);
  const bool begun = last.has_value();
  fmt::print(stderr, "tuff: trial {} of {}: {}\n", turn.trial + 1, states_.size(), describe(state.values));
  std::vector<Trial> all = trials();
  const auto goes_on = [&](const EpochReport& report) {
    all[turn.trial].scores.push_back(report.scores[0]);
    return next_turn(all, epochs_, rule_) == turn;
  };
  bool prepared = false;
  try {
    TrainingTask task = prepare_training(state.options, std::move(last));
    task.score_held_out = false;
    prepared = true;
    const TrainingSummary summary = run_training(device, task, goes_on);
    read(turn.trial);
    state.trial.ended = !summary.stopped;
    return !summary.stopped || !os::interrupted();
  } catch (const DeviceLost&) {
    throw;  // no fault of the trial
  } catch (const Error& error) {
    if (begun && !prepared) throw;  // the data have changed
    fmt::print(stderr, "tuff: trial {} failed: {}\n", turn.trial + 1, error.what());
    fs::create_directories(folder(turn.trial));
    os::write_file(folder(turn.trial) / kFailedFile, fmt::format("{}\n", error.what()));
    read(turn.trial);
    return true;
  }
}

std::string Search::status(std::size_t trial) const {
  const State& state = states_[trial];
  const auto done = static_cast<std::int64_t>(state.trial.scores.size());
  if (!state.failure.empty()) return "failed";
  if (done >= epochs_ || state.trial.ended) return "done";
  if (done == 0) return "waiting";
  const std::optional<Turn> next = next_turn(trials(), epochs_, rule_);
  if (!next) return "stopped";
  if (next->trial == trial) return "training";
  return rule_ == StopRule::halving || next->trial < trial ? "waiting" : "stopped";
}

// Null where it has no score.
const MetricsRow* Search::best_row(const State& state) const {
  const MetricsRow* best = nullptr;
  for (const MetricsRow& row : state.rows)
    if (!row.scores.empty() && (best == nullptr || row.scores[0] > best->scores[0])) best = &row;
  return best;
}

std::optional<std::size_t> Search::best() const {
  std::optional<std::size_t> best;
  for (std::size_t trial = 0; trial < states_.size(); ++trial) {
    const MetricsRow* row = best_row(states_[trial]);
    if (row != nullptr && (!best || row->scores[0] > best_row(states_[*best])->scores[0])) best = trial;
  }
  return best;
}

void Search::write_table() const {
  std::string text = "trial,status,epochs";
  for (const auto& [name, value] : states_[0].values) text += "," + name;
  text += ",best_epoch";
  for (const Metric& metric : metrics_) text += "," + metric.column;
  text += ",seconds\n";
  for (std::size_t trial = 0; trial < states_.size(); ++trial) {
    const State& state = states_[trial];
    text += fmt::format("{},{},{}", trial + 1, status(trial), state.rows.size());
    for (const auto& [name, value] : state.values) text += "," + csv_field(value);
    const MetricsRow* row = best_row(state);
    text += row == nullptr ? "," : fmt::format(",{}", row->epoch);
    for (std::size_t i = 0; i < metrics_.size(); ++i) text += row == nullptr ? "," : fmt::format(",{}", row->scores[i]);
    text += state.rows.empty() ? ",\n" : fmt::format(",{:.1f}\n", state.rows.back().seconds);
  }
  os::write_file(out_ / "trials.csv", text);
}

// Validation by epoch, a line a trial, the best one's on top.
void Search::draw() const {
  const std::optional<std::size_t> winner = best();
  Curve others{"trials", {}, {}}, top{winner ? fmt::format("best: trial {}", *winner + 1) : "", {}, {}};
  for (std::size_t trial = 0; trial < states_.size(); ++trial) {
    Curve& curve = trial == winner ? top : others;
    for (const MetricsRow& row : states_[trial].rows) {
      curve.x.push_back(static_cast<double>(row.epoch));
      curve.y.push_back(row.scores.empty() ? NAN : row.scores[0]);
    }
    curve.x.push_back(NAN);  // the line ends
    curve.y.push_back(NAN);
  }
  if (winner)
    write_image(out_ / "trials.png", plot_curves("Validation " + metrics_[0].title, "epoch", {others, top}).image());
}

void Search::run(Device& device) {
  for (std::size_t trial = 0; trial < states_.size(); ++trial) read(trial);
  while (const std::optional<Turn> turn = next_turn(trials(), epochs_, rule_)) {
    const bool goes_on = train(device, *turn);
    write_table();
    draw();
    if (goes_on) continue;
    fmt::print(stderr, "tuff: stopped in trial {}; go on with `tuff search --out {} --resume`\n", turn->trial + 1,
               out_.string());
    return;
  }
  report();
}

void Search::report() const {
  write_table();
  const std::optional<std::size_t> winner = best();
  if (!winner) throw Error(fmt::format("all trials failed; the first: {}", states_[0].failure));
  std::int64_t counts[3] = {};
  for (std::size_t trial = 0; trial < states_.size(); ++trial) {
    const std::string is = status(trial);
    ++counts[is == "done" ? 0 : is == "failed" ? 2 : 1];
  }
  const MetricsRow& row = *best_row(states_[*winner]);
  fmt::print("{} trials: {} trained to the end, {} stopped early, {} failed; see {}\n", states_.size(), counts[0],
             counts[1], counts[2], (out_ / "trials.csv").string());
  fmt::print("best: trial {}, {}: {} {:.{}f} after epoch {}\n", *winner + 1, describe(states_[*winner].values),
             metrics_[0].title, row.scores[0], metrics_[0].decimals, row.epoch);
  fmt::print("{} --out RUN\n", command_line(states_[*winner].options));
}

void run_search(const GivenOptions& given, const SearchArguments& arguments) {
  if (find_given(given, "out") == nullptr) throw Error("--out is missing (see `tuff search --help`)");
  const bool resume = find_given(given, "resume") != nullptr;
  Plan plan = resume ? resume_plan(given, arguments) : begin_plan(given, arguments);
  check_plan(plan);
  Search search(plan);
  search.open();
  const auto device = open_device(plan.options.device);
  os::catch_interrupts();
  search.run(*device);
}

// Beside each network's options, too.
void add_search_options(CLI::App& command, const std::shared_ptr<SearchArguments>& arguments) {
  command
      .add_option("--vary", arguments->vary,
                  "an option that differs between trials, given once for each: NAME=VALUE,VALUE or NAME=LOW..HIGH or "
                  "NAME=log:LOW..HIGH")
      ->type_name("NAME=VALUES")
      ->expected(1)
      ->multi_option_policy(CLI::MultiOptionPolicy::TakeAll)
      ->group("Search");
  command
      .add_option("--method", arguments->method, "all combinations of values, or drawn at random by --seed [random]")
      ->check(CLI::IsMember({"grid", "random"}))
      ->type_name("grid|random")
      ->group("Search");
  command.add_option("--trials", arguments->trials, "how many random ones [20]")
      ->check(CLI::Range(1, 100000))
      ->type_name("N")
      ->group("Search");
  command
      .add_option("--stop", arguments->stop,
                  "how bad trials end early: below the median of those before; by rounds whose best third goes on; "
                  "none [median]")
      ->check(CLI::IsMember({"median", "halving", "none"}))
      ->type_name("median|halving|none")
      ->group("Search");
}

}  // namespace

void add_search_command(CLI::App& tuff) {
  CLI::App* command =
      tuff.add_subcommand("search", "Try a network with different options; trials, a table and a plot go to --out");
  const auto given = std::make_shared<GivenOptions>();
  const auto arguments = std::make_shared<SearchArguments>();
  add_training_options(*command, given);
  add_search_options(*command, arguments);
  command->get_option("--find-lr")->group("");
  for (CLI::App* network : command->get_subcommands([](const CLI::App*) { return true; })) {
    network->get_option("--find-lr")->group("");
    add_search_options(*network, arguments);
  }
  command->footer("`tuff search NETWORK --help` lists the options of a network.");
  command->callback([given, arguments] { run_search(*given, *arguments); });
}

}  // namespace tuff
