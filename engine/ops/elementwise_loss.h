// Losses that compare two tensors element by element, with PyTorch's names and formulas, composed of pointwise ops and
// a reduction. x and target are f32 of one shape (else Error); gradients flow to both. With a weight map a mean is
// taken over the weights in l1_loss, mse_loss, smooth_l1_loss and gaussian_kl, over the elements in the others: as in
// PyTorch, where it has weights.
#pragma once

#include "ops/loss.h"

namespace tuff {

Value l1_loss(Value x, Value target, const LossOptions& options = {});   // |x - target|, also known as MAE
Value mse_loss(Value x, Value target, const LossOptions& options = {});  // (x - target)^2
// With d = |x - target|: d^2 / 2 up to delta, then delta (d - delta / 2). delta is above 0, else Error.
Value huber_loss(Value x, Value target, float delta = 1, const LossOptions& options = {});
// d^2 / (2 beta) below beta, then d - beta / 2; l1_loss where beta is 0. Error below 0.
Value smooth_l1_loss(Value x, Value target, float beta = 1, const LossOptions& options = {});

// Binary cross entropy of probabilities x (torch's binary_cross_entropy): -(t log x + (1 - t) log(1 - x)), logarithms
// no lower than -100. bce_with_logits is better conditioned.
Value bce_loss(Value x, Value target, const LossOptions& options = {});

// Kullback-Leibler divergence of log-probabilities x from target: t (log t - x); where log_target is set, target holds
// logarithms too. The divergence by its definition is batch_mean.
Value kl_div(Value x, Value target, bool log_target = false, const LossOptions& options = {});

// Kullback-Leibler divergence of a normal distribution from the standard one, by element (Kingma & Welling 2014):
// (mean^2 + exp(logvar) - 1 - logvar) / 2.
Value gaussian_kl(Value mean, Value logvar, const LossOptions& options = {});

}  // namespace tuff
