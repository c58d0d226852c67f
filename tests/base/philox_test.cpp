#include "base/philox.h"

#include <doctest/doctest.h>

#include <set>

namespace tuff {

TEST_CASE("philox: known answers of the paper's library (Random123, kat_vectors)") {
  CHECK(philox({0, 0, 0, 0}, {0, 0}) == PhiloxCounter{0x6627e8d5, 0xe169c58d, 0xbc57ac4c, 0x9b00dbd8});
  CHECK(philox({0xffffffff, 0xffffffff, 0xffffffff, 0xffffffff}, {0xffffffff, 0xffffffff}) ==
        PhiloxCounter{0x408f276d, 0x41c83b0e, 0xa20bc7c6, 0x6d5451fd});
  CHECK(philox({0x243f6a88, 0x85a308d3, 0x13198a2e, 0x03707344}, {0xa4093822, 0x299f31d0}) ==
        PhiloxCounter{0xd16cfe09, 0x94fdcceb, 0x5001e420, 0x24126ea1});
}

TEST_CASE("philox stream: uniform, normal and bounded draws have their moments") {
  PhiloxStream random(42, 1, 2, 3);
  const int count = 200000;
  double sum = 0, squares = 0;
  for (int i = 0; i < count; ++i) {
    const double value = random.normal();
    sum += value;
    squares += value * value;
  }
  CHECK(sum / count == doctest::Approx(0).epsilon(0).scale(1).epsilon(0.01));
  CHECK(squares / count == doctest::Approx(1).epsilon(0.02));
  std::array<int, 7> bins{};
  for (int i = 0; i < 70000; ++i) ++bins[random.below(7)];
  for (const int bin : bins) CHECK(bin == doctest::Approx(10000).epsilon(0.05));
  for (int i = 0; i < 1000; ++i) {
    const float value = random.uniform();
    CHECK((value >= 0 && value < 1));
  }
}

TEST_CASE("philox stream: another seed, word or position is another number") {
  std::set<std::uint32_t> seen;
  for (std::uint64_t seed : {std::uint64_t{0}, std::uint64_t{1}, std::uint64_t{1} << 40})
    for (std::uint32_t word = 0; word < 4; ++word)
      for (int place = 0; place < 3; ++place) {
        std::array<std::uint32_t, 3> words{};
        words[static_cast<std::size_t>(place)] = word + 1;
        PhiloxStream random(seed, words[0], words[1], words[2]);
        for (int i = 0; i < 6; ++i) seen.insert(random.bits());
      }
  CHECK(seen.size() == 3 * 4 * 3 * 6);
}

}  // namespace tuff
