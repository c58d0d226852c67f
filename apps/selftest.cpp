// tuff selftest: the cases of every op on the user's own device and driver, against references in double precision.
#include <fmt/format.h>

#include <cstdio>
#include <memory>
#include <nlohmann/json.hpp>
#include <regex>

#include "apps/commands.h"
#include "apps/options.h"
#include "apps/progress.h"
#include "apps/session.h"
#include "base/error.h"
#include "base/os.h"
#include "cases/all_cases.h"
#include "support/op_checker.h"
#include "support/random_shapes.h"

namespace tuff {
namespace {

constexpr std::size_t kShownCases = 5;  // of an op that fails
constexpr std::size_t kShownLines = 3;  // of such a case

struct SelftestArguments {
  std::string device;
  std::string filter;
  std::string dtype = "f32";
  std::string json;
  int random = 0;
  std::uint64_t seed = 0;
  bool schedules = false;
};

struct FailedCase {
  std::string name;
  std::vector<std::string> reasons;
};

struct OpResult {
  std::string op;
  int cases = 0;
  double seconds = 0;
  std::vector<FailedCase> failed;
};

struct Selection {
  std::vector<test::OpCases> cases;
  std::vector<test::OptimizerCheck> optimizers;
};

Selection select_ops(const std::string& filter) {
  Selection selection;
  try {
    const std::regex pattern(filter);
    const auto wanted = [&](std::string_view op) { return std::regex_search(op.begin(), op.end(), pattern); };
    for (const test::OpCases& op : test::all_cases())
      if (wanted(op.op)) selection.cases.push_back(op);
    for (test::OptimizerCheck& check : test::optimizer_checks())
      if (wanted(check.op)) selection.optimizers.push_back(std::move(check));
  } catch (const std::regex_error&) {
    throw Error(fmt::format("--filter {}: not a regular expression", filter));
  }
  if (selection.cases.empty() && selection.optimizers.empty())
    throw Error(fmt::format("--filter {}: no op has such a name", filter));
  return selection;
}

// What is wrong with one case; whatever it throws is a failure too, but a lost device ends all.
template <class Check>
void run_case(OpResult& result, const std::string& name, Check&& check) {
  ++result.cases;
  try {
    std::vector<std::string> reasons = check();
    if (!reasons.empty()) result.failed.push_back({name, std::move(reasons)});
  } catch (const DeviceLost& error) {
    throw Error(fmt::format("selftest: the device was lost at {}, case {}: {}", result.op, name, error.what()));
  } catch (const std::exception& error) {
    result.failed.push_back({name, {error.what()}});
  }
}

OpResult run_op(const test::OpCases& op, test::OpChecker& checker) {
  OpResult result{.op = std::string(op.op)};
  const double start = os::monotonic_seconds();
  std::vector<test::OpCase> cases = op.make();
  if (test::sweep().cases > 0)
    std::erase_if(cases, [](const test::OpCase& one) { return !one.name.starts_with("random "); });
  Progress progress("cases", static_cast<std::int64_t>(cases.size()));
  for (const test::OpCase& op_case : cases) {
    progress.update(result.cases, std::string(op.op));
    run_case(result, op_case.name, [&] { return checker.check(op_case); });
  }
  result.seconds = os::monotonic_seconds() - start;
  return result;
}

// One result for each optimizer.
std::vector<OpResult> run_optimizers(Device& device, const std::vector<test::OptimizerCheck>& checks) {
  std::vector<OpResult> results;
  for (const test::OptimizerCheck& check : checks) {
    if (results.empty() || results.back().op != check.op) results.push_back({.op = std::string(check.op)});
    const double start = os::monotonic_seconds();
    run_case(results.back(), check.name, [&] {
      const double error = check.error(device);
      return error <= check.tolerance
                 ? std::vector<std::string>{}
                 : std::vector{fmt::format("error {:.3g}, at most {:.3g} is allowed", error, check.tolerance)};
    });
    results.back().seconds += os::monotonic_seconds() - start;
  }
  return results;
}

void print(const OpResult& result) {
  fmt::print("{:<24} {:>6} {:>8.1f}  {}\n", result.op, result.cases, result.seconds,
             result.failed.empty() ? std::string("ok") : fmt::format("{} FAILED", result.failed.size()));
  for (std::size_t i = 0; i < std::min(kShownCases, result.failed.size()); ++i) {
    const FailedCase& failed = result.failed[i];
    for (std::size_t line = 0; line < std::min(kShownLines, failed.reasons.size()); ++line)
      fmt::print("    {}: {}\n", failed.name, failed.reasons[line]);
    if (failed.reasons.size() > kShownLines)
      fmt::print("    {}: and {} more\n", failed.name, failed.reasons.size() - kShownLines);
  }
  if (result.failed.size() > kShownCases) fmt::print("    and {} more cases\n", result.failed.size() - kShownCases);
  std::fflush(stdout);
}

nlohmann::ordered_json to_json(const OpResult& result) {
  nlohmann::ordered_json failed = nlohmann::ordered_json::array();
  for (const FailedCase& one : result.failed) failed.push_back({{"case", one.name}, {"reasons", one.reasons}});
  return {{"op", result.op}, {"cases", result.cases}, {"seconds", result.seconds}, {"failed", failed}};
}

DType storage_of(const SelftestArguments& arguments, const Device& device) {
  if (arguments.dtype == "f32") return DType::f32;
  if (arguments.dtype != "f16") throw Error(fmt::format("--dtype {}: must be f32 or f16", arguments.dtype));
  if (!device.caps().storage_16bit)
    throw Error(fmt::format("--dtype f16: {} has no 16-bit storage; use f32", device.caps().name));
  return DType::f16;
}

void write_json(const std::string& path, const SelftestArguments& arguments, const Device& device,
                const std::vector<OpResult>& results) {
  nlohmann::ordered_json json = {{"version", 1}, {"device", device.caps().name}, {"dtype", arguments.dtype}};
  json["ops"] = nlohmann::ordered_json::array();
  for (const OpResult& result : results) json["ops"].push_back(to_json(result));
  os::write_file(path, json.dump(2) + "\n");
}

void run_selftest(const SelftestArguments& arguments) {
  if (arguments.random < 0) throw Error(fmt::format("--random {}: must be 0 or more", arguments.random));
  test::sweep() = {arguments.random, arguments.seed};
  const std::unique_ptr<Device> device = open_device(arguments.device);
  test::OpChecker checker(*device, {.storage = storage_of(arguments, *device), .schedules = arguments.schedules});
  const double start = os::monotonic_seconds();
  const Selection ops = select_ops(arguments.filter);
  fmt::print("{:<24} {:>6} {:>8}  {}\n", "op", "cases", "s", "result");
  std::vector<OpResult> results;
  for (const test::OpCases& op : ops.cases) {
    results.push_back(run_op(op, checker));
    print(results.back());
  }
  for (OpResult& optimizer : run_optimizers(*device, ops.optimizers)) {
    print(optimizer);
    results.push_back(std::move(optimizer));
  }
  if (!arguments.json.empty()) write_json(arguments.json, arguments, *device, results);
  std::size_t cases = 0, failed = 0;
  for (const OpResult& result : results) {
    cases += static_cast<std::size_t>(result.cases);
    failed += result.failed.size();
  }
  fmt::print("{}", test::describe(checker.counts()));
  if (failed > 0) throw Error(fmt::format("selftest: {} of {} cases failed on {}", failed, cases, device->caps().name));
  fmt::print("all {} cases passed on {} in {}\n", cases, device->caps().name,
             duration_text(os::monotonic_seconds() - start));
}

}  // namespace

void add_selftest_command(CLI::App& tuff) {
  CLI::App* command = tuff.add_subcommand("selftest", "Check every op on this machine's device and driver");
  command->footer(
      "Results and gradients of small cases are held against references in double precision, with every kernel that "
      "the\n"
      "device can run. Takes a few minutes, most of them the driver's compiler's. Exit code 1 if a case fails: please\n"
      "report the table with the output of tuff devices -v.");
  const auto arguments = std::make_shared<SelftestArguments>();
  command->add_option("--filter", arguments->filter, "only ops whose names match")->type_name("REGEX");
  command->add_option("--dtype", arguments->dtype, "how activations are stored [f32]")->type_name("f32|f16");
  command->add_option("--random", arguments->random, "instead, at most so many random cases of each op")
      ->type_name("N");
  command->add_option("--seed", arguments->seed, "of the random cases [0]")->type_name("N");
  command->add_flag("--schedules", arguments->schedules,
                    "also equal bits in NaN-filled memory and in other orders of dispatches");
  command->add_option("--json", arguments->json, "also write the results as JSON")->type_name("FILE");
  add_device_option(*command, arguments->device);
  command->callback([arguments] { run_selftest(*arguments); });
}

}  // namespace tuff
