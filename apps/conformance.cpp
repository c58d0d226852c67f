// tuff conformance: the ONNX project's own cases on the user's device.
#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <filesystem>
#include <map>
#include <memory>
#include <nlohmann/json.hpp>
#include <regex>
#include <string>
#include <vector>

#include "apps/commands.h"
#include "apps/options.h"
#include "apps/progress.h"
#include "apps/session.h"
#include "base/error.h"
#include "base/os.h"
#include "onnx/conformance.h"

namespace tuff {
namespace {

namespace fs = std::filesystem;
using onnx::CaseResult;
using onnx::Outcome;

struct ConformanceArguments {
  std::string folder, filter, json, device;
  bool reexport = false;
};

struct Counts {
  int passed = 0, failed = 0, unsupported = 0;
  int on_host = 0;  // of the passed ones
  double error = 0;

  void add(const CaseResult& result) {
    ++(result.outcome == Outcome::passed ? passed : result.outcome == Outcome::failed ? failed : unsupported);
    if (result.outcome != Outcome::passed) return;
    on_host += result.on_device ? 0 : 1;
    error = std::max(error, result.error);
  }
  nlohmann::json json() const {
    return {{"passed", passed},
            {"failed", failed},
            {"unsupported", unsupported},
            {"passed_on_host", on_host},
            {"largest_error", error}};
  }
};

std::regex parse_filter(const std::string& text) {
  try {
    return std::regex(text);
  } catch (const std::regex_error&) {
    throw Error(fmt::format("--filter: \"{}\" is no regular expression", text));
  }
}

std::vector<CaseResult> run_cases(const ConformanceArguments& arguments) {
  const std::regex filter = parse_filter(arguments.filter);
  std::vector<fs::path> cases = onnx::find_cases(arguments.folder);
  std::erase_if(cases, [&](const fs::path& path) { return !std::regex_search(path.filename().string(), filter); });
  if (cases.empty()) throw Error(fmt::format("--filter: no case's name matches \"{}\"", arguments.filter));
  std::unique_ptr<Device> device;
  const auto open = [&]() -> Device& {
    if (!device) device = open_device(arguments.device);
    return *device;
  };
  os::catch_interrupts();
  Progress progress("cases", std::ssize(cases));
  std::vector<CaseResult> results;
  for (const fs::path& path : cases) {
    if (os::interrupted()) throw Error(fmt::format("stopped after {} of {} cases", results.size(), cases.size()));
    progress.update(std::ssize(results), path.filename().string());
    results.push_back(onnx::run_case(path, open, arguments.reexport));
    const CaseResult& result = results.back();
    if (result.outcome == Outcome::failed)
      progress.line(fmt::format("failed       {}: {}", result.name, result.reason));
  }
  return results;
}

void print_table(const std::map<std::string, Counts>& by_operator) {
  fmt::print("{:36} {:>7} {:>7} {:>11} {:>7} {:>13}\n", "operator (cases that have it)", "passed", "failed",
             "unsupported", "on host", "largest error");
  for (const auto& [name, counts] : by_operator)
    fmt::print("{:36} {:>7} {:>7} {:>11} {:>7} {:>13.1e}\n", name, counts.passed, counts.failed, counts.unsupported,
               counts.on_host, counts.error);
}

void print_unsupported(const std::vector<CaseResult>& results) {
  std::map<std::string, int> missing;
  for (const CaseResult& result : results)
    for (const std::string& name : result.missing) ++missing[name];
  std::vector<std::string> parts;
  for (const auto& [name, count] : missing) parts.push_back(fmt::format("{} ({})", name, count));
  if (!parts.empty()) fmt::print("unsupported: {}\n", fmt::join(parts, ", "));
}

void write_json(const std::string& path, const std::vector<CaseResult>& results, const Counts& all,
                const std::map<std::string, Counts>& by_operator) {
  static constexpr const char* kOutcomes[] = {"passed", "failed", "unsupported"};
  nlohmann::json cases = nlohmann::json::array(), operators = nlohmann::json::object();
  for (const CaseResult& result : results)
    cases.push_back({{"name", result.name},
                     {"outcome", kOutcomes[static_cast<int>(result.outcome)]},
                     {"on_device", result.on_device},
                     {"error", result.error},
                     {"reason", result.reason},
                     {"missing", result.missing},
                     {"operators", result.operators}});
  for (const auto& [name, counts] : by_operator) operators[name] = counts.json();
  os::write_file(path,
                 nlohmann::json{{"total", all.json()}, {"operators", operators}, {"cases", cases}}.dump(1) + "\n");
}

void run_conformance(const ConformanceArguments& arguments) {
  const double begin = os::monotonic_seconds();
  const std::vector<CaseResult> results = run_cases(arguments);
  Counts all;
  std::map<std::string, Counts> by_operator;
  for (const CaseResult& result : results) {
    all.add(result);
    for (const std::string& name : result.operators) by_operator[name].add(result);
  }
  print_table(by_operator);
  print_unsupported(results);
  fmt::print(
      "{} cases in {}: {} passed ({} of them on the host alone), {} failed, {} unsupported; largest error {:.1e} of "
      "the largest value\n",
      results.size(), duration_text(os::monotonic_seconds() - begin), all.passed, all.on_host, all.failed,
      all.unsupported, all.error);
  if (!arguments.json.empty()) write_json(arguments.json, results, all, by_operator);
  if (all.failed > 0) throw Error(fmt::format("{} of {} conformance cases failed", all.failed, results.size()));
}

}  // namespace

void add_conformance_command(CLI::App& tuff) {
  CLI::App* command =
      tuff.add_subcommand("conformance", "Run the ONNX project's backend cases; exit code 1 if any fails");
  const auto arguments = std::make_shared<ConformanceArguments>();
  command->add_option("folder", arguments->folder, "folder of cases, each with model.onnx and test_data_set_0")
      ->required()
      ->type_name("ONNX_TEST_DIR");
  command->add_option("--filter", arguments->filter, "only cases whose names match")->type_name("REGEX");
  command->add_option("--json", arguments->json, "write all results into a file")->type_name("FILE");
  command->add_flag("--reexport", arguments->reexport, "run what import and export make of each model, imported again");
  add_device_option(*command, arguments->device);
  command->callback([arguments] { run_conformance(*arguments); });
}

}  // namespace tuff
