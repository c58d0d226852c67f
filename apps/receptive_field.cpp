#include "apps/receptive_field.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <memory>
#include <numeric>
#include <utility>

#include "apps/model_runner.h"
#include "autodiff/gradient.h"
#include "base/error.h"
#include "base/philox.h"
#include "base/text.h"
#include "io/image.h"
#include "ops/pool.h"
#include "ops/pool_kernels.h"
#include "passes/rewrite.h"
#include "runtime/compile.h"
#include "tasks/dense_task.h"

namespace tuff {
namespace {

using Extents = std::vector<std::int64_t>;

constexpr std::int64_t kUsualSide = 128;   // of ONNX models whose input has no fixed size
constexpr std::int64_t kUsualPeriod = 16;  // that most networks have
constexpr std::int64_t kMostPeriod = 32;
constexpr std::uint64_t kNoiseSeed = 1;

// ---- subjects -----------------------------------------------------------------------------------

Extents spatial_of(const Extents& shape) {
  return {shape.begin() + 2, shape.end()};
}

// The one input and output that are images, each f32 in the graph.
void finish(FieldSubject& subject) {
  const auto is_image = [](const onnx::ImportedPort& port) {
    return port.in_graph && is_floating(port.type) && port.shape.size() >= 3 && port.shape.size() <= 5;
  };
  std::erase_if(subject.net.inputs, [&](const onnx::ImportedPort& port) { return !is_image(port); });
  std::erase_if(subject.net.outputs, [&](const onnx::ImportedPort& port) { return !is_image(port); });
  if (subject.net.inputs.size() != 1 || subject.net.outputs.empty())
    throw Error(
        fmt::format("{}: a receptive field is that of a network that gives an image for one image", subject.title));
  subject.input = spatial_of(subject.net.inputs[0].shape);
  subject.output = spatial_of(subject.net.outputs[0].shape);
  if (subject.input.size() != subject.output.size())
    throw Error(fmt::format("{}: its output {} isn't an image like its input {}", subject.title,
                            shape_text(subject.net.outputs[0].shape), shape_text(subject.net.inputs[0].shape)));
}

FieldSubject onnx_subject(const std::string& path, std::int64_t side) {
  const onnx::Model model = onnx::read_model(path);
  std::vector<onnx::Feed> feeds;
  for (const onnx::Port& port : model.free_inputs()) {
    if (!port.shape) throw Error(fmt::format("{}: says no shape of its input \"{}\"", path, port.name));
    onnx::Feed feed{.name = port.name, .shape = {}};
    for (std::size_t i = 0; i < port.shape->size(); ++i) {
      const std::optional<std::int64_t> extent = (*port.shape)[i].extent;
      if (!extent && i == 1)
        throw Error(fmt::format("{}: doesn't say how many channels \"{}\" has; fix it with `tuff convert --shape`",
                                path, port.name));
      if (extent && i >= 2 && side > 0 && side != *extent)
        throw Error(fmt::format("--tile {}: the input \"{}\" of {} is fixed to {}", side, port.name, path, *extent));
      feed.shape.push_back(extent ? *extent : i == 0 ? 1 : side > 0 ? side : kUsualSide);
    }
    feeds.push_back(std::move(feed));
  }
  FieldSubject subject{
      .net = onnx::import_model(model, feeds), .title = path, .axes = {}, .scale = 1, .whole_image = {}};
  finish(subject);
  return subject;
}

std::int64_t reach_of(const NetworkAxis& axis) {
  return axis.reach > 0 ? axis.reach : axis.radius;
}

// Room for the fields of all output pixels that are tried.
std::int64_t roomy_side(const NetworkAxis& axis) {
  return axis.fitting(2 * reach_of(axis) + 2 * std::min(axis.alignment, kMostPeriod) + 4);
}

FieldSubject dense_subject(const Model& model, std::int64_t side) {
  const auto task = make_dense_task(model.options, model.format);
  const Network& network = task->network();
  FieldSubject subject{
      .net = {}, .title = network.name, .axes = {}, .scale = network.scale, .whole_image = network.whole_image};
  Extents shape = {1, network.in_channels};
  for (const char name : network.rank == 3 ? std::string("zyx") : std::string("yx")) {
    const NetworkAxis& axis = network.axis(name);
    shape.push_back(side > 0 ? side : roomy_side(axis));
    if (axis.output_size(shape.back()) == 0)
      throw Error(fmt::format("--tile {}: the model can't take this size; use {}", side,
                              sizes_text(axis.nearest_sizes(shape.back()))));
    subject.axes.push_back(axis);
  }
  subject.net = inference_network(model, shape, "");
  finish(subject);
  return subject;
}

// ---- measuring ----------------------------------------------------------------------------------

// The same network with means in place of maxima, but where somebody reads which pixel was the largest.
std::unique_ptr<Graph> with_mean_pools(const Graph& from) {
  const Readers readers(from);
  Rewriter rewriter(from);
  for (std::uint32_t index = 0; index < from.nodes().size(); ++index) {
    const Node& node = from.nodes()[index];
    const PoolAttributes* pool = max_pool_attributes(*node.op);
    if (pool == nullptr || !readers.of(node.outputs[1]).empty()) {
      rewriter.copy(index);
      continue;
    }
    const Value x = rewriter.map(node.inputs[0]);
    const Value pooled = pool->output_size.empty() ? avg_pool(x, *pool) : adaptive_avg_pool(x, pool->output_size);
    rewriter.replace(index, std::vector<Value>{pooled, Value{}});
  }
  return rewriter.finish();
}

Value named_input(Graph& graph, const std::string& name) {
  for (const Value input : graph.inputs())
    if (graph.info(input).name == name) return input;
  throw Error(fmt::format("the graph has no input \"{}\"", name));
}

Value named_output(Graph& graph, const std::string& name) {
  for (const Output& output : graph.outputs())
    if (output.name == name) return {&graph, output.value};
  throw Error(fmt::format("the graph has no output \"{}\"", name));
}

// Weights that add up to 1 or so, so that neither values nor gradients grow or vanish; norms that do nothing.
void make_positive(ParameterStore& store) {
  for (const Variable& variable : store.variables()) {
    HostTensor values(variable.type.shape);
    float value = variable.name.ends_with("bias") || variable.name.ends_with("running_mean") ? 0.0f : 1.0f;
    if (values.shape.rank() > 1)
      value = static_cast<float>(values.shape[0]) / static_cast<float>(values.shape.elements());
    std::ranges::fill(values.floats(), value);
    store.write(variable.name, values);
  }
}

class GradientMeter {
 public:
  GradientMeter(const FieldSubject& subject, bool structure, Device& device) : subject_(subject) {
    graph_ = structure ? with_mean_pools(*subject.net.graph) : copied(*subject.net.graph);
    const Value x = named_input(*graph_, subject.net.inputs[0].name);
    const Value y = named_output(*graph_, subject.net.outputs[0].name);
    upstream_ = y.shape();
    const Value upstream = graph_->input(kUpstream, upstream_);
    graph_->output(kGradient, gradient({&y, 1}, {&upstream, 1}, {&x, 1})[0]);
    store_ = std::make_unique<ParameterStore>(device, *graph_);
    subject.net.load(*store_);
    if (structure) make_positive(*store_);
    // Winograd's transforms leave rounding where zeros belong.
    CompileOptions options;
    options.lower.force = {{"conv", "direct"}, {"conv_transpose", "direct"}};
    executable_ = compile(*graph_, device, store_.get(), options);
    write_noise(x, structure);
  }

  // Of the sum over the channels of an output pixel: (1, C, spatial...).
  HostTensor at(const Extents& place) {
    HostTensor upstream(upstream_);
    std::int64_t pixel = 0, plane = 1;
    for (std::size_t axis = 0; axis < place.size(); ++axis) {
      pixel = pixel * subject_.output[axis] + place[axis];
      plane *= subject_.output[axis];
    }
    for (std::int64_t c = 0; c < upstream_[1]; ++c) upstream.floats()[static_cast<std::size_t>(c * plane + pixel)] = 1;
    executable_->write(kUpstream, upstream);
    executable_->run();
    return executable_->read(kGradient);
  }

 private:
  static constexpr const char* kUpstream = "upstream of the field";
  static constexpr const char* kGradient = "gradient of the field";

  static std::unique_ptr<Graph> copied(const Graph& from) {
    Rewriter rewriter(from);
    for (std::uint32_t index = 0; index < from.nodes().size(); ++index) rewriter.copy(index);
    return rewriter.finish();
  }

  // Positive where the structure is looked for, else like normalized images.
  void write_noise(Value x, bool structure) {
    HostTensor noise(x.shape());
    PhiloxStream random(kNoiseSeed);
    for (float& value : noise.floats()) value = static_cast<float>(random.uniform()) + (structure ? 0.5f : 0.0f);
    executable_->write(subject_.net.inputs[0].name, noise);
  }

  const FieldSubject& subject_;
  std::unique_ptr<Graph> graph_;
  Shape upstream_;
  std::unique_ptr<ParameterStore> store_;
  std::unique_ptr<Executable> executable_;
};

// First and last index of each axis that anything depends on; last < first where nothing does.
std::vector<std::pair<std::int64_t, std::int64_t>> bounds(const HostTensor& gradient, const Extents& extents) {
  std::vector<std::pair<std::int64_t, std::int64_t>> result;
  for (const std::int64_t extent : extents) result.emplace_back(extent, -1);
  for (std::size_t i = 0; i < gradient.floats().size(); ++i) {
    if (gradient.floats()[i] == 0) continue;
    auto rest = static_cast<std::int64_t>(i);
    for (std::size_t axis = extents.size(); axis-- > 0; rest /= extents[axis]) {
      const std::int64_t at = rest % extents[axis];
      result[axis].first = std::min(result[axis].first, at);
      result[axis].second = std::max(result[axis].second, at);
    }
  }
  return result;
}

// Where in the input an output pixel lies.
std::int64_t input_place(const FieldSubject& subject, std::size_t axis, std::int64_t output) {
  if (subject.axes.empty()) return output * subject.input[axis] / subject.output[axis];
  return output / subject.scale + subject.axes[axis].margin;
}

// How far behind the first output pixel the others lie: all phases of poolings, of which any may see farthest, and the
// first once more. Where nothing is known of a network some.
std::vector<std::int64_t> steps_of(const FieldSubject& subject) {
  if (subject.axes.empty()) return {0, 1, 2, 4, 8, kUsualPeriod};
  std::int64_t period = 1;
  for (const NetworkAxis& axis : subject.axes) period = std::max(period, axis.alignment * subject.scale);
  std::vector<std::int64_t> steps(static_cast<std::size_t>(std::min(period, kMostPeriod) + 1));
  std::iota(steps.begin(), steps.end(), 0);
  return steps;
}

// Output pixels around the middle, going along all axes at once.
std::vector<Extents> places_of(const FieldSubject& subject) {
  const std::vector<std::int64_t> steps = steps_of(subject);
  std::vector<Extents> places;
  for (const std::int64_t step : steps) {
    Extents place;
    for (const std::int64_t extent : subject.output)
      place.push_back(std::clamp<std::int64_t>((extent - steps.back()) / 2 + step, 0, extent - 1));
    if (places.empty() || place != places.back()) places.push_back(std::move(place));
  }
  return places;
}

void add_magnitudes(const HostTensor& gradient, std::vector<float>& sums) {
  for (std::size_t i = 0; i < gradient.floats().size(); ++i) sums[i % sums.size()] += std::abs(gradient.floats()[i]);
}

}  // namespace

FieldSubject field_subject(const std::string& path, std::int64_t side) {
  if (path.ends_with(".onnx")) return onnx_subject(path, side);
  const Model model = load_model(path);
  if (is_dense(model.options.model)) return dense_subject(model, side);
  if (side > 0 && side != model.options.size)
    throw Error(fmt::format("--tile {}: this {} takes images of {}x{} alone; leave --tile out", side,
                            model.options.model, model.options.size, model.options.size));
  FieldSubject subject{.net = inference_network(model, {}, ""),
                       .title = model.options.model,
                       .axes = {},
                       .scale = 1,
                       .whole_image = "the code stands for the whole image"};
  finish(subject);
  return subject;
}

std::int64_t declared_reach(const FieldSubject& subject, std::size_t axis) {
  return subject.axes.empty() ? 0 : reach_of(subject.axes[axis]);
}

MeasuredField measure_field(const FieldSubject& subject, bool structure, Device& device) {
  GradientMeter meter(subject, structure, device);
  const std::size_t rank = subject.input.size();
  MeasuredField field{
      .axes = std::vector<FieldExtent>(rank), .stride = std::vector<double>(rank, 0), .effective = {}, .place = {}};
  field.effective.resize(static_cast<std::size_t>(subject.input[rank - 1] * (rank > 1 ? subject.input[rank - 2] : 1)));
  std::vector<Extents> places = places_of(subject);
  if (!structure) places.resize(1);
  std::vector<double> first_middle, last_middle;
  for (const Extents& place : places) {
    const HostTensor gradient = meter.at(place);
    const auto extents = bounds(gradient, subject.input);
    std::vector<double> middle;
    for (std::size_t axis = 0; axis < rank; ++axis) {
      const auto [first, last] = extents[axis];
      middle.push_back(static_cast<double>(first + last) / 2);
      if (last < first) continue;
      const std::int64_t at = input_place(subject, axis, place[axis]);
      FieldExtent& extent = field.axes[axis];
      extent.pixels = std::max(extent.pixels, last - first + 1);
      extent.reach = std::max({extent.reach, at - first, last - at});
      extent.clipped = extent.clipped || first == 0 || last == subject.input[axis] - 1;
    }
    if (&place == &places.front()) {
      first_middle = middle;
      add_magnitudes(gradient, field.effective);
      for (std::size_t axis = 0; axis < rank; ++axis) field.place.push_back(input_place(subject, axis, place[axis]));
    }
    last_middle = middle;
  }
  for (std::size_t axis = 0; axis < rank; ++axis)
    if (const auto steps = static_cast<double>(places.back()[axis] - places.front()[axis]); steps > 0)
      field.stride[axis] = (last_middle[axis] - first_middle[axis]) / steps;
  return field;
}

namespace {

// ---- telling ------------------------------------------------------------------------------------

std::string extents_text(const Extents& extents) {
  return fmt::format("{}", fmt::join(extents, "x"));
}

// Side of the smallest square around a place that holds so much of the sum.
std::int64_t side_holding(const std::vector<float>& values, std::int64_t width, const Extents& place, double share) {
  const std::int64_t x0 = place.back(), y0 = place.size() > 1 ? place[place.size() - 2] : 0;
  std::vector<double> rings;  // by the distance along the farther axis
  double all = 0;
  for (std::size_t i = 0; i < values.size(); ++i) {
    const auto at = static_cast<std::int64_t>(i);
    const auto ring = static_cast<std::size_t>(std::max(std::abs(at % width - x0), std::abs(at / width - y0)));
    if (ring >= rings.size()) rings.resize(ring + 1);
    rings[ring] += static_cast<double>(values[i]);
    all += static_cast<double>(values[i]);
  }
  double inside = 0;
  for (std::size_t ring = 0; ring < rings.size(); ++ring)
    if ((inside += rings[ring]) >= share * all) return 2 * static_cast<std::int64_t>(ring) + 1;
  return 2 * static_cast<std::int64_t>(rings.size()) - 1;
}

// Brightness is the root of the gradient, so that its tails show.
void write_picture(const std::string& file, const MeasuredField& field, std::int64_t width) {
  const float most = std::max(*std::ranges::max_element(field.effective), 1e-38f);
  Image image(1, static_cast<std::int64_t>(field.effective.size()) / width, width);
  for (std::size_t i = 0; i < field.effective.size(); ++i) image.values[i] = 255 * std::sqrt(field.effective[i] / most);
  write_image(file, image);
}

std::string extent_text(const FieldExtent& extent) {
  return fmt::format("{}{} pixels, {}{} away", extent.clipped ? "at least " : "", extent.pixels,
                     extent.clipped ? "" : "up to ", extent.reach);
}

void print_axis(const FieldSubject& subject, std::size_t axis, const FieldExtent& structure, const FieldExtent& real) {
  const std::size_t from_last = subject.input.size() - axis;
  fmt::print("{}  ", from_last == 1 ? "x" : from_last == 2 ? "y" : "z");
  if (!subject.whole_image.empty() || subject.axes.empty())
    fmt::print("layers: {}", subject.whole_image.empty() ? "not said" : "the whole image");
  else
    fmt::print("layers: up to {} away, margin {}, alignment {}", declared_reach(subject, axis),
               subject.axes[axis].margin, subject.axes[axis].alignment);
  fmt::print("; gradient, all weights positive: {}; of one pixel with the weights as they are: {}\n",
             extent_text(structure), extent_text(real));
}

// What the gradient says of what the layers say.
std::string verdict(const FieldSubject& subject, const MeasuredField& structure) {
  if (!subject.whole_image.empty()) return fmt::format("all of the image counts: {}", subject.whole_image);
  if (subject.axes.empty()) return "";
  bool equal = true;
  for (std::size_t axis = 0; axis < subject.input.size(); ++axis) {
    const std::int64_t said = declared_reach(subject, axis), seen = structure.axes[axis].reach;
    if (seen > said)
      throw Error(fmt::format("the gradient reaches {} pixels, the layers say {}: the geometry of {} is wrong", seen,
                              said, subject.title));
    equal = equal && seen == said;
  }
  return equal ? "the gradient reaches as far as the layers say"
               : "the gradient reaches less far than the layers allow";
}

}  // namespace

void explain_field(const std::string& model, std::int64_t side, const std::string& picture,
                   const std::function<Device&()>& device) {
  const FieldSubject subject = field_subject(model, side);
  Device& opened = device();
  const MeasuredField structure = measure_field(subject, true, opened), real = measure_field(subject, false, opened);
  fmt::print("{} on {}: which input pixels an output pixel depends on\n", model, opened.caps().name);
  fmt::print("input {} gives output {}, {:g} input pixels for one output pixel\n", extents_text(subject.input),
             extents_text(subject.output), fmt::join(structure.stride, "x"));
  for (std::size_t axis = 0; axis < subject.input.size(); ++axis)
    print_axis(subject, axis, structure.axes[axis], real.axes[axis]);
  if (const std::string text = verdict(subject, structure); !text.empty()) fmt::print("{}\n", text);
  const std::int64_t width = subject.input.back();
  fmt::print(
      "effective field, with the weights as they are: half of the gradient within {0}x{0} pixels, 95 % within "
      "{1}x{1}\n",
      side_holding(real.effective, width, real.place, 0.5), side_holding(real.effective, width, real.place, 0.95));
  if (!picture.empty()) write_picture(picture, real, width);
}

}  // namespace tuff
