// Convolutions, pooling, normalization, interpolation.
#include <algorithm>

#include "onnx/export_node.h"
#include "ops/conv.h"
#include "ops/resample.h"

namespace tuff::onnx {
namespace {

constexpr std::int64_t kOne = 1;

Extents joined(Extents lo, const Extents& hi) {
  lo.insert(lo.end(), hi.begin(), hi.end());
  return lo;
}

std::string activated(ExportNode& node, const ConvAttributes& values, const std::string& x) {
  switch (values.activation) {
    case Activation::none: return x;
    case Activation::relu: return node.writer().emit("Relu", {x});
    case Activation::leaky_relu: return node.writer().emit("LeakyRelu", {x}, {{"alpha", values.slope}});
    case Activation::sigmoid: return node.writer().emit("Sigmoid", {x});
    case Activation::tanh: return node.writer().emit("Tanh", {x});
  }
  return x;
}

void write_conv(ExportNode& node) {
  const ConvAttributes& values = conv_attributes(node.op());
  const Extents weight = node.input_shape(1);
  const bool transposed = node.op().name() == "conv_transpose";
  AttributeList attributes = {
      {"dilations", values.dilation},
      {"group", values.groups},
      {"kernel_shape", Extents(weight.begin() + 2, weight.end())},
      {"pads", joined(values.padding, values.padding_end.empty() ? values.padding : values.padding_end)},
      {"strides", values.stride}};
  if (!values.output_padding.empty()) attributes.push_back({"output_padding", values.output_padding});
  node.set(activated(node, values,
                     node.writer().emit(transposed ? "ConvTranspose" : "Conv", node.input_names(), attributes)));
}

// ---- pooling ------------------------------------------------------------------------------------

// With ceil_mode the last windows reach further beyond the end, which is said by padding: what a ceil_mode of ONNX's
// takes of such windows differs between versions.
AttributeList window_attributes(ExportNode& node, bool by_padding) {
  const Extents kernel = node.extents("kernel"), stride = node.extents("stride"), dilation = node.extents("dilation"),
                lo = node.extents("padding");
  const Extents in = node.input_shape(0), out = node.output_shape();
  Extents hi = node.has("padding_end") ? node.extents("padding_end") : lo;
  const bool ceil = node.flag("ceil_mode");
  for (std::size_t i = 0; i < hi.size() && ceil && by_padding; ++i)
    hi[i] = std::max(hi[i], (out[i + 2] - 1) * stride[i] + dilation[i] * (kernel[i] - 1) + 1 - in[i + 2] - lo[i]);
  AttributeList attributes = {{"ceil_mode", ceil && !by_padding ? kOne : 0},
                              {"kernel_shape", kernel},
                              {"pads", joined(lo, hi)},
                              {"strides", stride}};
  if (std::ranges::any_of(dilation, [](std::int64_t step) { return step != 1; }))
    attributes.push_back({"dilations", dilation});
  return attributes;
}

// Windows of unequal sizes, axis by axis: the parts of one axis, each reduced, side by side.
std::string pool_parts(ExportNode& node, const std::string& reduction) {
  GraphWriter& writer = node.writer();
  const Extents in = node.input_shape(0), out = node.output_shape();
  std::string x = node.input(0);
  for (std::size_t axis = 2; axis < in.size(); ++axis) {
    if (in[axis] == out[axis]) continue;
    const std::string along = writer.integers({static_cast<std::int64_t>(axis)});
    std::vector<std::string> parts;
    for (std::int64_t o = 0; o < out[axis]; ++o) {
      const std::int64_t start = o * in[axis] / out[axis], end = ((o + 1) * in[axis] + out[axis] - 1) / out[axis];
      const std::string part = writer.emit("Slice", {x, writer.integers({start}), writer.integers({end}), along});
      parts.push_back(writer.emit(reduction, {part, along}, {{"keepdims", kOne}}));
    }
    x = parts.size() == 1 ? parts[0] : writer.emit("Concat", parts, {{"axis", static_cast<std::int64_t>(axis)}});
  }
  return x;
}

void write_max_pool(ExportNode& node) {
  GraphWriter& writer = node.writer();
  if (node.has("output_size")) {
    if (node.wants(1)) node.unsupported("indices of adaptive pooling");
    return node.set(pool_parts(node, "ReduceMax"));
  }
  if (!node.wants(1)) return node.set(writer.emit("MaxPool", {node.input(0)}, window_attributes(node, true)));
  const std::vector<std::string> results = writer.emit("MaxPool", {node.input(0)}, window_attributes(node, true), 2);
  const Extents in = node.input_shape(0);
  const std::string plane = writer.constant(array_of({}, std::vector{product(Extents(in.begin() + 2, in.end()))}));
  node.set(0, results[0]);
  node.set(1, writer.cast(writer.emit("Mod", {results[1], plane}),
                          ElementType::i32));  // counted in the plane, not in the tensor
}

void write_average_pool(ExportNode& node) {
  GraphWriter& writer = node.writer();
  if (node.has("output_size")) return node.set(pool_parts(node, "ReduceMean"));
  const bool fixed = node.has("divisor_override"), padding_counts = fixed || node.flag("count_include_pad");
  if (fixed && node.flag("ceil_mode")) node.unsupported("divisor_override with ceil_mode");
  AttributeList attributes = window_attributes(node, !padding_counts);
  attributes.push_back({"count_include_pad", padding_counts ? kOne : 0});
  for (const NamedAttribute& attribute : attributes)
    if (attribute.name == "dilations") writer.require_opset(19);
  std::string y = writer.emit("AveragePool", {node.input(0)}, attributes);
  if (fixed) {
    const auto elements = static_cast<float>(product(node.extents("kernel")));
    y = writer.emit("Mul", {y, writer.scalar(elements / static_cast<float>(node.number("divisor_override")))});
  }
  node.set(y);
}

// ---- normalization ------------------------------------------------------------------------------

Array filled(std::int64_t count, float value) {
  Array array(ElementType::f32, {count});
  std::ranges::fill(array.as<float>(), value);
  return array;
}

// As it stands where ONNX has the same, for any image size; groups through a reshape that knows none.
bool write_of_any_size(ExportNode& node) {
  GraphWriter& writer = node.writer();
  const Extents shape = node.input_shape(0);
  const std::int64_t groups = node.integer("groups");
  if (groups == 0 || shape.size() < 3 || node.wants(1) || node.wants(2)) return false;
  const bool affine = node.flag("affine"), per_channel = groups == shape[1];
  const std::string x =
      per_channel ? node.input(0) : writer.emit("Reshape", {node.input(0), writer.integers({0, groups, -1})});
  const std::string scale = affine && per_channel ? node.input(1) : writer.constant(filled(groups, 1));
  const std::string shift = affine && per_channel ? node.input(2) : writer.constant(filled(groups, 0));
  std::string y =
      writer.emit("InstanceNormalization", {x, scale, shift}, {{"epsilon", static_cast<float>(node.number("eps"))}});
  if (!per_channel) y = writer.emit("Reshape", {y, writer.emit("Shape", {node.input(0)})});
  if (affine && !per_channel) {
    Extents along(shape.size() - 1, 1);
    along[0] = shape[1];
    y = writer.emit("Mul", {y, writer.reshape(node.input(1), {shape[1]}, along)});
    y = writer.emit("Add", {y, writer.reshape(node.input(2), {shape[1]}, along)});
  }
  node.set(node.text("activation") == "relu" ? writer.emit("Relu", {y}) : y);
  return true;
}

// Instance normalization of a view in which what shares statistics is a row: (N, groups, rest), or (1, C, N and
// spatial).
void write_normalize(ExportNode& node) {
  GraphWriter& writer = node.writer();
  if (node.wants(3) || node.wants(4)) node.unsupported("running statistics, which training keeps");
  if (write_of_any_size(node)) return;
  const Extents shape = node.input_shape(0);
  const std::int64_t groups = node.integer("groups"), channels = shape.at(1), all = product(shape);
  const bool whole_batch = groups == 0, per_channel = whole_batch || groups == channels, affine = node.flag("affine");
  const Extents rows =
      whole_batch ? Extents{1, channels, all / channels} : Extents{shape[0], groups, all / shape[0] / groups};
  std::vector<int> swap(shape.size());
  for (std::size_t i = 0; i < swap.size(); ++i) swap[i] = static_cast<int>(i < 2 && whole_batch ? 1 - i : i);
  Extents turned;
  for (const int axis : swap) turned.push_back(shape[static_cast<std::size_t>(axis)]);
  const std::string x = writer.reshape(writer.transpose(node.input(0), swap), turned, rows);
  const std::string scale = affine && per_channel ? node.input(1) : writer.constant(filled(rows[1], 1));
  const std::string shift = affine && per_channel ? node.input(2) : writer.constant(filled(rows[1], 0));
  const std::string normal =
      writer.emit("InstanceNormalization", {x, scale, shift}, {{"epsilon", static_cast<float>(node.number("eps"))}});
  std::string y = writer.transpose(writer.reshape(normal, rows, turned), swap);
  if (affine && !per_channel) {
    Extents along(shape.size() - 1, 1);
    along[0] = channels;
    y = writer.emit("Mul", {y, writer.reshape(node.input(1), {channels}, along)});
    y = writer.emit("Add", {y, writer.reshape(node.input(2), {channels}, along)});
  }
  node.set(node.text("activation") == "relu" ? writer.emit("Relu", {y}) : y);
  if (!node.wants(1) && !node.wants(2)) return;
  const std::string last = writer.integers({2});
  const std::string mean = writer.emit("ReduceMean", {x, last}, {{"keepdims", kOne}}),
                    rest = writer.emit("Sub", {x, mean});
  const std::string variance =
      writer.emit("ReduceMean", {writer.emit("Mul", {rest, rest}), last}, {{"keepdims", kOne}});
  node.set(1, writer.reshape(mean, {rows[0], rows[1], 1}, node.output_shape(1)));
  node.set(2, writer.reshape(variance, {rows[0], rows[1], 1}, node.output_shape(2)));
}

// The mean over neighbouring channels is average pooling of (N, 1, C, pixels).
void write_channel_window(ExportNode& node) {
  GraphWriter& writer = node.writer();
  const Extents shape = node.input_shape(0), rows = {shape[0], 1, shape[1], product(shape) / shape[0] / shape[1]};
  const std::int64_t size = node.integer("size"), before = node.integer("before");
  const std::string means = writer.emit("AveragePool", {writer.reshape(node.input(0), shape, rows)},
                                        {{"count_include_pad", kOne},
                                         {"kernel_shape", Extents{size, 1}},
                                         {"pads", Extents{before, 0, size - 1 - before, 0}}});
  node.set(writer.reshape(means, rows, shape));
}

// ---- interpolation ------------------------------------------------------------------------------

void write_resize(ExportNode& node) {
  GraphWriter& writer = node.writer();
  const bool nearest = node.text("mode") == "nearest", corners = node.flag("align_corners");
  const AttributeList attributes = {{"coordinate_transformation_mode", std::string(nearest   ? "asymmetric"
                                                                                   : corners ? "align_corners"
                                                                                             : "half_pixel")},
                                    {"mode", std::string(nearest ? "nearest" : "linear")},
                                    {"nearest_mode", std::string("floor")}};
  std::vector<float> scales = {1, 1};
  std::string list = node.text("scale");
  for (std::size_t at = 0; at < list.size();) {
    const std::size_t end = std::min(list.find('x', at), list.size());
    scales.push_back(std::strtof(list.substr(at, end - at).c_str(), nullptr));
    at = end + 1;
  }
  const Extents in = node.input_shape(0), out = node.output_shape();
  bool whole = scales.size() == 2;  // a size that is a multiple is a scale, for any image
  for (std::size_t i = 2; i < in.size() && whole; ++i) whole = out[i] % in[i] == 0;
  for (std::size_t i = 2; i < in.size() && whole; ++i) scales.push_back(static_cast<float>(out[i] / in[i]));
  if (!whole && (scales.size() == 2 || corners))
    return node.set(writer.emit("Resize", {node.input(0), "", "", writer.integers(node.output_shape())}, attributes));
  scales.resize(node.input_shape(0).size(), scales.back());
  Array array(ElementType::f32, {std::ssize(scales)});
  std::ranges::copy(scales, array.as<float>().begin());
  node.set(writer.emit("Resize", {node.input(0), "", writer.constant(std::move(array))}, attributes));
}

// The sum over taps of elements picked along the axis times their weights.
void write_resample(ExportNode& node) {
  GraphWriter& writer = node.writer();
  const Resample& op = node.as<Resample>();
  const ResampleTable& table = op.table();
  Extents along(node.input_shape(0).size() - static_cast<std::size_t>(op.axis()), 1);
  along[0] = table.out;
  std::string sum;
  for (std::int64_t tap = 0; tap < table.taps; ++tap) {
    Extents index;
    Array weights(ElementType::f32, along);
    for (std::int64_t o = 0; o < table.out; ++o) {
      index.push_back(table.first[static_cast<std::size_t>(o)] + tap);
      weights.as<float>()[static_cast<std::size_t>(o)] = table.weights[static_cast<std::size_t>(o * table.taps + tap)];
    }
    if (std::ranges::all_of(weights.as<float>(), [](float weight) { return weight == 0; })) continue;
    const bool copied = std::ranges::all_of(weights.as<float>(), [](float weight) { return weight == 1; });
    std::string term = writer.emit("Gather", {node.input(0), writer.integers(index)},
                                   {{"axis", static_cast<std::int64_t>(op.axis())}});
    if (!copied) term = writer.emit("Mul", {term, writer.constant(std::move(weights))});
    sum = sum.empty() ? term : writer.emit("Add", {sum, term});
  }
  node.set(!sum.empty() ? sum : writer.emit("Expand", {writer.scalar(0), writer.integers(node.output_shape())}));
}

void write_grid_sample(ExportNode& node) {
  const std::size_t rank = node.input_shape(0).size();
  if (rank == 3) node.unsupported("one spatial axis");
  if (node.flag("pixels")) node.unsupported("coordinates in pixels");
  std::string mode = node.text("mode");
  if (rank == 5) {  // 3-D came with opset 20, which renamed the modes
    node.writer().require_opset(20);
    if (mode == "bilinear") mode = "linear";
  }
  node.set(node.writer().emit("GridSample", node.input_names(),
                              {{"align_corners", node.flag("align_corners") ? kOne : 0},
                               {"mode", mode},
                               {"padding_mode", node.text("padding_mode")}}));
}

}  // namespace

std::span<const ExporterRow> layer_exporters() {
  static constexpr ExporterRow kRows[] = {
      {"avg_pool", write_average_pool},
      {"channel_window", write_channel_window},
      {"conv", write_conv},
      {"conv_transpose", write_conv},
      {"grid_sample", write_grid_sample},
      {"max_pool", write_max_pool},
      {"normalize", write_normalize},
      {"resample", write_resample},
      {"resize", write_resize},
  };
  return kRows;
}

}  // namespace tuff::onnx
