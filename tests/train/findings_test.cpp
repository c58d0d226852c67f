// Which layers the report names, and how.
#include <doctest/doctest.h>

#include <limits>

#include "support/files.h"
#include "train/layer_norms.h"
#include "train/norms_file.h"

using namespace tuff;

namespace {

LayerNorm weight(const std::string& name, double gradient) {
  return {.kind = LayerNorm::Kind::parameter, .name = name, .rms = 0.1, .gradient_rms = gradient, .matrix = true};
}

LayerNorm layer(const std::string& name, double rms, double zeros = 0) {
  return {.kind = LayerNorm::Kind::layer, .name = name, .rms = rms, .gradient_rms = 1e-4, .zeros = zeros};
}

std::vector<LayerNorm> sound() {
  return {layer("a", 1, 0.5),       layer("b", 0.01, 0.9),    layer("c", 100),
          weight("a.weight", 1e-3), weight("b.weight", 1e-5), weight("c.weight", 1e-1)};
}

std::vector<std::string> with(const LayerNorm& more) {
  std::vector<LayerNorm> norms = sound();
  norms.push_back(more);
  return findings(norms);
}

}  // namespace

TEST_CASE("findings: nothing is said of a network whose layers differ as levels do") {
  CHECK(findings(sound()).empty());
  CHECK(findings({}).empty());
  // A bias before a norm has no gradient, and needn't.
  LayerNorm bias = weight("a.bias", 0);
  bias.matrix = false;
  CHECK(with(bias).empty());
}

TEST_CASE("findings: what vanishes, explodes or is dead is named") {
  const auto only = [](const std::vector<std::string>& sentences, const char* what, const char* name) {
    CAPTURE(sentences.size());
    REQUIRE(sentences.size() == 1);
    CAPTURE(sentences[0]);
    CHECK(sentences[0].starts_with(what));
    CHECK(sentences[0].ends_with(std::string("\"") + name + "\""));
  };
  only(with(weight("d.weight", 1e-12)), "vanishing gradients", "d.weight");
  only(with(weight("d.weight", 0)), "no gradient reaches", "d.weight");
  only(with(weight("d.weight", 1e9)), "exploding gradients", "d.weight");
  only(with(weight("d.weight", std::numeric_limits<double>::quiet_NaN())), "exploding gradients", "d.weight");
  only(with(layer("d", 1e-9)), "vanishing outputs", "d");
  only(with(layer("d", 1e9)), "exploding outputs", "d");
  only(with(layer("d", 1, 0.995)), "dead ReLUs", "d");
}

TEST_CASE("norms file: rows come back as they were written, those after the checkpoint are dropped") {
  const test::TemporaryFolder folder;
  std::vector<LayerNormsRow> rows;
  for (const std::int64_t step : {50, 100})
    for (const LayerNorm& norm : sound()) rows.push_back({step, norm});
  rows[0].norm.rms = 1.0 / 3;
  write_norms(folder / "norms.csv", rows);
  CHECK(read_norms(folder / "norms.csv", 1000) == rows);
  CHECK(read_norms(folder / "norms.csv", 99).size() == sound().size());
  CHECK(read_norms(folder / "none.csv", 99).empty());
  CHECK(last_norms(rows) == sound());
}
