// tuff bench on the device under test: times, their report, and results checked against the portable kernels'.
#include <doctest/doctest.h>

#include <algorithm>
#include <fstream>
#include <nlohmann/json.hpp>
#include <span>
#include <string>

#include "apps/bench/report.h"
#include "base/clocks.h"
#include "base/os.h"
#include "embedded.h"
#include "support/child.h"
#include "support/files.h"
#include "support/skip.h"
#include "support/test_device.h"
#include "support/test_layer.h"

namespace tuff::test {

TEST_CASE("bench: one case in all passes, and its report") {
  const TemporaryFolder folder;
  const std::string file = (folder / "report.json").string();
  const Finished finished = run_tuff({"bench", "--suite", "cpu", "--case", "^(unet_in|max_pool_16|adam_500k)$",
                                      "--samples", "3", "--seconds", "0", "--json", file});
  CAPTURE(finished.err);
  REQUIRE(finished.code == 0);
  CHECK(contains(finished.out, "peaks: "));
  const nlohmann::json report = bench::read_report(file);
  CHECK(report["peaks"]["flops"].get<double>() > 0);
  CHECK(report["peaks"]["bytes"].get<double>() > 0);
  CHECK((report["peaks"]["matrix_flops"].get<double>() > 0) == (test_device().caps().cooperative_matrix.m > 0));
  CHECK_FALSE(report["device"]["name"].get<std::string>().empty());
  if (test_device().caps().is_cpu()) {
    const bool known = os::cpu_clocks().core > 0;
    REQUIRE(report.contains("clocks") == known);
    if (known) CHECK(report["clocks"]["core_mhz"].get<double>() > 100);
  }
  const bool half = !contains(finished.out, "f16 is left out");
  REQUIRE(report["results"].size() == (half ? 11 : 6));  // 3 + 2 passes in one or two types, and an update
  for (const nlohmann::json& result : report["results"]) {
    CAPTURE(result.dump());
    CHECK(result["warm"]["samples"] == 3);
    CHECK(result["cold"]["samples"] == 3);
    CHECK(result["warm"]["median"].get<double>() > 0);
    CHECK_FALSE(result["kernels"].empty());
    if (result["pass"] != "update") CHECK(result["error"].get<double>() < 1e-2);
  }
}

TEST_CASE("bench: one kernel in all its settings") {
  const TemporaryFolder folder;
  const std::string file = (folder / "report.json").string();
  const auto bench_shader = [&](const std::string& name) {
    return run_tuff({"bench", "--suite", "cpu", "--case", "^up_32$", "--shader", name, "--dtype", "f32", "--samples",
                     "1", "--seconds", "0", "--no-cold", "--json", file});
  };
  const Finished finished = bench_shader("tiled_gemm");
  CAPTURE(finished.err);
  REQUIRE(finished.code == 0);
  const nlohmann::json report = bench::read_report(file);
  std::size_t refused = 0;
  for (std::size_t at = finished.out.find("refused: "); at != std::string::npos;
       at = finished.out.find("refused: ", at + 1))
    ++refused;
  REQUIRE(report["results"].size() + refused == 3 * 7);  // three passes by the best tile and by each of six
  CHECK(report["results"][0]["kernels"][0] == "conv_transpose/tiled_gemm");
  for (const nlohmann::json& result : report["results"]) CHECK(result["error"].get<double>() < 1e-4);

  const Finished unknown = bench_shader("no_such_kernel");
  CHECK(unknown.code == 1);
  CHECK(contains(unknown.err, "--shader no_such_kernel: no kernel of these cases is named so"));
}

// One small case, and what the driver tells of its shaders.
static Finished bench_statistics(const std::string& file) {
  return run_tuff({"bench", "--suite", "cpu", "--case", "^max_pool_16$", "--samples", "1", "--seconds", "0",
                   "--no-cold", "--dtype", "f32", "--statistics", "--json", file});
}

TEST_CASE("bench: what the driver tells of shaders") {
  const TemporaryFolder folder;
  const std::string file = (folder / "report.json").string();
  const Finished finished = bench_statistics(file);
  CAPTURE(finished.err);
  REQUIRE(finished.code == 0);
  const nlohmann::json pipelines = bench::read_report(file)["pipelines"];
  if (!test_device().description().pipeline_statistics) {
    CHECK(pipelines.empty());
    CHECK(contains(finished.out, "the driver tells nothing of the shaders"));
    test::skip("the driver tells nothing of its shaders (VK_KHR_pipeline_executable_properties)");
    return;
  }
  const auto pooled = std::ranges::find_if(pipelines, [](const nlohmann::json& pipeline) {
    return pipeline["shader"].get<std::string>().starts_with("pool/max_pool");
  });
  REQUIRE(pooled != pipelines.end());
  CHECK(!(*pooled)["statistics"].empty());
}

TEST_CASE("bench: a network, timed as a whole") {
  const TemporaryFolder folder;
  const std::string file = (folder / "report.json").string();
  const Finished finished = run_tuff({"bench", "--suite", "cpu", "--case", "^vae_16$", "--samples", "2", "--seconds",
                                      "0", "--dtype", "f32", "--json", file});
  CAPTURE(finished.err);
  REQUIRE(finished.code == 0);
  const nlohmann::json report = bench::read_report(file);
  REQUIRE(report["results"].size() == 2);
  for (const nlohmann::json& result : report["results"]) {
    CHECK(result["flops"].get<double>() > 1e6);
    CHECK(result["memory"]["scratch_bytes"].get<double>() >= result["memory"]["peak_live_bytes"].get<double>());
  }
}

TEST_CASE("bench: anyone's shader") {
  const TemporaryFolder folder;
  const std::string shader = (folder / "shader.spv").string(), file = (folder / "report.json").string();
  for (const EmbeddedShader& embedded : embedded_shaders())
    if (embedded.name == "bench/copy.vec4_1") {
      const std::vector<std::uint32_t> spirv = embedded.spirv();
      os::write_file(shader, std::as_bytes(std::span(spirv)));
    }
  const Finished finished =
      run_tuff({"bench", "--spv", shader, "--spec", "64,1,1", "--groups", "16", "--buffers", "16k,16384", "--push",
                "0x400", "--bytes", "32768", "--samples", "3", "--seconds", "0", "--json", file});
  CAPTURE(finished.err);
  REQUIRE(finished.code == 0);
  CHECK(contains(finished.out, " GB/s ("));
  const nlohmann::json result = bench::read_report(file)["results"].at(0);
  CHECK(result["warm"]["median"].get<double>() > 0);
  CHECK(result["bytes"] == 32768);
  CHECK(run_tuff({"bench", "compare", file, file}).code == 0);

  const auto refused = [&](std::vector<std::string> more, const std::string& message) {
    std::vector<std::string> words = {"bench", "--spv", shader};
    words.insert(words.end(), more.begin(), more.end());
    const Finished answer = run_tuff(words);
    CAPTURE(answer.err);
    CHECK(answer.code == 1);
    CHECK(contains(answer.err, message));
  };
  refused({"--spec", "64,one"}, "--spec one: must be a whole number");
  refused({"--buffers", "4X"}, "--buffers 4X: must be a number of bytes");
  refused({"--groups", "0"}, "--groups 0: must be from 1 to 65535");
  refused({"--autotune"}, "--autotune chooses kernels of cases");
  os::write_file(shader, std::string("not SPIR-V, 20 bytes"));
  refused({}, "no SPIR-V");
}

TEST_CASE("bench latency: stages, frames, and other sizes that need no or few pipelines") {
  const TemporaryFolder folder;
  const std::string file = (folder / "report.json").string();
  const Finished finished = run_tuff(
      {"bench", "latency", "--base", "4", "--depth", "2", "--size", "32", "--frames", "20", "--cold", "--json", file});
  CAPTURE(finished.err);
  REQUIRE(finished.code == 0);
  const nlohmann::json report = bench::read_report(file);
  double sum = 0;
  for (const char* stage : {"process", "model", "instance and device", "parameters", "graph and plan", "pipelines",
                            "memory and commands", "first run"})
    sum += report["startup"][stage].get<double>();
  CHECK(sum == doctest::Approx(report["startup"]["all"].get<double>()));
  CHECK(report["results"][0]["warm"]["samples"] == 20);
  CHECK(report["results"][0]["p99"].get<double>() >= report["results"][0]["warm"]["median"].get<double>());
  REQUIRE(report["sizes"].size() == 3);
  CHECK(report["sizes"][0]["pipelines"] == 0);  // its executable is gone, its pipelines are there
  CHECK(report["sizes"][1]["anew"] > 0);
  CHECK(run_tuff({"bench", "latency", "--size", "33"}).code == 1);
  CHECK(contains(run_tuff({"bench", "latency", "--size", "33"}).err, "--size 33: the net can't take this size"));
}

TEST_CASE("bench: statistics of every type, from a driver that is pretended to tell") {
  const TestLayer layer("pipeline_statistics");
  const TemporaryFolder folder;
  const std::string file = (folder / "report.json").string();
  const Finished finished = bench_statistics(file);
  CAPTURE(finished.err);
  REQUIRE(finished.code == 0);
  CHECK(contains(finished.out, "): registers 48, spills -3, occupancy 0.75, scratch 1\n"));
  const nlohmann::json pipelines = bench::read_report(file)["pipelines"];
  CHECK(pipelines.size() > 1);
  for (const nlohmann::json& pipeline : pipelines) {
    CHECK_FALSE(pipeline["shader"].get<std::string>().empty());
    CHECK(pipeline["statistics"] ==
          nlohmann::json{{"registers", 48}, {"spills", -3}, {"occupancy", 0.75}, {"scratch", 1}});
  }

  // Nothing is asked of it where nobody wants to know.
  const Finished without = run_tuff({"bench", "--peaks", "--json", file});
  CAPTURE(without.err);
  REQUIRE(without.code == 0);
  CHECK_FALSE(contains(without.out, "registers"));
  CHECK_FALSE(bench::read_report(file).contains("pipelines"));
}

TEST_CASE("bench growth: tiles and batches") {
  const TemporaryFolder folder;
  const std::string file = (folder / "report.json").string();
  const Finished finished = run_tuff({"bench", "growth", "--base", "2", "--depth", "2", "--tile", "64", "--sizes",
                                      "100,200", "--batches", "1,2", "--json", file});
  CAPTURE(finished.err);
  REQUIRE(finished.code == 0);
  std::ifstream stream(file);
  const nlohmann::json report = nlohmann::json::parse(stream);
  REQUIRE(report["tiled"].size() == 2);
  CHECK(report["tiled"][1]["computed_pixels"].get<double>() > 40000);
  // Tiles of one size are all that is on the device, whatever the image's size.
  CHECK(report["tiled"][0]["device_bytes"] == report["tiled"][1]["device_bytes"]);
  CHECK(report["steps"].size() == 2);
  CHECK(report["tiled"][0]["tile_height"] == 64);

  // Fitted: in the memory that there is, 128x128 pixels at a time.
  const Finished fitted = run_tuff({"bench", "growth", "--base", "2", "--depth", "2", "--memory", "1M", "--sizes",
                                    "200,300", "--batches", "1", "--json", file});
  CAPTURE(fitted.err);
  REQUIRE(fitted.code == 0);
  const nlohmann::json fitted_report = nlohmann::json::parse(file_text(file));
  for (const nlohmann::json& time : fitted_report["tiled"]) {
    CHECK(time["device_bytes"] <= (1 << 20) + 100'000);  // the weights are beside
    CHECK(time["tile_height"] < time["size"]);
    CHECK(time["computed_pixels"] > time["pixels"]);
  }
}

}  // namespace tuff::test
