#include "apps/evaluate_autoencoder.h"

#include <fmt/format.h>

#include <algorithm>
#include <functional>
#include <nlohmann/json.hpp>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "apps/run_part.h"
#include "apps/train.h"
#include "base/error.h"
#include "base/os.h"
#include "train/latent_arithmetic.h"
#include "train/split_options.h"

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

// What the numbers become in a file, and on the terminal.
void tell(const std::string& json, const std::string& file, const std::function<void()>& print) {
  if (file == "-") return fmt::print("{}", json);
  if (!file.empty()) os::write_file(file, json);
  print();
}

void evaluate_plain(LatentSession& session, const AutoencoderEvaluation& arguments, const LabelledImages& images,
                    const std::vector<std::int64_t>& all) {
  const RateAndQuality result = rate_and_quality(session, images, all, arguments.bits, arguments.seed);
  const nlohmann::ordered_json json = {{"images", all.size()},
                                       {"latent", session.network().latent},
                                       {"psnr", result.exact.psnr},
                                       {"ssim", result.exact.ssim},
                                       {"bits", arguments.bits},
                                       {"bits_per_pixel", result.bits_per_pixel},
                                       {"quantized_psnr", result.coarse.psnr},
                                       {"quantized_ssim", result.coarse.ssim}};
  tell(json.dump(2) + "\n", arguments.json, [&] {
    fmt::print("{} image{} from {} numbers each\n", all.size(), all.size() == 1 ? "" : "s", session.network().latent);
    fmt::print("code                  PSNR    SSIM  bits per pixel\n");
    fmt::print("as it is          {:>8.2f}  {:.4f}\n", result.exact.psnr, result.exact.ssim);
    fmt::print("{:>2} bits a number  {:>8.2f}  {:.4f}  {:.4f}\n", arguments.bits, result.coarse.psnr,
               result.coarse.ssim, result.bits_per_pixel);
  });
}

}  // namespace

RateAndQuality rate_and_quality(LatentSession& session, const LabelledImages& images,
                                std::span<const std::int64_t> chosen, std::int64_t bits, std::int64_t seed) {
  const AutoencoderNetwork& network = session.network();
  Autoencoder& autoencoder = session.autoencoder();
  autoencoder.add_noise(parse_noise(session.model().options.noise), static_cast<std::uint64_t>(seed));
  const HostTensor codes = autoencoder.encode(images, chosen).mean;
  RateAndQuality result;
  result.exact = autoencoder.fidelity(images, chosen, codes);
  result.coarse = autoencoder.fidelity(images, chosen, quantized(codes, static_cast<int>(bits)));
  result.bits_per_pixel = static_cast<double>(network.latent * bits) / static_cast<double>(network.side * network.side);
  return result;
}

namespace {

struct Chosen {
  LabelledImages images;
  std::vector<std::int64_t> indices;
};

Chosen open_evaluated(const AutoencoderEvaluation& arguments, const LatentSession& session) {
  if (arguments.split.empty()) {
    if (arguments.images.empty()) throw Error("--images is missing (see `tuff evaluate --help`)");
    Chosen chosen{session.read({arguments.images}, arguments.classes), {}};
    chosen.indices = all_of(chosen.images.images.count());
    return chosen;
  }
  TrainOptions options = run_options(arguments.model.model);
  if (!arguments.images.empty()) options.images = arguments.images;
  if (!arguments.classes.labels.empty()) options.labels = arguments.classes.labels;
  Chosen chosen{open_autoencoder_images(options), {}};
  check_run_images(arguments.model.model, chosen.images.fingerprint());
  const Split split = split_of(chosen.images, options);
  const std::vector<std::size_t> part = part_of(split, arguments.split);
  chosen.indices.assign(part.begin(), part.end());
  return chosen;
}

}  // namespace

void evaluate_autoencoder(const AutoencoderEvaluation& arguments, Model model) {
  LatentSession session(arguments.model, std::move(model));
  const auto [images, chosen] = open_evaluated(arguments, session);
  if (!session.network().is_variational()) return evaluate_plain(session, arguments, images, chosen);
  const auto count = static_cast<std::int64_t>(chosen.size());
  const Elbo elbo = session.autoencoder().measure(images, chosen, static_cast<std::uint64_t>(arguments.seed));
  const Latents latents = session.autoencoder().encode(images, chosen);
  const std::vector<LatentDimension> dimensions = latent_dimensions(latents.mean, latents.log_variance);
  tell(to_json(elbo, dimensions, count), arguments.json, [&] { print_table(elbo, dimensions, count); });
}

}  // namespace tuff
