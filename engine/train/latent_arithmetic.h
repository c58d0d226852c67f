// What one does with the numbers that stand for images in a variational autoencoder, on the host.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "graph/tensor.h"

namespace tuff {

// `steps` (at least 2) rows from a to b, both included to the bit. Straight, or along the arc between them, which keeps
// to the lengths that a Gaussian's samples have: sin((1 - t) w) / sin w of a and sin(t w) / sin w of b, w the angle
// between them (White 2016); straight too where they point the same or opposite ways.
HostTensor interpolated(std::span<const float> a, std::span<const float> b, std::int64_t steps, bool spherical);

// The mean of the rows.
std::vector<double> mean_row(const HostTensor& rows);

// For every number in `dimensions` a block of `steps` rows (at least 2) equal to `origin` but for that number, which
// goes from -range to range.
HostTensor traversed(std::span<const float> origin, std::span<const std::int64_t> dimensions, std::int64_t steps,
                     double range);

// How posteriors use the code, by latent number.
struct LatentDimension {
  // Of the aggregate posterior, the mixture of all images': where the code fits the prior they are 0 and 1.
  double mean = 0;
  double variance = 0;
  double variance_of_means = 0;                             // how much it depends on the image
  double kl = 0;                                            // nats an image, of the posteriors from the unit Gaussian
  bool active() const { return variance_of_means > 0.01; }  // Burda et al. 2016
};

// Of posteriors (N, latent): means and log-variances.
std::vector<LatentDimension> latent_dimensions(const HostTensor& mean, const HostTensor& log_variance);

}  // namespace tuff
