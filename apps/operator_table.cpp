#include "apps/operator_table.h"

#include <fmt/format.h>

namespace tuff {
namespace {

constexpr std::string_view kImage = "3-5 (1-3 spatial axes)", kAny = "any", kFlat = "1 (arenas)";

// clang-format off
constexpr OperatorRow kRows[] = {
    {"Convolution", "conv", kImage, "f32", "all", "Conv", "conv1d, conv2d, conv3d"},
    {"Convolution", "conv_transpose", kImage, "f32", "all", "ConvTranspose", "conv_transpose1d, conv_transpose2d, conv_transpose3d"},

    {"Pooling", "max_pool", kImage, "f32", "x", "MaxPool", "max_pool1d, max_pool2d, max_pool3d"},
    {"Pooling", "avg_pool", kImage, "f32", "all", "AveragePool", "avg_pool1d, avg_pool2d, avg_pool3d"},
    {"Pooling", "lp_pool", kImage, "f32", "all", "LpPool", "lp_pool1d, lp_pool2d, lp_pool3d"},
    {"Pooling", "adaptive_avg_pool", kImage, "f32", "all", "", "adaptive_avg_pool1d to 3d"},
    {"Pooling", "adaptive_max_pool", kImage, "f32", "x", "", "adaptive_max_pool1d to 3d"},
    {"Pooling", "global_avg_pool, global_max_pool, global_lp_pool", kImage, "f32", "all", "GlobalAveragePool, GlobalMaxPool, GlobalLpPool", ""},
    {"Pooling", "max_unpool", kImage, "f32", "x", "MaxUnpool", "max_unpool1d, max_unpool2d, max_unpool3d"},
    {"Pooling", "bed_of_nails", kImage, "f32", "all", "", ""},
    {"Pooling", "gather_spatial", kImage, "f32", "x", "", ""},
    {"Pooling", "whole_tensor_indices, plane_indices", kImage, "i32", "none", "", ""},

    {"Resampling", "resize", kImage, "f32", "all", "Resize, Upsample", "interpolate"},
    {"Resampling", "resample", kAny, "f32", "all", "", ""},
    {"Resampling", "grid_sample", kImage, "f32", "all", "GridSample", "grid_sample"},
    {"Resampling", "affine_grid", "3", "f32", "all", "", "affine_grid"},
    {"Resampling", "gaussian_blur, pyramid_down, pyramid_up", kImage, "f32", "all", "", "torchvision's gaussian_blur"},
    {"Resampling", "pixel_shuffle, pixel_unshuffle", kImage, "f32", "all", "", "pixel_shuffle, pixel_unshuffle"},
    {"Resampling", "depth_to_space, space_to_depth", kImage, "f32", "all", "DepthToSpace, SpaceToDepth", ""},

    {"Normalization", "batch_norm", "2-5", "f32", "x, weight, bias", "BatchNormalization", "batch_norm"},
    {"Normalization", "group_norm", "2-5", "f32", "all", "GroupNormalization", "group_norm"},
    {"Normalization", "instance_norm", "3-5", "f32", "all", "InstanceNormalization", "instance_norm"},
    {"Normalization", "layer_norm, layer_norm_from", kAny, "f32", "all", "LayerNormalization", "layer_norm"},
    {"Normalization", "rms_norm", kAny, "f32", "all", "RMSNormalization", "rms_norm"},
    {"Normalization", "local_response_norm", kImage, "f32", "all", "LRN", "local_response_norm"},
    {"Normalization", "mean_variance_normalization", kAny, "f32", "all", "MeanVarianceNormalization", ""},
    {"Normalization", "lp_normalize", kAny, "f32", "all", "LpNormalization", "normalize"},
    {"Normalization", "normalize", "2-5", "f32", "x, weight, bias", "", ""},
    {"Normalization", "normalize_apply", "2-5", "f32", "none", "", ""},

    {"Matrix products", "matmul", kAny, "f32", "all", "MatMul", "torch.matmul"},
    {"Matrix products", "linear", kAny, "f32", "all", "", "linear"},
    {"Matrix products", "gemm, addmm", "2", "f32", "all", "Gemm", "torch.addmm"},
    {"Matrix products", "einsum", kAny, "f32", "all", "Einsum", "torch.einsum (two tensors)"},

    {"Elementwise", "add, sub, mul, div", kAny, "f32", "all", "Add, Sub, Mul, Div, Sum, Mean", "torch.add, sub, mul, div"},
    {"Elementwise", "add_scalar, mul_scalar", kAny, "f32", "all", "", "torch.add, mul"},
    {"Elementwise", "pow", kAny, "f32", "all", "Pow", "torch.pow"},
    {"Elementwise", "xlogy", kAny, "f32", "all", "", "torch.xlogy"},
    {"Elementwise", "fmod, remainder", kAny, "f32", "none", "Mod", "torch.fmod, remainder"},
    {"Elementwise", "divide_truncating", kAny, "f32", "0", "", "torch.div(rounding_mode=\"trunc\")"},
    {"Elementwise", "norm_root", kAny, "f32", "all", "", ""},
    {"Elementwise", "maximum, minimum", kAny, "f32", "all", "Max, Min", "torch.maximum, minimum"},
    {"Elementwise", "clamp, clamp_min, clamp_max", kAny, "f32", "all", "Clip", "torch.clamp"},
    {"Elementwise", "floor_at, ceil_at", kAny, "f32", "all", "", ""},
    {"Elementwise", "lerp", kAny, "f32", "all", "", "torch.lerp"},
    {"Elementwise", "where, mask", kAny, "f32", "values", "Where", "torch.where"},
    {"Elementwise", "greater, greater_equal, less, less_equal, equal, not_equal, greater_share", kAny, "f32 (0 or 1)", "none", "Greater, GreaterOrEqual, Less, LessOrEqual, Equal", "torch.gt, ge, lt, le, eq, ne"},
    {"Elementwise", "logical_and, logical_or, logical_xor, logical_not", kAny, "f32 (0 or 1)", "none", "And, Or, Xor, Not", "torch.logical_and ..."},
    {"Elementwise", "isnan, isinf, isfinite", kAny, "f32 (0 or 1)", "none", "IsNaN, IsInf", "torch.isnan, isinf, isfinite"},
    {"Elementwise", "neg, abs, square, sqrt, rsqrt, reciprocal", kAny, "f32", "all", "Neg, Abs, Sqrt, Reciprocal", "torch.neg ..."},
    {"Elementwise", "exp, expm1, log, log1p, log2", kAny, "f32", "all", "Exp, Log", "torch.exp ..."},
    {"Elementwise", "sign, floor, ceil, round, trunc", kAny, "f32", "0", "Sign, Floor, Ceil, Round", "torch.sign ..."},
    {"Elementwise", "sin, cos, tan, asin, acos, atan", kAny, "f32", "all", "Sin, Cos, Tan, Asin, Acos, Atan", "torch.sin ..."},
    {"Elementwise", "sinh, cosh, tanh, asinh, acosh, atanh", kAny, "f32", "all", "Sinh, Cosh, Tanh, Asinh, Acosh, Atanh", "torch.sinh ..."},
    {"Elementwise", "erf", kAny, "f32", "all", "Erf", "torch.erf"},

    {"Activations", "relu, relu6, leaky_relu, prelu", kAny, "f32", "all", "Relu, LeakyRelu, PRelu", "relu, relu6, leaky_relu, prelu"},
    {"Activations", "threshold, thresholded_relu", kAny, "f32", "all", "ThresholdedRelu", "threshold"},
    {"Activations", "elu, selu, celu", kAny, "f32", "all", "Elu, Selu, Celu", "elu, selu, celu"},
    {"Activations", "gelu, silu, mish", kAny, "f32", "all", "Gelu, Mish", "gelu, silu, mish"},
    {"Activations", "sigmoid, logsigmoid, softplus, softsign", kAny, "f32", "all", "Sigmoid, Softplus, Softsign", "sigmoid, logsigmoid, softplus, softsign"},
    {"Activations", "hardsigmoid, hardswish, hardtanh", kAny, "f32", "all", "HardSigmoid, HardSwish", "hardsigmoid, hardswish, hardtanh"},
    {"Activations", "tanhshrink, softshrink, hardshrink, shrink", kAny, "f32", "all", "Shrink", "tanhshrink, softshrink, hardshrink"},
    {"Activations", "softmax, log_softmax", "1 or more", "f32", "all", "Softmax, LogSoftmax", "softmax, log_softmax"},
    {"Activations", "hardmax", "1 or more", "f32", "none", "Hardmax", ""},

    {"Reductions", "sum, mean, sum_of_squares", kAny, "f32", "all", "ReduceSum, ReduceMean, ReduceSumSquare", "torch.sum, mean"},
    {"Reductions", "max, min", kAny, "f32", "all", "ReduceMax, ReduceMin", "torch.amax, amin"},
    {"Reductions", "prod", kAny, "f32", "all", "ReduceProd", "torch.prod"},
    {"Reductions", "l1_norm, vector_norm", kAny, "f32", "all", "ReduceL1, ReduceL2", "torch.linalg.vector_norm"},
    {"Reductions", "logsumexp", kAny, "f32", "all", "ReduceLogSumExp, ReduceLogSum", "torch.logsumexp"},
    {"Reductions", "variance, standard_deviation", kAny, "f32", "all", "", "torch.var, std"},
    {"Reductions", "argmax, argmin", kAny, "f32 to i32", "none", "ArgMax, ArgMin", "torch.argmax, argmin"},
    {"Reductions", "cumsum", "1 or more", "f32", "all", "CumSum", "torch.cumsum"},
    {"Reductions", "sum_to", kAny, "f32", "all", "", "torch.Tensor.sum_to_size"},

    {"Data movement", "reshape, flatten, squeeze, unsqueeze", "to 8", "f32, i32", "all", "Reshape, Flatten, Squeeze, Unsqueeze", "torch.reshape ..."},
    {"Data movement", "permute, transpose", "to 8", "f32, i32", "all", "Transpose", "torch.permute, transpose"},
    {"Data movement", "expand", "to 8", "f32, i32", "all", "Expand", "torch.Tensor.expand"},
    {"Data movement", "tile, repeat, repeat_interleave", "to 8", "f32, i32", "all", "Tile", "torch.tile, repeat_interleave"},
    {"Data movement", "concat, stack", kAny, "f32, i32", "all", "Concat", "torch.cat, stack"},
    {"Data movement", "split, chunk, slice, narrow, select, flip, center_crop", kAny, "f32, i32", "all", "Split, Slice", "torch.split, chunk, narrow, select, flip"},
    {"Data movement", "pad", kAny, "f32", "all", "Pad", "pad"},
    {"Data movement", "gather, index_select, take, embedding, gather_nd", kAny, "f32, i32", "x", "Gather, GatherElements, GatherND", "torch.gather, index_select, take"},
    {"Data movement", "scatter, scatter_add, scatter_nd, index_add, index_copy", kAny, "f32, i32", "all", "Scatter, ScatterElements, ScatterND", "torch.scatter, scatter_add, scatter_reduce, index_add, index_copy"},
    {"Data movement", "one_hot", kAny, "i32 to f32", "none", "OneHot", "one_hot"},
    {"Data movement", "tril, triu", "2 or more", "f32", "all", "Trilu", "torch.tril, triu"},
    {"Data movement", "arange, eye, full, zeros", kAny, "f32", "none", "Range, EyeLike, ConstantOfShape", "torch.arange, eye, full, zeros"},
    {"Data movement", "cast", kAny, "f32, i32", "f32", "Cast, CastLike", "torch.Tensor.to"},
    {"Data movement", "view_as, assign, pack", kAny, "f32, i32", "all", "", ""},

    {"Random numbers", "random_uniform, random_normal, bernoulli", kAny, "f32", "none", "", "torch.rand, randn, bernoulli"},
    {"Random numbers", "dropout", kAny, "f32", "x", "Dropout", "dropout, dropout1d, dropout2d, dropout3d"},

    {"Instances", "star_distances", "3-5", "i32 to f32", "none", "", ""},
    {"Instances", "follow_flows", "4", "f32", "none", "", ""},

    {"Losses", "l1_loss, mse_loss, huber_loss, smooth_l1_loss", kAny, "f32", "all", "", "l1_loss, mse_loss, huber_loss, smooth_l1_loss"},
    {"Losses", "bce_loss, binary_cross_entropy", kAny, "f32", "all", "", "binary_cross_entropy"},
    {"Losses", "bce_with_logits", kAny, "f32", "x", "", "binary_cross_entropy_with_logits"},
    {"Losses", "cross_entropy", "2-5", "f32", "x", "SoftmaxCrossEntropyLoss", "cross_entropy"},
    {"Losses", "nll_loss", "2-5", "f32", "x", "NegativeLogLikelihoodLoss", "nll_loss"},
    {"Losses", "kl_div, gaussian_kl", kAny, "f32", "all", "", "kl_div"},
    {"Losses", "dice_loss, tversky_loss", "2-5", "f32", "x", "", ""},
    {"Losses", "focal_loss, sigmoid_focal_loss", "2-5", "f32", "x", "", "torchvision's sigmoid_focal_loss"},
    {"Losses", "ssim, ssim_loss", kImage, "f32", "all", "", ""},
    {"Losses", "class_indicator", "2-5", "i32 to f32", "none", "", ""},

    {"Optimizers", "sgd", kFlat, "f32", "none", "", "torch.optim.SGD"},
    {"Optimizers", "adam", kFlat, "f32", "none", "", "torch.optim.Adam, AdamW"},
    {"Optimizers", "adagrad", kFlat, "f32", "none", "", "torch.optim.Adagrad"},
    {"Optimizers", "rmsprop", kFlat, "f32", "none", "", "torch.optim.RMSprop"},
    {"Optimizers", "loss_scale", "1", "f32", "none", "", "torch.amp.GradScaler"},
    {"Optimizers", "clip_coefficient", kFlat, "f32", "none", "", "torch.nn.utils.clip_grad_norm_"},
};
// clang-format on

}  // namespace

std::span<const OperatorRow> operator_table() {
  return kRows;
}

std::string operators_markdown() {
  std::string text =
      "# Operators\n\n"
      "Made by `tuff operators --markdown`. Functions of `tuff/ops.h`, with PyTorch's names and semantics; shapes, "
      "errors and\n"
      "sources stand there. Types are those that go in and out; sums are always formed in f32, and what is f32 here "
      "can lie\n"
      "as f16 between ops ([architecture.md](architecture.md)). \"Gradient\" says into which inputs one flows. What "
      "ONNX files\n"
      "may hold besides, types that GPUs lack among it, says [onnx.md](onnx.md).\n";
  std::string_view group;
  for (const OperatorRow& row : kRows) {
    if (row.group != group)
      text += fmt::format("\n## {}\n\n| op | ranks | types | gradient | ONNX | PyTorch |\n|---|---|---|---|---|---|\n",
                          row.group);
    group = row.group;
    text += fmt::format("| {} | {} | {} | {} | {} | {} |\n", row.names, row.ranks, row.types, row.gradient, row.onnx,
                        row.pytorch);
  }
  return text;
}

}  // namespace tuff
