// tuff search, as a user runs it.
#include <doctest/doctest.h>

#include <filesystem>
#include <string>
#include <vector>

#include "support/child.h"
#include "support/nuclei.h"

namespace tuff::test {
namespace {

namespace fs = std::filesystem;
using Words = std::vector<std::string>;

struct Search {
  explicit Search(const std::string& name) : folder(nuclei_folder(name, 6, 32)) {}

  std::string operator/(const std::string& name) const { return (folder / name).string(); }
  Words words(const std::string& out, const Words& more) const {
    Words all = {"search",    "unet",    "--images", *this / "images", "--masks", *this / "masks", "--out",
                 *this / out, "--depth", "1",        "--base",         "2",       "--crop",        "16",
                 "--batch",   "1"};
    all.insert(all.end(), more.begin(), more.end());
    return all;
  }
  // The table without its last column, which is time.
  std::string table(const std::string& out) const {
    std::string text = file_text(folder / out / "trials.csv"), result;
    for (std::size_t end; (end = text.find('\n')) != text.npos; text.erase(0, end + 1)) {
      const std::string line = text.substr(0, end);
      result += line.substr(0, line.rfind(',')) + "\n";
    }
    return result;
  }

  fs::path folder;
};

}  // namespace

TEST_CASE("search: a grid by halving with a trial that fails, the best command, and the same after a loss") {
  const Search search("search_grid");
  const Finished found =
      run_tuff(search.words("out", {"--vary", "lr=0.01,0.001,1e6", "--vary", "norm=batch,none", "--method", "grid",
                                    "--stop", "halving", "--epochs", "3", "--test-fraction", "0.2"}));
  require_done(found);
  CHECK(contains(found.out, "6 trials: "));
  CHECK(contains(found.out, "\ntuff train unet --images "));
  CHECK(found.out.ends_with(" --out RUN\n"));
  const std::string table = search.table("out");
  CHECK(table.starts_with("trial,status,epochs,lr,norm,best_epoch,val_dice"));
  CHECK(contains(table, ",stopped,1,"));
  CHECK(contains(table, ",done,3,"));
  CHECK(contains(table, ",failed,0,1e6,none,"));
  CHECK(fs::exists(search.folder / "out/trials.png"));
  CHECK(!fs::exists(search.folder / "out/trial001/test.json"));  // nobody looks at the test
  fs::remove_all(search.folder / "out/trial002");
  fs::remove(search.folder / "out/trials.csv");
  const Finished again = run_tuff({"search", "--out", search / "out", "--resume"});
  require_done(again);
  CHECK(search.table("out") == table);
  CHECK(again.out == found.out);
}

TEST_CASE("search: random trials by the median rule, and more of them later") {
  const Search search("search_random");
  const Words vary = {"--vary", "lr=log:1e-5..1e-1", "--epochs", "2"};
  Words few = vary, more = vary;
  few.insert(few.end(), {"--trials", "3"});
  more.insert(more.end(), {"--trials", "5"});
  require_done(run_tuff(search.words("few", few)));
  require_done(run_tuff({"search", "--out", search / "few", "--resume", "--trials", "5"}));
  require_done(run_tuff(search.words("more", more)));
  CHECK(search.table("few") == search.table("more"));
}

TEST_CASE("search: what it refuses") {
  const Search search("search_refusals");
  const auto refused = [&](const Words& more, const std::string& part) {
    check_refused(run_tuff(search.words("out", more)), {part});
    CHECK(!fs::exists(search.folder / "out"));
  };
  refused({}, "--vary is missing");
  refused({"--vary", "base=2,4", "--steps", "10"}, "give --epochs");
  refused({"--vary", "base=2,4", "--folds", "3"}, "don't go with a search");
  refused({"--vary", "base=2,4", "--vary", "base=8"}, "is given twice");
  refused({"--vary", "base=2,4", "--trials", "3"}, "only about 2 different");
  refused({"--vary", "base=2,4", "--method", "grid", "--trials", "3"}, "goes with --method random");
  refused({"--vary", "base=2,4", "--val-fraction", "0", "--trials", "2"}, "no images are held back");
  refused({"--vary", "skip=concat,none", "--attention", "--method", "grid"}, "trial 2 (skip none): --attention");
  check_refused(run_tuff({"search", "--out", search / "none", "--resume"}), {"holds no search"});
  check_refused(run_tuff({"search", "--out", search / "none", "--vary", "lr=1,2"}), {"say which network"});
}

}  // namespace tuff::test
