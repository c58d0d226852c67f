// Submissions are as long as they may be, by the times of the first runs.
#include "runtime/submissions.h"

#include <doctest/doctest.h>

#include <cmath>
#include <vector>

#include "ops/conv.h"
#include "ops/pointwise.h"
#include "runtime/comparison.h"
#include "runtime/compile.h"
#include "support/test_device.h"

namespace tuff::test {

namespace {

// A device of so many operations a second, whose first run takes `first` times as long, running `work` that can be cut
// anywhere. The seconds that the longest submission of each run took.
std::vector<double> simulate(DeviceKind kind, double rate, double work, double first) {
  SubmissionBudget budget(first_submission_budget(kind), submission_seconds(kind));
  std::vector<double> longest;
  for (int run = 0; run < 12; ++run) {
    const double submission = std::fmin(work, budget.work());
    longest.push_back(submission / rate * (run == 0 ? first : 1));
    const auto count = static_cast<std::size_t>(std::ceil(work / submission));
    if (budget.measures()) budget.correct({longest.back(), longest.back(), count});
  }
  CHECK_FALSE(budget.measures());
  return longest;
}

}  // namespace

TEST_CASE("submissions: end below the limit, and not far below, on slow and fast devices") {
  for (const DeviceKind kind : {DeviceKind::discrete, DeviceKind::integrated, DeviceKind::other})
    for (const double rate : {2e9, 5e10, 1e12, 6e13})
      for (const double first : {1.0, 4.0}) {
        CAPTURE(rate);
        const double limit = submission_seconds(kind), work = 100 * limit * rate;
        const std::vector<double> longest = simulate(kind, rate, work, first);
        CHECK(longest.back() <= limit);
        CHECK(longest.back() >= limit / 4);
      }
}

TEST_CASE("submissions: a run that fits into one stays as it is") {
  SubmissionBudget budget(1e9, 0.1);
  for (int run = 0; run < 2; ++run) CHECK_FALSE(budget.correct({0.01, 0.01, 1}));
  CHECK_FALSE(budget.measures());
  CHECK(budget.work() == 1e9);
}

TEST_CASE("submissions: what can't be cut is given up, and a fixed budget or a CPU driver isn't measured") {
  SubmissionBudget alone(1e9, 0.1);  // a dispatch that is known not to be divisible
  while (alone.measures()) alone.correct({3, 0, 5});
  CHECK(alone.work() == 1e9);
  SubmissionBudget hidden(1e9, 0.1);  // one whose groups are as long as itself
  while (hidden.measures()) hidden.correct({3, 3, 5});
  CHECK(hidden.work() == 1e9);
  CHECK_FALSE(SubmissionBudget(1e9, submission_seconds(DeviceKind::cpu)).measures());
}

TEST_CASE("submissions: an executable cuts its runs anew, with the same bits") {
  Graph graph;
  const Value x = graph.input("x", {1, 32, 32, 32}), weight = graph.parameter("w", {32, 32, 3, 3}, {});
  Value y = mul_scalar(conv(x, weight, {}, {.padding = {1}}), 0.5f);
  for (int i = 0; i < 3; ++i) y = conv(y, weight, {}, {.padding = {1}});
  graph.output("y", y);
  ParameterStore store(test_device(), graph);
  store.write("w", random_values(graph.variables()[0].type, 1));
  const auto run = [&](Executable& executable) {
    executable.write("x", random_values(x.type(), 2));
    executable.run();
    return executable.read("y").data;
  };
  CompileOptions options;
  const auto whole = compile(graph, test_device(), &store);
  const auto expected = run(*whole);
  options.execution.submission_seconds = 2e-4;  // shorter than any driver here takes for all
  // The driver shares the cores with other programs, so that a time may say that the cut was of no use: another try
  // then.
  std::unique_ptr<Executable> cut;
  bool more = false;
  for (int attempt = 0; attempt < 6 && !more; ++attempt) {
    cut = compile(graph, test_device(), &store, options);
    const std::size_t before = cut->submissions_per_run();
    for (int i = 0; i < 8; ++i) CHECK(run(*cut) == expected);
    more = cut->submissions_per_run() > before;
  }
  CHECK(more);
  store.write("w", random_values(graph.variables()[0].type, 3));  // the setup's commands are new, too
  CHECK(run(*cut) == run(*compile(graph, test_device(), &store)));
}

}  // namespace tuff::test
