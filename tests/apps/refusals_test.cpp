// What every task refuses before it does any work: data that it can't learn from.
#include <doctest/doctest.h>

#include <algorithm>
#include <filesystem>
#include <functional>
#include <limits>
#include <string>
#include <vector>

#include "io/image.h"
#include "support/child.h"
#include "tasks/networks.h"
#include "tasks/signals.h"
#include "train/options.h"

namespace tuff::test {
namespace {

namespace fs = std::filesystem;
using Words = std::vector<std::string>;

constexpr std::int64_t kSide = 64;

// images/n0.tif ... and masks/n0.tif ... of two squares each, as floats; `change` spoils them.
struct Folder {
  fs::path path;

  explicit Folder(const std::string& name, const std::function<void(int, Image& image, Image& mask)>& change = {})
      : path(scratch_folder(name)) {
    for (const char* kind : {"images", "masks"}) fs::create_directories(path / kind);
    for (int i = 0; i < 4; ++i) {
      Image image(1, kSide, kSide), mask(1, kSide, kSide);
      for (std::size_t at = 0; at < image.values.size(); ++at) {
        const std::size_t y = at / kSide, x = at % kSide;
        const int id = y > 9 && y < 20 && x > 9 && x < 20 ? 1 : y > 29 && y < 40 && x > 29 ? 2 : 0;
        mask.values[at] = static_cast<float>(id);
        image.values[at] = static_cast<float>(10 + 60 * id + static_cast<int>(at * 7 % 11)) / 200;
      }
      if (change) change(i, image, mask);
      image.info.kind = FileKind::tiff;
      image.info.sample = SampleKind::floating;
      image.info.bits = 32;
      write_image(path / "images" / ("n" + std::to_string(i) + ".tif"), image);
      write_image(path / "masks" / ("n" + std::to_string(i) + ".png"), mask);
    }
  }
  std::string operator/(const std::string& name) const { return (path / name).string(); }
};

// `tuff train NETWORK` on a folder, as small as can be.
Words train(const std::string& network, const Folder& data) {
  Words words = {"train", network, "--images", data / "images", "--out", data / "run", "--steps", "1", "--batch", "2"};
  const auto has = [&](const char* option) { return applies(*find_field(option), network); };
  if (has("masks") && network != "p4")
    words = joined(words, {"--masks", data / "masks"});
  else if (network == "insilico")
    words = joined(words, {"--targets", data / "masks"});
  if (network == "denoiser") words = joined(words, {"--noise", "gaussian:0.1"});
  if (network == "deepmedic")
    words = joined(words, {"--crop", "57"});
  else if (network == "rootpainter")
    words = joined(words, {"--crop", "46", "--depth", "1", "--undefined", "-1", "--foreground", "1,2"});
  else if (has("crop"))
    words = joined(words, {"--crop", "32"});
  else if (network == "cnn" || network == "mlp")
    words = joined(words, {"--size", "18"});
  else
    words = joined(words, {"--size", "64"});
  if (network == "cnn") words = joined(words, {"--depth", "2"});
  return words;
}

// All but those for signals (signals_test.cpp) and p4, which takes labels of whole images alone.
std::vector<std::string> networks() {
  std::vector<std::string> names;
  for (const TrainableModel& model : trainable_models())
    if (!takes_signals(model.name) && model.name != "p4") names.emplace_back(model.name);
  return names;
}

}  // namespace

TEST_CASE("refusals: values that are no finite numbers, by file and place") {
  const Folder data("refusals_nan", [](int, Image& image, Image&) {
    image.values[3 * kSide + 5] = std::numeric_limits<float>::quiet_NaN();
  });
  for (const std::string& network : networks()) {
    CAPTURE(network);
    check_refused(run_tuff(train(network, data)), {"images/n", is_autoencoder(network) ? "nan" : "y 3, x 5"});
  }
}

TEST_CASE("refusals: masks in which there is nothing, or nothing else") {
  for (const float only : {0.0f, 1.0f}) {
    const Folder data("refusals_masks", [&](int, Image&, Image& mask) { std::ranges::fill(mask.values, only); });
    for (const std::string& network : networks()) {
      const bool learns_masks = applies(*find_field("masks"), network);
      if (!learns_masks) continue;
      CAPTURE(network);
      check_refused(run_tuff(train(network, data)), {"--masks"});
      CHECK(!fs::exists(data.path / "run"));
    }
  }
}

TEST_CASE("refusals: numbers of channels that differ, volumes where images are wanted, folders without images") {
  const Folder mixed("refusals_channels", [](int i, Image& image, Image&) {
    if (i == 2) image = Image(3, kSide, kSide);
  });
  const Folder stacks("refusals_stacks",
                      [](int, Image& image, Image&) { image = Image(1, ImageSize(5, kSide, kSide)); });
  const Folder none("refusals_none");
  fs::remove_all(none.path / "images");
  fs::create_directory(none.path / "images");
  for (const std::string& network : networks()) {
    CAPTURE(network);
    check_refused(run_tuff(train(network, mixed)), {"images/n", "channel"});
    // Without masks each slice is an image.
    const Words of_stacks = train(network, stacks);
    if (std::ranges::any_of(of_stacks, [](const std::string& word) { return word.ends_with("masks"); }))
      check_refused(run_tuff(of_stacks), {"n0"});
    check_refused(run_tuff(train(network, none)), {"images"});
    for (const Folder* folder : {&mixed, &stacks, &none}) CHECK(!fs::exists(folder->path / "run"));
  }
}

TEST_CASE("refusals: images where volumes are wanted") {
  const Folder data("refusals_dims");
  for (const std::string& network : networks()) {
    if (!applies(*find_field("dims"), network)) continue;
    CAPTURE(network);
    Words words = joined(train(network, data), {"--dims", "3", "--axes", "ZYX"});
    check_refused(run_tuff(words), {"--dims 3: \"n0\" is an image, no stack of slices"});
  }
}

}  // namespace tuff::test
