#include "ops/kernel_table.h"

#include "ops/adagrad.h"
#include "ops/adam.h"
#include "ops/argmax.h"
#include "ops/assign.h"
#include "ops/bce_with_logits.h"
#include "ops/cast.h"
#include "ops/class_indicator.h"
#include "ops/concat.h"
#include "ops/conv.h"
#include "ops/conv_transpose.h"
#include "ops/conv_weight_gradient.h"
#include "ops/cross_entropy.h"
#include "ops/cumsum.h"
#include "ops/dice_loss.h"
#include "ops/einsum.h"
#include "ops/expand.h"
#include "ops/fill.h"
#include "ops/follow_flows.h"
#include "ops/gather.h"
#include "ops/grid_sample.h"
#include "ops/local_response_norm.h"
#include "ops/loss_scale.h"
#include "ops/normalize.h"
#include "ops/pack.h"
#include "ops/pad.h"
#include "ops/permute.h"
#include "ops/pixel_shuffle.h"
#include "ops/pointwise.h"
#include "ops/pool.h"
#include "ops/random.h"
#include "ops/reduce.h"
#include "ops/relayout.h"
#include "ops/resample.h"
#include "ops/reshape.h"
#include "ops/resize.h"
#include "ops/rmsprop.h"
#include "ops/scatter.h"
#include "ops/sgd.h"
#include "ops/slice.h"
#include "ops/softmax.h"
#include "ops/star_distances.h"
#include "ops/unpool.h"

namespace tuff {

const KernelTable& kernel_table() {
  static const KernelTable table = {
      // One row an op, by name.
      {"adagrad", adagrad_kernels()},
      {"adam", adam_kernels()},
      {"argmax", argmax_kernels()},
      {"assign", assign_kernels()},
      {"avg_pool", avg_pool_kernels()},
      {"avg_pool_gradient", avg_pool_gradient_kernels()},
      {"bce_with_logits", bce_with_logits_kernels()},
      {"bce_with_logits_gradient", bce_with_logits_gradient_kernels()},
      {"cast", cast_kernels()},
      {"channel_window", channel_window_kernels()},
      {"class_indicator", class_indicator_kernels()},
      {"concat", concat_kernels()},
      {"conv", conv_kernels()},
      {"conv_transpose", conv_transpose_kernels()},
      {"conv_weight_gradient", conv_weight_gradient_kernels()},
      {"cross_entropy", cross_entropy_kernels()},
      {"cross_entropy_gradient", cross_entropy_gradient_kernels()},
      {"cumsum", cumsum_kernels()},
      {"dice_loss", dice_loss_kernels()},
      {"dice_loss_gradient", dice_loss_gradient_kernels()},
      {"einsum", einsum_kernels()},
      {"expand", expand_kernels()},
      {"fill", fill_kernels()},
      {"follow_flows", follow_flows_kernels()},
      {"flatten_index", flatten_index_kernels()},
      {"gather", gather_kernels()},
      {"gather_spatial", gather_spatial_kernels()},
      {"grid_sample", grid_sample_kernels()},
      {"grid_sample_grid_gradient", grid_sample_grid_gradient_kernels()},
      {"grid_sample_input_gradient", grid_sample_input_gradient_kernels()},
      {"loss_scale", loss_scale_kernels()},
      {"max_pool", max_pool_kernels()},
      {"max_pool_gradient", max_pool_gradient_kernels()},
      {"max_unpool", max_unpool_kernels()},
      {"normalize", normalize_kernels()},
      {"normalize_apply", normalize_apply_kernels()},
      {"normalize_gradient", normalize_gradient_kernels()},
      {"pack", pack_kernels()},
      {"pad", pad_kernels()},
      {"pad_gradient", pad_gradient_kernels()},
      {"permute", permute_kernels()},
      {"pixel_shuffle", pixel_shuffle_kernels()},
      {"pixel_unshuffle", pixel_unshuffle_kernels()},
      {"pointwise", pointwise_kernels()},
      {"random", random_kernels()},
      {"reduce", reduce_kernels()},
      {"reindex", reindex_kernels()},
      {"relayout", relayout_kernels()},
      {"resample", resample_kernels()},
      {"reshape", reshape_kernels()},
      {"resize", resize_kernels()},
      {"resize_gradient", resize_gradient_kernels()},
      {"rmsprop", rmsprop_kernels()},
      {"scatter", scatter_kernels()},
      {"sgd", sgd_kernels()},
      {"slice", slice_kernels()},
      {"slice_gradient", slice_gradient_kernels()},
      {"softmax", softmax_kernels()},
      {"softmax_gradient", softmax_gradient_kernels()},
      {"star_distances", star_distances_kernels()},
  };
  return table;
}

}  // namespace tuff
