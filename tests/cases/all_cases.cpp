#include "cases/all_cases.h"

#include "cases/activation_cases.h"
#include "cases/adagrad_cases.h"
#include "cases/adam_cases.h"
#include "cases/argmax_cases.h"
#include "cases/bce_with_logits_cases.h"
#include "cases/blur_cases.h"
#include "cases/cast_cases.h"
#include "cases/class_indicator_cases.h"
#include "cases/concat_cases.h"
#include "cases/constants_cases.h"
#include "cases/conv_cases.h"
#include "cases/conv_transpose_cases.h"
#include "cases/conv_weight_gradient_cases.h"
#include "cases/cross_entropy_cases.h"
#include "cases/cumsum_cases.h"
#include "cases/dice_loss_cases.h"
#include "cases/dropout_cases.h"
#include "cases/einsum_cases.h"
#include "cases/elementary_cases.h"
#include "cases/elementwise_loss_cases.h"
#include "cases/expand_cases.h"
#include "cases/fill_cases.h"
#include "cases/focal_loss_cases.h"
#include "cases/follow_flows_cases.h"
#include "cases/gather_cases.h"
#include "cases/grid_sample_cases.h"
#include "cases/layer_norm_cases.h"
#include "cases/local_response_norm_cases.h"
#include "cases/loss_scale_cases.h"
#include "cases/matmul_cases.h"
#include "cases/normalize_cases.h"
#include "cases/pad_cases.h"
#include "cases/permute_cases.h"
#include "cases/pixel_shuffle_cases.h"
#include "cases/pointwise_cases.h"
#include "cases/pool_cases.h"
#include "cases/random_cases.h"
#include "cases/reduce_cases.h"
#include "cases/relayout_cases.h"
#include "cases/resample_cases.h"
#include "cases/reshape_cases.h"
#include "cases/resize_cases.h"
#include "cases/rmsprop_cases.h"
#include "cases/scatter_cases.h"
#include "cases/sgd_cases.h"
#include "cases/slice_cases.h"
#include "cases/softmax_cases.h"
#include "cases/ssim_cases.h"
#include "cases/star_distances_cases.h"
#include "cases/statistics_cases.h"
#include "cases/tile_cases.h"
#include "cases/unpool_cases.h"

namespace tuff::test {

std::span<const OpCases> all_cases() {
  static constexpr OpCases kCases[] = {
      {"activation", activation_cases},
      {"affine_grid", affine_grid_cases},
      {"argmax", argmax_cases},
      {"avg_pool", avg_pool_cases},
      {"bce_with_logits", bce_with_logits_cases},
      {"bed_of_nails", bed_of_nails_cases},
      {"cast", cast_cases},
      {"class_indicator", class_indicator_cases},
      {"concat", concat_cases},
      {"conv", conv_cases},
      {"conv_transpose", conv_transpose_cases},
      {"conv_weight_gradient", conv_weight_gradient_cases},
      {"cross_entropy", cross_entropy_cases},
      {"cumsum", cumsum_cases},
      {"depth_to_space", [] { return shuffle_cases(depth_to_space_case); }},
      {"dice_loss", dice_loss_cases},
      {"dropout", dropout_cases},
      {"einsum", einsum_cases},
      {"elementary", elementary_cases},
      {"elementwise_loss", elementwise_loss_cases},
      {"expand", expand_cases},
      {"fill", fill_cases},
      {"focal_loss", focal_loss_cases},
      {"follow_flows", follow_flows_cases},
      {"gather", gather_cases},
      {"gaussian_blur", gaussian_blur_cases},
      {"global_pool", global_pool_cases},
      {"grid_sample", grid_sample_cases},
      {"layer_norm", layer_norm_cases},
      {"local_response_norm", local_response_norm_cases},
      {"loss_scale", loss_scale_cases},
      {"lp_pool", lp_pool_cases},
      {"matmul", matmul_cases},
      {"max_pool", max_pool_cases},
      {"max_unpool", max_unpool_cases},
      {"normalize", normalize_cases},
      {"one_hot, tril, triu", constants_cases},
      {"pad", pad_cases},
      {"permute", permute_cases},
      {"pixel_shuffle", [] { return shuffle_cases(pixel_shuffle_case); }},
      {"pixel_unshuffle", [] { return shuffle_cases(pixel_unshuffle_case); }},
      {"plane_indices", reindex_cases},
      {"pointwise", pointwise_cases},
      {"pyramid", pyramid_cases},
      {"random numbers", random_cases},
      {"reduce", reduce_cases},
      {"relayout", relayout_cases},
      {"resample", resample_cases},
      {"reshape", reshape_cases},
      {"resize", resize_cases},
      {"scatter", scatter_cases},
      {"slice", slice_cases},
      {"slice with steps", step_cases},
      {"softmax", softmax_cases},
      {"space_to_depth", [] { return shuffle_cases(space_to_depth_case); }},
      {"ssim", ssim_cases},
      {"star_distances", star_distances_cases},
      {"stack", stack_cases},
      {"statistics", statistics_cases},
      {"tile", tile_cases},
      {"tversky_loss", tversky_loss_cases},
  };
  return kCases;
}

namespace {

template <class Case>
void add_checks(std::vector<OptimizerCheck>& checks, std::string_view op, const std::vector<Case>& cases,
                double tolerance) {
  for (const Case& optimizer_case : cases)
    checks.push_back(
        {op, optimizer_case.name,
         [=](Device& device) { return error_after_steps(device, optimizer_case, OptimizerRun::odd_shapes()); },
         tolerance});
}

}  // namespace

std::vector<OptimizerCheck> optimizer_checks() {
  std::vector<OptimizerCheck> checks;
  add_checks(checks, "adagrad", adagrad_cases(), 1e-6);
  add_checks(checks, "adam", adam_cases(), 1e-6);
  add_checks(checks, "rmsprop", rmsprop_cases(), 2e-6);
  add_checks(checks, "sgd", sgd_cases(), 1e-6);
  return checks;
}

}  // namespace tuff::test
