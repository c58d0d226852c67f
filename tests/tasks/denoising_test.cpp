#include "tasks/denoising.h"

#include <doctest/doctest.h>

#include <string>

#include "base/error.h"
#include "base/random_use.h"

using namespace tuff;

TEST_CASE("denoising: noise is a function of seed, epoch and number") {
  TrainOptions options;
  options.seed = 7;
  const auto first = [&](std::int64_t epoch, std::int64_t number) {
    return noise_stream(options, epoch, number).uniform(0, 1);
  };
  CHECK(first(3, 5) == PhiloxStream(7, 3, 5, static_cast<std::uint32_t>(RandomUse::noise)).uniform(0, 1));
  CHECK(first(3, 5) != first(3, 6));
  CHECK(first(kValidationEpoch, 5) != first(0, 5));
  CHECK(first(3, -6) != first(3, 5));
}

TEST_CASE("denoising: there must be noise or targets, and noise for noisy targets") {
  const auto told = [](const std::string& noise, bool noisy_targets, bool has_targets) -> std::string {
    TrainOptions options;
    options.noise = noise;
    options.noisy_targets = noisy_targets;
    try {
      check_noise(options, has_targets, "signals");
    } catch (const Error& error) {
      return error.what();
    }
    return "";
  };
  CHECK(told("none", false, false) ==
        "--noise is missing: say what to add to the signals, gaussian:0.1 for example, or give --targets");
  CHECK(told("none", true, true) == "--noisy-targets: goes with --noise");
  for (const bool targets : {false, true}) CHECK(told("gaussian:0.1", true, targets).empty());
  CHECK(told("none", false, true).empty());
}
