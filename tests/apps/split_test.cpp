// What training does with images that it doesn't train on: validation from a folder, folds, a held-out test, early
// stopping; and the finder of learning rates, which trains nothing.
#include <doctest/doctest.h>
#include <fmt/format.h>

#include <algorithm>
#include <filesystem>
#include <nlohmann/json.hpp>
#include <set>
#include <string>
#include <vector>

#include "support/child.h"
#include "support/nuclei.h"

namespace tuff::test {
namespace {

namespace fs = std::filesystem;
using Words = std::vector<std::string>;

struct Data {
  explicit Data(const std::string& name, int count = 8) : folder(nuclei_folder(name, count, 32)) {}

  std::string operator/(const std::string& name) const { return (folder / name).string(); }
  // A tiny network; an epoch has 100 steps.
  Words train(const std::string& run, const Words& more) const {
    Words words = {"train",     "unet",    "--images",  *this / "images", "--masks", *this / "masks", "--out",
                   *this / run, "--depth", "1",         "--base",         "2",       "--crop",        "16",
                   "--batch",   "1",       "--augment", "flip,rot90"};
    words.insert(words.end(), more.begin(), more.end());
    return words;
  }

  fs::path folder;
};

std::vector<std::string> lines_of(const fs::path& file) {
  std::vector<std::string> lines;
  std::string text = file_text(file);
  for (std::size_t end; (end = text.find('\n')) != text.npos; text.erase(0, end + 1))
    lines.push_back(text.substr(0, end));
  return lines;
}

}  // namespace

TEST_CASE("training: a held-out test is scored once, by the best model, and evaluate finds the same images") {
  const Data data("split_test", 10);
  const Finished trained = run_tuff(data.train("run", {"--epochs", "2", "--test-fraction", "0.2", "--seed", "3"}));
  require_done(trained);
  CHECK(contains(trained.out, "held-out test, 2 images: Dice"));
  const auto held_out = nlohmann::json::parse(file_text(data.folder / "run" / "test.json"));
  CHECK(held_out["images"].size() == 2);
  const auto evaluated = [&](const std::string& part) {
    const Finished scores = run_tuff({"evaluate", data / "run", "--split", part, "--json", "-"});
    require_done(scores);
    return nlohmann::json::parse(scores.out);
  };
  const auto test = evaluated("test");
  CHECK(test["mean"]["dice"].get<double>() == held_out["dice"].get<double>());
  std::set<std::string> names;
  std::size_t count = 0;
  for (const std::string part : {"train", "validation", "test"}) {
    const auto scores = evaluated(part);
    for (const auto& image : scores["images"]) {
      names.insert(image["name"].get<std::string>());
      ++count;
      if (part == "test") CHECK(std::ranges::find(held_out["images"], image["name"]) != held_out["images"].end());
    }
  }
  CHECK((count == 10 && names.size() == 10));
  // The validation's best score is the one that evaluate finds by itself.
  const auto rows = lines_of(data.folder / "run" / "metrics.csv");
  CHECK(contains(rows[1] + rows[2], fmt::format(",{},", evaluated("validation")["mean"]["dice"].get<double>())));
  check_refused(run_tuff({"evaluate", data / "run/best.safetensors", "--split", "test"}), {"is no folder of a run"});
  check_refused(run_tuff({"evaluate", data / "run"}), {"--images is missing"});
  fs::remove(data.folder / "images" / "n9.png");
  fs::remove(data.folder / "masks" / "n9.png");
  check_refused(run_tuff({"evaluate", data / "run", "--split", "test"}), {"not the images that", "was begun with"});
}

TEST_CASE("training: validation from a folder, plateau and patience, equal bits after an interruption") {
  const Data data("split_plateau"), other("split_plateau_validation", 3);
  const Words common = {"--val-images", other / "images", "--val-masks",   other / "masks",
                        "--schedule",   "plateau",        "--lr-patience", "0",
                        "--lr",         "0.02",           "--seed",        "1"};
  const auto run = [&](const std::string& name, const Words& more) {
    Words words = data.train(name, common);
    words.insert(words.end(), more.begin(), more.end());
    const Finished finished = run_tuff(words);
    require_done(finished);
    return finished.out;
  };
  run("whole", {"--epochs", "5"});
  run("parts", {"--epochs", "2"});
  require_done(run_tuff({"train", "--out", data / "parts", "--resume", "--steps", "250"}));
  require_done(run_tuff({"train", "--out", data / "parts", "--resume", "--epochs", "5"}));
  CHECK(file_text(data.folder / "whole/losses.csv") == file_text(data.folder / "parts/losses.csv"));
  const auto rates = [&](const std::string& name) {
    std::vector<std::string> found;
    for (const std::string& line : lines_of(data.folder / name / "metrics.csv")) {
      const std::size_t last = line.rfind(','), before = line.rfind(',', last - 1);
      found.push_back(line.substr(before + 1, last - before - 1));
    }
    return found;
  };
  const std::vector<std::string> whole = rates("whole");
  CHECK(std::set<std::string>(whole.begin() + 1, whole.end()).size() > 1);  // validation stood still once
  CHECK(whole.back() == rates("parts").back());

  const std::string patient = run("patient", {"--epochs", "40", "--patience", "1"});
  CHECK(contains(patient, "ended by --patience 1"));
  const std::size_t epochs = lines_of(data.folder / "patient/metrics.csv").size();
  CHECK(epochs < 30);
  require_done(run_tuff({"train", "--out", data / "patient", "--resume"}));  // it has ended
  CHECK(lines_of(data.folder / "patient/metrics.csv").size() == epochs);
  require_done(run_tuff({"train", "--out", data / "patient", "--resume", "--patience", "3"}));
  CHECK(lines_of(data.folder / "patient/metrics.csv").size() > epochs);
}

TEST_CASE("training: all folds, their mean, and a fold that was lost") {
  const Data data("split_folds");
  const Finished trained = run_tuff(data.train("cv", {"--epochs", "1", "--folds", "3", "--test-fraction", "0.1"}));
  require_done(trained);
  CHECK(contains(trained.out, "deviation"));
  const std::string table = file_text(data.folder / "cv/folds.csv");
  CHECK(table.starts_with("fold,step,val_dice"));
  CHECK(contains(table, "test_dice"));
  CHECK(lines_of(data.folder / "cv/folds.csv").size() == 6);
  fs::remove_all(data.folder / "cv/fold2");
  fs::remove(data.folder / "cv/folds.csv");
  require_done(run_tuff({"train", "--out", data / "cv", "--resume"}));
  CHECK(file_text(data.folder / "cv/folds.csv") == table);
  require_done(run_tuff(data.train("one", {"--epochs", "1", "--folds", "3", "--fold", "2", "--test-fraction", "0.1"})));
  CHECK(file_text(data.folder / "one/losses.csv") == file_text(data.folder / "cv/fold2/losses.csv"));
}

TEST_CASE("training: the finder of learning rates leaves a table and a plot, and the run can be begun there") {
  const Data data("split_find_lr");
  const Finished found = run_tuff(data.train("run", {"--find-lr", "--steps", "60"}));
  require_done(found);
  CHECK(contains(found.out, "suggested: --lr "));
  std::set<std::string> files;
  for (const auto& file : fs::directory_iterator(data.folder / "run")) files.insert(file.path().filename().string());
  CHECK(files == std::set<std::string>{"find-lr.csv", "find-lr.png"});
  require_done(run_tuff(data.train("run", {"--steps", "3"})));
  check_refused(run_tuff(data.train("run", {"--find-lr"})), {"exists already"});
}

TEST_CASE("training: choices of images that contradict each other are refused") {
  const Data data("split_refusals", 4);
  const auto refused = [&](const Words& more, const std::string& part) {
    check_refused(run_tuff(data.train("run", more)), {part});
    CHECK(!fs::exists(data.folder / "run"));
  };
  const std::string images = data / "images", masks = data / "masks";
  refused({"--val-images", images}, "--val-masks is missing");
  refused({"--val-masks", masks}, "goes with --val-images");
  refused({"--val-images", images, "--val-masks", masks, "--folds", "3"}, "leave --val-images out");
  refused({"--folds", "1"}, "use 2 or more");
  refused({"--folds", "5"}, "--folds 5: there are 4");
  refused({"--fold", "2"}, "goes with --folds");
  refused({"--folds", "2", "--fold", "3"}, "numbered from 1 to 2");
  refused({"--val-fraction", "0", "--patience", "2"}, "no images are held back");
  refused({"--val-fraction", "0", "--schedule", "plateau"}, "no images are held back");
  refused({"--schedule", "one-cycle", "--warmup", "5"}, "leave --warmup out");
  refused({"--find-lr", "--resume"}, "leave --resume out");
}

}  // namespace tuff::test
