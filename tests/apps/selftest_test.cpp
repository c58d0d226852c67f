// tuff selftest: passes on the device under test, finds what is wrong, and says what it can't do.
#include <doctest/doctest.h>

#include <filesystem>
#include <nlohmann/json.hpp>
#include <regex>
#include <set>
#include <string>

#include "ops/pointwise.h"
#include "support/child.h"
#include "support/files.h"
#include "support/op_checker.h"
#include "support/test_device.h"

namespace tuff::test {

TEST_CASE("selftest: every header of cases takes part") {
  const std::filesystem::path folder = std::filesystem::path(TUFF_SOURCE_DIR) / "tests/cases";
  const std::string all = file_text(folder / "all_cases.cpp");
  const std::set<std::string> without_results = {"all_cases.h", "assign_cases.h", "optimizer_cases.h", "pack_cases.h"};
  std::size_t headers = 0;
  for (const auto& entry : std::filesystem::directory_iterator(folder)) {
    const std::string name = entry.path().filename().string();
    if (!name.ends_with("_cases.h") || without_results.contains(name)) continue;
    ++headers;
    CHECK_MESSAGE(contains(all, "cases/" + name + "\""), name, " is missing from tests/cases/all_cases.cpp");
  }
  CHECK(headers > 40);
}

TEST_CASE("selftest: a wrong result, a wrong shape and a wrong gradient are told") {
  OpChecker checker(test_device(), {});
  OpCase good{.name = "twice", .inputs = {{.type = {DType::f32, Shape{5}}}}};
  good.build = [](Graph&, std::span<const Value> x) { return std::vector<Value>{mul_scalar(x[0], 2)}; };
  good.reference = [](std::span<const Array> x) {
    Array y = x[0];
    for (double& value : y.data) value *= 2;
    return std::vector<Array>{y};
  };
  CHECK(checker.check(good).empty());

  OpCase wrong = good;
  wrong.reference = [](std::span<const Array> x) { return std::vector<Array>{x[0]}; };
  const std::vector<std::string> reasons = checker.check(wrong);
  REQUIRE(reasons.size() >= 2);  // forward and gradient, and each kernel
  CHECK(contains(reasons[0], "forward, output y0: error"));
  CHECK(contains(reasons.back(), "gradient"));

  OpCase longer = good;
  longer.reference = [](std::span<const Array>) { return std::vector<Array>{Array(Shape{6})}; };
  REQUIRE(checker.check(longer).size() == 1);
  CHECK(contains(checker.check(longer)[0], "inferred"));
}

TEST_CASE("selftest: the command") {
  const TemporaryFolder folder;
  const Finished one = run_tuff({"selftest", "--filter", "^(fill|adam)$", "--json", (folder / "result.json").string()});
  CAPTURE(one.err);
  REQUIRE(one.code == 0);
  CHECK(contains(one.out, "fill"));
  CHECK(std::regex_search(one.out, std::regex("all [0-9]+ cases passed on ")));
  const auto json = nlohmann::json::parse(file_text(folder / "result.json"));
  REQUIRE(json["ops"].size() == 2);
  CHECK(json["ops"][0]["op"] == "fill");
  CHECK(json["ops"][0]["cases"] > 3);
  CHECK(json["ops"][1]["failed"].empty());
}

TEST_CASE("selftest: what it can't do") {
  check_refused(run_tuff({"selftest", "--dtype", "f64"}), {"--dtype f64", "f32 or f16"});
  check_refused(run_tuff({"selftest", "--dtype", "f16"}, "TUFF_CAPS=minimal"), {"no 16-bit storage"});
  CHECK(run_tuff({"selftest", "--filter", "no such op"}).code == 1);
  CHECK(run_tuff({"selftest", "--filter", "("}).code == 1);
}

}  // namespace tuff::test
