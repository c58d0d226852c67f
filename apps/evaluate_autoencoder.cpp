#include "apps/evaluate_autoencoder.h"

#include <fmt/format.h>

#include <algorithm>
#include <nlohmann/json.hpp>
#include <vector>

#include "base/os.h"
#include "train/latent_arithmetic.h"

namespace tuff {
namespace {

std::int64_t active(const std::vector<LatentDimension>& dimensions) {
  return std::ranges::count_if(dimensions, &LatentDimension::active);
}

std::string to_json(const Elbo& elbo, const std::vector<LatentDimension>& dimensions, std::int64_t images) {
  nlohmann::ordered_json json = {{"images", images},
                                 {"elbo", elbo.elbo},
                                 {"reconstruction", elbo.reconstruction},
                                 {"kl", elbo.kl},
                                 {"active_dimensions", active(dimensions)}};
  json["dimensions"] = nlohmann::ordered_json::array();
  for (const LatentDimension& dimension : dimensions)
    json["dimensions"].push_back({{"mean", dimension.mean},
                                  {"variance", dimension.variance},
                                  {"variance_of_means", dimension.variance_of_means},
                                  {"kl", dimension.kl},
                                  {"active", dimension.active()}});
  return json.dump(2) + "\n";
}

void print_table(const Elbo& elbo, const std::vector<LatentDimension>& dimensions, std::int64_t images) {
  fmt::print("{} image{}, in nats each:\n", images, images == 1 ? "" : "s");
  fmt::print("ELBO            {:>10.3f}\nreconstruction  {:>10.3f}\nKL              {:>10.3f}\n", elbo.elbo,
             elbo.reconstruction, elbo.kl);
  fmt::print("\nthe code: {} of {} numbers active (means vary by more than 0.01)\n", active(dimensions),
             dimensions.size());
  fmt::print("number      mean  variance  of means        KL\n");
  for (std::size_t i = 0; i < dimensions.size(); ++i)
    fmt::print("{:>6}  {:>8.4f}  {:>8.4f}  {:>8.4f}  {:>8.4f}{}\n", i, dimensions[i].mean, dimensions[i].variance,
               dimensions[i].variance_of_means, dimensions[i].kl, dimensions[i].active() ? "" : "  unused");
  fmt::print(" prior    0.0000    1.0000\n");
}

}  // namespace

void evaluate_autoencoder(const AutoencoderEvaluation& arguments, Model model) {
  LatentSession session(arguments.model, std::move(model));
  const LabelledImages images = session.read({arguments.images}, arguments.classes);
  const std::vector<std::int64_t> all = all_of(images.images.count());
  const Elbo elbo = session.autoencoder().measure(images, all, static_cast<std::uint64_t>(arguments.seed));
  const Latents latents = session.autoencoder().encode(images, all);
  const std::vector<LatentDimension> dimensions = latent_dimensions(latents.mean, latents.log_variance);
  const std::string json = to_json(elbo, dimensions, images.images.count());
  if (arguments.json == "-") return fmt::print("{}", json);
  if (!arguments.json.empty()) os::write_file(arguments.json, json);
  print_table(elbo, dimensions, images.images.count());
}

}  // namespace tuff
