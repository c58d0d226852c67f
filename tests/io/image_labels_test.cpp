#include "io/image_labels.h"

#include <doctest/doctest.h>

#include <algorithm>

#include "base/error.h"
#include "base/os.h"
#include "io/idx.h"
#include "support/files.h"

using namespace tuff;
using namespace tuff::test;

namespace {

namespace fs = std::filesystem;
using Labels = std::vector<std::int32_t>;
using Names = std::vector<std::string>;

std::int64_t same(std::int64_t side) {
  return side;
}

void write_grey(const fs::path& file, float value) {
  fs::create_directories(file.parent_path());
  Image image(1, 2, 2);
  std::ranges::fill(image.values, value);
  write_image(file, image);
}

LabelledImages open(const fs::path& path, const std::string& labels, const Names& known = {}) {
  return open_labelled_images(std::span(&path, 1), {.labels = labels, .known = known}, {}, 0, Fit::pad, same);
}

std::string refusal(const fs::path& path, const std::string& labels, const Names& known = {}) {
  return error_of([&] { open(path, labels, known); });
}

std::vector<std::byte> idx_labels(const std::vector<int>& labels) {
  std::vector<std::byte> bytes;
  for (const int value : {0, 0, 8, 1, 0, 0, 0, static_cast<int>(labels.size())})
    bytes.push_back(static_cast<std::byte>(value));
  for (const int label : labels) bytes.push_back(static_cast<std::byte>(label));
  return bytes;
}

// a.png, b.png and c.png.
void write_three(const fs::path& folder) {
  for (const char* name : {"a.png", "b.png", "c.png"}) write_grey(folder / name, 10);
}

}  // namespace

TEST_CASE("image labels: one folder a class, sorted, numbers by value") {
  const TemporaryFolder folder;
  for (const char* name : {"10/x.png", "9/x.png", "9/y.png", "round/x.png"}) write_grey(folder / name, 10);
  const LabelledImages images = open(folder.path(), "folders");
  CHECK(images.classes == Names{"9", "10", "round"});
  CHECK(images.labels == Labels{0, 0, 1, 2});
  CHECK(images.images.name(1) == "y");
  CHECK(images.fingerprint() != images.images.fingerprint());
  CHECK(open(folder.path(), "folders", {"round", "10", "9"}).labels == Labels{2, 2, 1, 0});
  CHECK(contains(refusal(folder.path(), "folders", {"9", "10"}), "of the class \"round\"; the model knows 9, 10"));
  CHECK(contains(refusal(folder / "9", "folders"), "holds no folders"));
  CHECK(contains(refusal(folder / "none", "folders"), "is no folder"));
  fs::remove_all(folder / "10");
  fs::remove_all(folder / "round");
  CHECK(contains(refusal(folder.path(), "folders"), "at least two classes"));
}

TEST_CASE("image labels: a table of names and classes") {
  const TemporaryFolder folder;
  write_three(folder / "images");
  const std::string table = (folder / "labels.csv").string();
  const auto with = [&](const std::string& text) {
    os::write_file(table, text);
    return table;
  };
  const fs::path images = folder / "images";
  const LabelledImages read =
      open(images,
           with("\xef\xbb\xbfname,class\r\nc.png, oval\r\n\"a\",\"round\"\r\nimages/b.png,oval\r\nother,square\r\n"));
  CHECK(read.classes == Names{"oval", "round"});
  CHECK(read.labels == Labels{1, 0, 0});
  CHECK(open(images, with("a,x\n\"b\",\"round, \"\"large\"\"\"\nc,x\n")).classes == Names{"round, \"large\"", "x"});
  CHECK(contains(refusal(images, with("a,x\nb,y\n")), "no line for the image c"));
  CHECK(contains(refusal(images, with("a,x\nb,y\nc,z\na,y\n")), "line 4: a has the class y here and x before"));
  CHECK(contains(refusal(images, with("a,x\nb\n")), "line 2: \"b\" is no name and class"));
  CHECK(contains(refusal(images, with("a,x\nb,\n")), "line 2: b has no class"));
  CHECK(contains(refusal(images, with("a,x\nb,x\nc,x\n")), "at least two classes"));
}

TEST_CASE("image labels: an idx file, in the order of the images") {
  const TemporaryFolder folder;
  write_three(folder / "images");
  const fs::path file = folder / "labels.idx";
  os::write_file(file, idx_labels({7, 0, 7}));
  const LabelledImages images = open(folder / "images", file.string());
  CHECK(images.classes == Names{"0", "7"});
  CHECK(images.labels == Labels{1, 0, 1});
  os::write_file(file, idx_labels({7, 0}));
  CHECK(contains(refusal(folder / "images", file.string()), "has 2 labels, there are 3 images"));
  std::vector<std::byte> bytes = idx_labels({1, 2, 3});
  CHECK(parse_idx_labels(bytes, "x") == std::vector<std::uint8_t>{1, 2, 3});
  for (std::size_t length = 0; length < bytes.size(); ++length)
    CHECK(contains(error_of([&] { parse_idx_labels(std::span(bytes).first(length), "hostile"); }), "hostile: "));
  bytes.push_back({});
  CHECK(contains(error_of([&] { parse_idx_labels(bytes, "x"); }), "more than the 3 labels"));
  bytes[3] = std::byte{3};
  CHECK(contains(error_of([&] { parse_idx_labels(bytes, "x"); }), "labels are bytes (0x08) with 1 axis"));
}

TEST_CASE("image labels: without a source there are none, and the images' fingerprint is theirs") {
  const TemporaryFolder folder;
  write_three(folder / "images");
  const LabelledImages images = open(folder / "images", "");
  CHECK(images.labels.empty());
  CHECK(images.classes.empty());
  CHECK(images.fingerprint() == images.images.fingerprint());
  const Names classes = {"a", "b"};
  CHECK(class_named(classes, "b") == 1);
  CHECK(contains(error_of([&] { class_named(classes, "c"); }), "no class \"c\"; the model knows a, b"));
}
