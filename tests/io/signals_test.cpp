// Files of signals: what is read, what is written, and what is refused.
#include "io/signals.h"

#include <doctest/doctest.h>

#include <cmath>

#include "base/error.h"
#include "base/os.h"
#include "io/npy.h"
#include "io/synthesize_spectra.h"
#include "support/files.h"

namespace tuff::test {
namespace {

namespace fs = std::filesystem;

fs::path written(const std::string& name, const std::string& text) {
  const fs::path file = fs::temp_directory_path() / ("tuff_signals_" + name);
  os::write_file(file, text);
  return file;
}

std::string refusal(const std::string& text, const std::string& column = {}) {
  const fs::path file = written("refused.csv", text);
  return error_of([&] { read_signals(file, column); });
}

}  // namespace

TEST_CASE("signals: CSV with and without heading, classes in any column, several separators") {
  const Signals bare = read_signals(written("bare.csv", "1,2,3\n4,5,6.5\r\n\n"));
  CHECK(bare.count() == 2);
  CHECK(bare.length == 3);
  CHECK(bare.values == std::vector<float>{1, 2, 3, 4, 5, 6.5f});
  CHECK(bare.labels.empty());
  const fs::path headed = written("headed.csv", "a;kind;b\n1;\"x\";2\n3;y;4\n");
  for (const char* column : {"kind", "2"}) {
    const Signals signals = read_signals(headed, column);
    CHECK(signals.values == std::vector<float>{1, 2, 3, 4});
    CHECK(signals.labels == std::vector<std::string>{"x", "y"});
  }
  const Signals own = read_signals(written("own.csv", "class\t1\t2\nx\t0\t1\n"));
  CHECK(own.length == 2);
  CHECK(own.labels == std::vector<std::string>{"x"});
  CHECK(read_signals(written("just.csv", "1,2\n3,4\n"), "kind", 2).labels.empty());
}

TEST_CASE("signals: what can't be meant is refused") {
  CHECK(contains(refusal("1,2,3\n4,5\n"), "row 2 has 2 columns where others have 3"));
  CHECK(contains(refusal("1,2\n4,5\n6,7,8\n"), "columns where others have"));
  CHECK(contains(refusal("1,2\n3,x\n"), "row 2, column 2: \"x\" is no number"));
  CHECK(contains(refusal("1,2\n3,nan\n"), "signal 2 has a value that is no finite number"));
  CHECK(contains(refusal("\n"), "holds no signals"));
  CHECK(contains(refusal("a,b\n"), "holds a heading and no signals"));
  CHECK(contains(refusal("a,b\n1,2\n", "kind"), "--label-column kind"));
  CHECK(contains(refusal("a,b\n1,2\n", "3"), "has 2 columns"));
  const fs::path cube = fs::temp_directory_path() / "tuff_signals_cube.npy";
  write_npy(cube, HostTensor(Shape{2, 2, 2, 2}));
  CHECK(contains(error_of([&] { read_signals(cube); }), "(N, L) or (N, channels, L) is wanted"));
}

TEST_CASE("signals: what is written is read again, as NumPy array and as CSV") {
  Signals signals{.channels = 1, .length = 3, .values = {0.1f, -2, 3e-7f, 4, 5, 6}, .labels = {"b", "a"}};
  const fs::path csv = fs::temp_directory_path() / "tuff_signals_again.csv",
                 npy = fs::temp_directory_path() / "tuff_signals_again.npy";
  write_signals(csv, signals);
  CHECK(read_signals(csv).values == signals.values);
  CHECK(read_signals(csv).labels == signals.labels);
  signals.channels = 3;
  signals.length = 1;
  write_signals(npy, signals);
  CHECK(read_signals(npy).values == signals.values);
  CHECK(read_signals(npy).channels == 3);
  CHECK(read_signals(npy).signal(1).values == std::vector<float>{4, 5, 6});
  CHECK_THROWS_AS(write_signals(csv, signals), Error);
}

TEST_CASE("signals: classes by name and by number") {
  CHECK(class_names(std::vector<std::string>{"b", "a", "b"}) == std::vector<std::string>{"a", "b"});
  CHECK(class_names(std::vector<std::string>{"10", "9"}) == std::vector<std::string>{"9", "10"});
  const std::vector<std::string> names = {"a", "b"};
  CHECK(class_indices(std::vector<std::string>{"b", "a"}, names) == std::vector<std::int32_t>{1, 0});
  CHECK_THROWS_AS(class_indices(std::vector<std::string>{"c"}, names), Error);
}

TEST_CASE("spectra: the same number gives the same spectrum, of every shape; noise is what it should be") {
  const SpectrumOptions options{.length = 256, .noise = 0.1};
  CHECK(synthesize_spectrum(options, 1, 7).noisy == synthesize_spectrum(options, 1, 7).noisy);
  CHECK(synthesize_spectrum(options, 1, 7).noisy != synthesize_spectrum(options, 1, 8).noisy);
  std::vector<int> shapes(kPeakShapes.size(), 0);
  double squares = 0;
  for (std::int64_t index = 0; index < 60; ++index) {
    const Spectrum spectrum = synthesize_spectrum(options, 3, index);
    ++shapes.at(static_cast<std::size_t>(spectrum.shape));
    for (std::size_t i = 0; i < spectrum.clean.size(); ++i)
      squares += std::pow(static_cast<double>(spectrum.noisy[i] - spectrum.clean[i]), 2);
  }
  for (const int count : shapes) CHECK(count > 8);
  CHECK(std::sqrt(squares / (60 * 256)) == doctest::Approx(0.1).epsilon(0.03));
}

}  // namespace tuff::test
