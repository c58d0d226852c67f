// tuff bench without a device: samples, the cases, and two reports beside each other.
#include <doctest/doctest.h>

#include <cmath>
#include <set>
#include <string>

#include "apps/bench/cases.h"
#include "apps/bench/compare.h"
#include "apps/bench/report.h"
#include "apps/bench/samples.h"
#include "base/os.h"
#include "support/child.h"
#include "support/files.h"

using namespace tuff;
using namespace tuff::test;

namespace {

using Json = nlohmann::json;

Json result(const std::string& name, double low, double median, double high) {
  return {{"case", name},
          {"pass", "forward"},
          {"dtype", "f32"},
          {"warm", {{"low", low}, {"median", median}, {"high", high}}}};
}

Json report(std::initializer_list<Json> results) {
  return {{"version", bench::kReportVersion}, {"device", {{"name", "a"}}}, {"results", results}};
}

std::string written(const TemporaryFolder& folder, const std::string& name, const std::string& text) {
  const auto file = folder / name;
  os::write_file(file, text);
  return file.string();
}

}  // namespace

TEST_CASE("bench: as many samples as asked for, and what they say of the median") {
  int calls = 0;
  const bench::Samples samples =
      bench::collect({.samples = 101, .seconds = 0}, [&] { return 1.0 + (calls++ * 37 % 101) / 100.0; });
  CHECK(samples.count == 101);
  CHECK(samples.median == doctest::Approx(1.5));
  CHECK(samples.p10 == doctest::Approx(1.1));
  CHECK(samples.p90 == doctest::Approx(1.9));
  CHECK(samples.low == doctest::Approx(1.4));  // 0.098 of the samples on either side
  CHECK(samples.high == doctest::Approx(1.6));
  CHECK(samples.noisy());
  const double begin = os::monotonic_seconds();
  CHECK_FALSE(bench::collect({.samples = 1, .seconds = 0.02}, [] { return 1.0; }).noisy());
  CHECK(os::monotonic_seconds() - begin >= 0.02);
}

TEST_CASE("bench: every case of both suites builds its graphs, in f16 too") {
  for (const char* suite : {"gpu", "cpu"}) {
    const bench::Selected selected = bench::select_cases(suite, "", true);
    std::set<std::string> names;
    for (const bench::Case& item : selected.cases) {
      names.insert(item.name);
      CAPTURE(item.name);
      CAPTURE(item.pass);
      const bench::CaseGraph built = item.build();
      CHECK_FALSE(built.graph->nodes().empty());
      if (!item.network) CHECK(built.bytes > 0);
    }
    CHECK(names.size() >= 20);
  }
  // 128x128 pixels of 64 channels, each of 64 x 9 multiplications.
  const bench::CaseGraph conv = bench::select_cases("cpu", "^conv_64$", false).cases[0].build();
  CHECK(conv.flops == 2.0 * 128 * 128 * 64 * 64 * 9);
  CHECK(conv.bytes == 4.0 * (2 * 128 * 128 * 64 + 64 * 64 * 9));
  CHECK(bench::select_cases("cpu", "^conv_64$", true).cases.size() == 6);
  CHECK(bench::select_cases("cpu", "^adam", true).cases.size() == 1);
  CHECK(bench::select_cases("gpu", "^unet3d", false).left_out.size() == 1);
}

TEST_CASE("bench compare: a pass is slower or faster where its whole interval is") {
  const Json before = report({result("same", 0.9, 1, 1.1), result("slower", 0.99, 1, 1.01), result("faster", 1, 1, 1),
                              result("noisy", 0.5, 1, 2), result("gone", 1, 1, 1)});
  const Json after = report({result("same", 0.9, 1, 1.1), result("noisy", 0.6, 1.5, 3), result("faster", 0.8, 0.8, 0.8),
                             result("slower", 1.1, 1.2, 1.3), result("new", 1, 1, 1)});
  const auto rows = bench::compare(before, after, 0.05);
  REQUIRE(rows.size() == 4);
  using Verdict = bench::Comparison::Verdict;
  const Verdict expected[] = {Verdict::same, Verdict::slower, Verdict::faster, Verdict::same};
  for (std::size_t i = 0; i < rows.size(); ++i) CHECK_MESSAGE(rows[i].verdict == expected[i], rows[i].name);
  CHECK(rows[1].ratio == doctest::Approx(1.2));
  CHECK(rows[1].low == doctest::Approx(1.1 / 1.01));
  CHECK(rows[1].high == doctest::Approx(1.3 / 0.99));
  CHECK(bench::compare(before, after, 0.1)[1].verdict == Verdict::same);
}

TEST_CASE("bench compare: the command's exit code, and files that are none") {
  const TemporaryFolder folder;
  const std::string one = written(folder, "one.json", report({result("a", 1, 1, 1)}).dump());
  const std::string two = written(folder, "two.json", report({result("a", 2, 2, 2)}).dump());
  const Finished same = run_tuff({"bench", "compare", one, one});
  CHECK(same.code == 0);
  CHECK(contains(same.out, "geometric mean of 1 ratios: 1.000"));
  const Finished slower = run_tuff({"bench", "compare", one, two});
  CHECK(slower.code == 1);
  CHECK(contains(slower.out, "SLOWER"));
  CHECK(contains(slower.err, "1 of 1 passes are slower by more than 5 %"));
  CHECK(run_tuff({"bench", "compare", two, one}).code == 0);
  CHECK(run_tuff({"bench", "compare", one, two, "--tolerance", "150"}).code == 0);

  check_refused(run_tuff({"bench", "compare", one, written(folder, "no.json", "{")}), {"no.json", "no JSON"});
  check_refused(run_tuff({"bench", "compare", one, written(folder, "old.json", R"({"version": 1, "results": []})")}),
                {"old.json", "of version 2"});
  check_refused(run_tuff({"bench", "compare", one, written(folder, "b.json", report({result("b", 1, 1, 1)}).dump())}),
                {"no pass in common"});
  check_refused(
      run_tuff({"bench", "compare", one, written(folder, "zero.json", report({result("a", 0, 0, 0)}).dump())}),
      {"a, forward, f32", "not a time"});
  check_refused(run_tuff({"bench", "compare", one, written(folder, "odd.json", report({Json::object()}).dump())}),
                {"not a report"});
  check_refused(run_tuff({"bench", "compare", one, (folder / "none.json").string()}), {"none.json"});
}

TEST_CASE("bench compare: other clocks are told and fail nothing") {
  const auto at = [](const Json& clocks) {
    Json made = report({result("a", 1, 1, 1)});
    if (!clocks.is_null()) made["clocks"] = clocks;
    return made;
  };
  const Json slow = at({{"core_mhz", 1000}, {"core_highest_mhz", 3000}}), near = at({{"core_mhz", 1049}});
  const Json fast = at({{"core_mhz", 1100}, {"core_highest_mhz", 2500}, {"memory_mhz", 900}});
  CHECK(bench::clock_warning(slow, slow).empty());
  CHECK(bench::clock_warning(slow, near).empty());
  CHECK(bench::clock_warning(at(nullptr), fast).empty());  // of an older version
  CHECK(bench::clock_warning(slow, fast) ==
        "note: other clocks: core 1000 MHz before, 1100 after; core at most 3000 MHz before, 2500 after");
  CHECK(bench::clock_warning(fast, near).empty());
  CHECK(bench::clock_warning(fast, slow).find("core 1100 MHz before, 1000 after") != std::string::npos);

  const TemporaryFolder folder;
  const std::string one = written(folder, "one.json", slow.dump()), two = written(folder, "two.json", fast.dump());
  const Finished finished = run_tuff({"bench", "compare", one, two});
  CHECK(finished.code == 0);
  CHECK(contains(finished.out, "note: other clocks: core 1000 MHz"));
  CHECK_FALSE(contains(run_tuff({"bench", "compare", one, one}).out, "clocks"));
  const Finished old = run_tuff({"bench", "compare", written(folder, "old.json", at(nullptr).dump()), two});
  CHECK(old.code == 0);
  CHECK_FALSE(contains(old.out, "clocks"));
}

TEST_CASE("bench: bad arguments are found before a device is opened") {
  const std::string no_vulkan = "TUFF_VULKAN_LOADER=/nonexistent/libvulkan.so";
  check_refused(run_tuff({"bench", "--suite", "tpu"}, no_vulkan), {"--suite tpu", "gpu or cpu"});
  check_refused(run_tuff({"bench", "--dtype", "f64"}, no_vulkan), {"--dtype f64"});
  check_refused(run_tuff({"bench", "--samples", "0"}, no_vulkan), {"--samples 0"});
  check_refused(run_tuff({"bench", "--case", "("}, no_vulkan), {"--case (", "not a regular expression"});
}
