#include "tasks/denoising.h"

#include <fmt/format.h>

#include <utility>

#include "base/error.h"
#include "base/random_use.h"
#include "io/noise.h"
#include "ops/pointwise.h"

namespace tuff {

PhiloxStream noise_stream(const TrainOptions& options, std::int64_t epoch, std::int64_t number) {
  return PhiloxStream(seed_of(options), static_cast<std::uint32_t>(epoch), static_cast<std::uint32_t>(number),
                      static_cast<std::uint32_t>(RandomUse::noise));
}

void check_noise(const TrainOptions& options, bool has_targets, std::string_view what) {
  if (parse_noise(options.noise).kind != Noise::Kind::none) return;
  if (!has_targets)
    throw Error(fmt::format(
        "--noise is missing: say what to add to the {}, gaussian:0.1 for example, or give --targets", what));
  if (options.noisy_targets) throw Error("--noisy-targets: goes with --noise");
}

BuildNetwork residual(BuildNetwork build) {
  return [build = std::move(build)](Graph& graph, Value x, bool training) { return add(x, build(graph, x, training)); };
}

}  // namespace tuff
