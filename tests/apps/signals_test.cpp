// Spectra, from their generation through every command that takes their networks.
#include <doctest/doctest.h>

#include <filesystem>
#include <string>
#include <vector>

#include "io/signals.h"
#include "support/child.h"

namespace tuff::test {
namespace {

namespace fs = std::filesystem;
using Words = std::vector<std::string>;

const Words kSmall = {"--base", "4", "--depth", "2", "--batch", "4"};

void check_model(const std::string& run) {
  require_done(run_tuff({"explain", run}));
  require_done(run_tuff({"profile", run, "--train", "--runs", "1"}));
  require_done(run_tuff({"convert", run, run + ".onnx"}));
}

}  // namespace

TEST_CASE("signals: a denoiser is trained, goes on, denoises, is judged") {
  const fs::path folder = scratch_folder("signals_denoiser");
  const std::string spectra = (folder / "spectra.npy").string(), clean = (folder / "clean.npy").string();
  require_done(run_tuff({"synthesize", "spectra", "--out", folder.string(), "--count", "16", "--length", "70"}));
  CHECK(contains(file_text(folder / "classes.txt"), "lorentzian"));
  const std::string run = (folder / "run").string(), results = (folder / "results").string();
  require_done(run_tuff(joined(
      {"train", "signal-denoiser", "--signals", spectra, "--targets", clean, "--out", run, "--steps", "2"}, kSmall)));
  require_done(run_tuff({"train", "--out", run, "--resume", "--steps", "4"}));
  require_done(run_tuff({"predict", run, spectra, "--out", results}));
  const Signals denoised = read_signals(fs::path(results) / "spectra.npy");
  CHECK(denoised.count() == 16);
  CHECK(denoised.length == 70);
  CHECK(fs::exists(fs::path(results) / "spectra.png"));
  const Finished scores = run_tuff({"evaluate", run, "--signals", spectra, "--targets", clean, "--json", "-", "--sheet",
                                    (folder / "sheet.png").string()});
  require_done(scores);
  CHECK(contains(scores.out, "\"psnr\""));
  CHECK(contains(scores.out, "\"input\""));
  CHECK(fs::exists(folder / "sheet.png"));
  check_model(run);
  check_refused(run_tuff({"predict", run, spectra, "--out", folder.string()}), {"would replace"});
  check_refused(run_tuff({"evaluate", run, "--signals", spectra}), {"--targets is missing"});
  check_refused(run_tuff({"evaluate", run, "--signals", spectra, "--targets", clean, "--confusion", "c.csv"}),
                {"--confusion", "leave it out"});
  check_refused(run_tuff({"predict", run, spectra, "--out", results, "--replace-nan"}), {"--replace-nan"});
  check_refused(run_tuff(joined({"train", "signal-denoiser", "--signals", clean, "--out", run + "2"}, kSmall)),
                {"--noise is missing"});
  check_refused(run_tuff({"train", "--out", run, "--resume", "--steps", "5", "--signals", clean}),
                {"not the", "that the run was begun with"});
}

TEST_CASE("signals: a classifier is trained from CSV, goes on, says classes, is judged") {
  const fs::path folder = scratch_folder("signals_classifier");
  require_done(run_tuff(
      {"synthesize", "spectra", "--out", folder.string(), "--count", "24", "--length", "64", "--format", "csv"}));
  const std::string spectra = (folder / "spectra.csv").string(), clean = (folder / "clean.csv").string();
  const std::string run = (folder / "run").string(), results = (folder / "results").string();
  require_done(run_tuff(joined(
      {"train", "signal-classifier", "--signals", spectra, "--label-column", "class", "--out", run, "--steps", "2"},
      kSmall)));
  require_done(run_tuff({"train", "--out", run, "--resume", "--steps", "4"}));
  require_done(run_tuff({"predict", run, spectra, clean, "--out", results}));  // one with the column, one without
  CHECK(file_text(fs::path(results) / "clean_classes.csv").starts_with("number,class,gaussian,lorentzian,tailed\n1,"));
  CHECK(fs::exists(fs::path(results) / "spectra_classes.csv"));
  const Finished scores = run_tuff({"evaluate", run, "--signals", spectra});
  require_done(scores);
  CHECK(contains(scores.out, "24 signals  accuracy"));
  CHECK(contains(scores.out, "taken for"));
  const fs::path table = folder / "confusion.csv", picture = folder / "confusion.png";
  require_done(run_tuff({"evaluate", run, "--signals", spectra, "--confusion", table.string()}));
  CHECK(file_text(table).starts_with("truth,gaussian,lorentzian,tailed\ngaussian,"));
  require_done(run_tuff({"evaluate", run, "--signals", spectra, "--confusion", picture.string()}));
  CHECK(fs::exists(picture));
  check_model(run);
  check_refused(run_tuff(joined({"train", "signal-classifier", "--signals", clean, "--out", run + "2"}, kSmall)),
                {"--label-column is missing"});
  check_refused(run_tuff({"evaluate", run, "--signals", clean}), {"--label-column class"});
}

}  // namespace tuff::test
