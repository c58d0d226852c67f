#include "train/batch_augmentation.h"

#include <algorithm>
#include <cmath>

#include "io/shrink.h"
#include "ops/blur.h"
#include "ops/cast.h"
#include "ops/concat.h"
#include "ops/grid_sample.h"
#include "ops/pointwise.h"
#include "ops/random.h"
#include "ops/reduce.h"
#include "ops/reshape.h"
#include "ops/resize.h"
#include "ops/slice.h"
#include "runtime/compile.h"
#include "train/training_graph.h"

namespace tuff {
namespace {

constexpr std::uint32_t kNoiseNumber = 1 << 16;  // of random_normal: the same wherever the nodes stand

bool is_warped(const BatchLayout& layout, const Augmentation& augmentation) {
  return augmentation.warps() || (layout.turns && (augmentation.flip || augmentation.rot90));
}

bool acts(const BatchLayout& layout, const Augmentation& augmentation) {
  return is_warped(layout, augmentation) || augmentation.changes_intensities();
}

// (N, channels, spatial...).
Shape shape_of(const BatchLayout& layout, std::int64_t batch, std::int64_t channels, const ImageSize& extents) {
  if (layout.rank == 3) return {batch, channels, extents.depth, extents.height, extents.width};
  return {batch, channels, extents.height, extents.width};
}

// (N, channels, 1...).
Shape per_sample(const BatchLayout& layout, std::int64_t channels) {
  return shape_of(layout, layout.batch, channels, {1, 1, 1});
}

// The part of x (N, C, spatial...) that begins at (z, y, x) of its spatial axes.
Value part_of(const BatchLayout& layout, Value x, const ImageSize& first, const ImageSize& size) {
  const auto corner = [&](const ImageSize& at, std::int64_t sample, std::int64_t channel) {
    std::vector<std::int64_t> place = {sample, channel, at.height, at.width};
    if (layout.rank == 3) place.insert(place.begin() + 2, at.depth);
    return place;
  };
  return slice(x, corner(first, 0, 0),
               corner({first.depth + size.depth, first.height + size.height, first.width + size.width}, x.shape()[0],
                      x.shape()[1]));
}

// Where each pixel lies along one axis (0 x, 1 y, 2 z) from the middle of the crop, for each coordinate: (1, d,
// spatial...), with a border of so many pixels in y and x.
Value positions(Graph& graph, const BatchLayout& layout, int axis, std::int64_t border) {
  const ImageSize& crop = layout.crop.image;
  const ImageSize size = {crop.depth, crop.height + 2 * border, crop.width + 2 * border};
  const std::int64_t extent = axis == 0 ? size.width : axis == 1 ? size.height : size.depth;
  const std::int64_t stride = axis == 0 ? 1 : axis == 1 ? size.width : size.width * size.height;
  std::vector<float> values;
  for (int coordinate = 0; coordinate < layout.rank; ++coordinate)
    for (std::int64_t i = 0; i < size.pixels(); ++i)
      values.push_back(static_cast<float>(i / stride % extent) - static_cast<float>(extent - 1) / 2);
  return graph.constant(HostTensor::from_floats(shape_of(layout, 1, layout.rank, size), values));
}

// For each pixel of the crop and its border the index of the pixel of "images" that it shows: (N, d, spatial...).
Value warped_places(Graph& graph, const BatchLayout& layout, const Augmentation& augmentation, std::int64_t border) {
  const Shape vector = per_sample(layout, layout.rank);
  Value places = add(mul(graph.input("augment.along_x", vector), positions(graph, layout, 0, border)),
                     mul(graph.input("augment.along_y", vector), positions(graph, layout, 1, border)));
  if (layout.rank == 3)
    places = add(places, mul(graph.input("augment.along_z", vector), positions(graph, layout, 2, border)));
  places = add(places, graph.input("augment.center", vector));
  if (augmentation.elastic == 0) return places;
  const Value points =
      graph.input("augment.elastic", shape_of(layout, layout.batch, layout.rank, elastic_points(layout.crop.image)));
  const Shape shape = places.shape();
  return add(places, resize(points, {.size = {shape.extents().begin() + 2, shape.extents().end()},
                                     .mode = ResizeMode::cubic,
                                     .align_corners = true}));
}

Value sampled(Value x, Value places, GridSampleMode mode) {
  return grid_sample(x, places, {.mode = mode, .padding_mode = GridPadding::reflection, .pixels = true});
}

// Vectors of the source (y, x) as they stand in the warped image, whose places have a border of one pixel: multiplied
// by the inverse of the warp's derivative, as lines that follow them are warped, and as long as at the nearest pixel.
Value turned(Value vectors, Value nearest, Value bordered, const ImageSize& size) {
  const auto moved = [&](std::int64_t coordinate, std::int64_t y, std::int64_t x) {
    return slice(bordered, {0, coordinate, 1 + y, 1 + x},
                 {bordered.shape()[0], coordinate + 1, 1 + y + size.height, 1 + x + size.width});
  };
  const auto slope = [&](std::int64_t coordinate, std::int64_t y, std::int64_t x) {
    return sub(moved(coordinate, y, x), moved(coordinate, -y, -x));
  };
  const Value xx = slope(0, 0, 1), xy = slope(0, 1, 0), yx = slope(1, 0, 1), yy = slope(1, 1, 0);
  const auto component = [](Value v, std::int64_t i) { return narrow(v, 1, i, 1); };
  const auto length = [&](Value y, Value x) { return sqrt(add(square(y), square(x))); };
  const Value vy = component(vectors, 0), vx = component(vectors, 1);
  const Value y = sub(mul(xx, vy), mul(yx, vx)), x = sub(mul(yy, vx), mul(xy, vy));
  const Value wanted = length(component(nearest, 0), component(nearest, 1));
  const Value factor = div(wanted, clamp_min(length(y, x), 1e-6f));
  return concat({mul(y, factor), mul(x, factor)});
}

// One geometry for all that a batch holds.
class Warp {
 public:
  Warp(Graph& graph, const BatchLayout& layout, const Augmentation& augmentation)
      : layout_(layout), border_(layout.vectors >= 0 ? 1 : 0) {
    bordered_ = warped_places(graph, layout, augmentation, border_);
    const ImageSize &crop = layout.crop.image, &label = layout.crop.label;
    const ImageSize first = {(crop.depth - label.depth) / 2, (crop.height - label.height) / 2,
                             (crop.width - label.width) / 2};
    places_ = border_ == 0 ? bordered_ : part_of(layout, bordered_, {0, border_, border_}, crop);
    if (crop == label) {
      label_places_ = places_;
      return;
    }
    // Labels begin so much further within the image.
    std::vector<float> start = {static_cast<float>(first.width), static_cast<float>(first.height)};
    if (layout.rank == 3) start.push_back(static_cast<float>(first.depth));
    const Value offset = graph.constant(HostTensor::from_floats(shape_of(layout, 1, layout.rank, {1, 1, 1}), start));
    bordered_ =
        sub(part_of(layout, bordered_, first, {label.depth, label.height + 2 * border_, label.width + 2 * border_}),
            offset);
    label_places_ = border_ == 0 ? bordered_ : part_of(layout, bordered_, {0, border_, border_}, label);
  }

  Value images(Value x) const { return sampled(x, places_, GridSampleMode::bilinear); }

  Value labels(Value x) const {
    if (x.type().dtype == DType::f32) return sampled(x, label_places_, GridSampleMode::nearest);
    std::vector<std::int64_t> extents = x.shape().extents();
    extents.insert(extents.begin() + 1, 1);
    const Value ids = sampled(cast(reshape(x, extents), DType::f32), label_places_, GridSampleMode::nearest);
    extents = ids.shape().extents();
    extents.erase(extents.begin() + 1);
    return reshape(cast(ids, DType::i32), extents);
  }

  Value targets(Value x) const {
    const GridSampleMode mode = layout_.nearest_targets ? GridSampleMode::nearest : GridSampleMode::bilinear;
    if (layout_.vectors < 0) return sampled(x, label_places_, mode);
    const std::int64_t after = layout_.vectors + 2, channels = x.shape()[1];
    std::vector<Value> parts;
    const auto add_part = [&](std::int64_t from, std::int64_t to) {
      if (to > from) parts.push_back(sampled(narrow(x, 1, from, to - from), label_places_, mode));
    };
    add_part(0, layout_.vectors);
    const Value field = narrow(x, 1, layout_.vectors, 2);
    parts.push_back(turned(sampled(field, label_places_, GridSampleMode::bilinear),
                           sampled(field, label_places_, GridSampleMode::nearest), bordered_, layout_.crop.label));
    add_part(after, channels);
    return concat(parts);
  }

 private:
  const BatchLayout& layout_;
  std::int64_t border_;
  Value bordered_;  // of the labels, with the border
  Value places_, label_places_;
};

Value with_intensities(Graph& graph, const BatchLayout& layout, const Augmentation& augmentation, Value x) {
  const std::size_t spatial = static_cast<std::size_t>(layout.rank);
  const auto input = [&](const char* name, std::int64_t channels) {
    return graph.input(name, per_sample(layout, channels));
  };
  if (augmentation.gamma > 0) {
    const Value exponent = input("augment.exponent", layout.channels);
    x = where(equal(exponent, 1), x, mul(sign(x), pow(abs(x), exponent)));
  }
  if (augmentation.background > 0) {
    const Value points = graph.input("augment.background", shape_of(layout, layout.batch, 1, {1, 3, 3}));
    x = add(x, resize(points, {.size = {x.shape().extents().begin() + 2, x.shape().extents().end()},
                               .mode = ResizeMode::cubic,
                               .align_corners = true}));
  }
  if (augmentation.contrast > 0 || augmentation.brightness > 0 || augmentation.color > 0) {
    Value shift = input("augment.shift", layout.channels);
    if (augmentation.contrast > 0) {
      std::vector<int> axes(spatial);
      for (std::size_t i = 0; i < spatial; ++i) axes[i] = static_cast<int>(i) + 2;
      shift = add(shift, mul(mean(x, axes, true), input("augment.centering", layout.channels)));
    }
    x = add(mul(x, input("augment.factor", layout.channels)), shift);
  }
  if (augmentation.blur > 0) {
    const auto taps = 2 * static_cast<std::int64_t>(std::ceil(2.5 * augmentation.blur)) + 1;
    std::vector<std::int64_t> size(spatial, taps);
    std::vector<double> sigma(spatial, augmentation.blur);
    if (layout.rank == 3) size[0] = 1;  // slices are often further apart than pixels
    x = add(x, mul(sub(gaussian_blur(x, size, sigma), x), input("augment.blur", 1)));
  }
  if (augmentation.noise > 0)
    x = add(x, mul(random_normal(random_state_input(graph), x.type(), kNoiseNumber), input("augment.noise", 1)));
  return x;
}

// Values of all samples, one after the other.
class Columns {
 public:
  void add(const std::string& name, const Shape& shape, std::span<const float> sample) {
    auto found = std::ranges::find(columns_, name, &Column::name);
    if (found == columns_.end()) found = columns_.insert(found, {name, shape, {}});
    found->values.insert(found->values.end(), sample.begin(), sample.end());
  }

  std::vector<NamedTensor> tensors() const {
    std::vector<NamedTensor> result;
    for (const Column& column : columns_)
      result.push_back({column.name, HostTensor::from_floats(column.shape, column.values)});
    return result;
  }

 private:
  struct Column {
    std::string name;
    Shape shape;
    std::vector<float> values;
  };
  std::vector<Column> columns_;
};

std::vector<float> floats(std::span<const double> values) {
  std::vector<float> result;
  for (const double value : values) result.push_back(static_cast<float>(value));
  return result;
}

void add_warp(Columns& columns, const BatchLayout& layout, const AugmentationDraw& draw) {
  const Shape vector = per_sample(layout, layout.rank);
  const auto axes = static_cast<std::size_t>(layout.rank);
  const auto add = [&](const char* name, const std::array<double, 3>& values) {
    columns.add(name, vector, floats(std::span(values).first(axes)));
  };
  add("augment.along_x", draw.along_x);
  add("augment.along_y", draw.along_y);
  if (layout.rank == 3) add("augment.along_z", draw.along_z);
  const ImageSize &crop = layout.crop.image, &margin = layout.crop.margin;
  const auto middle = [](std::int64_t extent, std::int64_t beyond) {
    return static_cast<double>(extent - 1) / 2 + static_cast<double>(beyond);
  };
  add("augment.center",
      {draw.shift[0] + middle(crop.width, margin.width), draw.shift[1] + middle(crop.height, margin.height),
       draw.shift[2] + middle(crop.depth, margin.depth)});
  if (draw.elastic.empty()) return;
  std::vector<float> displacements = draw.elastic;
  if (layout.rank == 3) displacements.resize(displacements.size() / 2 * 3);  // none in z
  columns.add("augment.elastic", shape_of(layout, layout.batch, layout.rank, elastic_points(crop)), displacements);
}

void add_intensities(Columns& columns, const BatchLayout& layout, const Augmentation& augmentation,
                     const AugmentationDraw& draw) {
  const Shape per_channel = per_sample(layout, layout.channels), one = per_sample(layout, 1);
  const auto add_one = [&](const char* name, double value) {
    const auto number = static_cast<float>(value);
    columns.add(name, one, {&number, 1});
  };
  if (augmentation.gamma > 0) columns.add("augment.exponent", per_channel, floats(draw.exponents));
  if (augmentation.background > 0)
    columns.add("augment.background", shape_of(layout, layout.batch, 1, {1, 3, 3}), draw.background);
  if (augmentation.contrast > 0 || augmentation.brightness > 0 || augmentation.color > 0) {
    std::vector<float> factors, centering;
    for (const double factor : draw.factors) {
      factors.push_back(static_cast<float>(factor * draw.contrast));
      centering.push_back(static_cast<float>(factor * (1 - draw.contrast)));
    }
    const std::vector<float> shifts(factors.size(), static_cast<float>(draw.brightness));
    columns.add("augment.shift", per_channel, shifts);
    if (augmentation.contrast > 0) columns.add("augment.centering", per_channel, centering);
    columns.add("augment.factor", per_channel, factors);
  }
  if (augmentation.blur > 0) add_one("augment.blur", draw.blur);
  if (augmentation.noise > 0) add_one("augment.noise", draw.noise);
}

}  // namespace

BatchValues augmented_inputs(Graph& graph, const BatchLayout& layout, const Augmentation& augmentation) {
  const CropSize& crop = layout.crop;
  const ImageSize labelled = with_margin(crop.label, crop.margin);
  BatchValues values{.images = graph.input("images", shape_of(layout, layout.batch, layout.channels,
                                                              with_margin(crop.image, crop.margin)))};
  if (layout.labels) {
    std::vector<std::int64_t> extents = shape_of(layout, layout.batch, 1, labelled).extents();
    if (*layout.labels == DType::i32) extents.erase(extents.begin() + 1);
    values.labels = graph.input("labels", Shape(extents), *layout.labels);
  }
  if (layout.target_channels > 0)
    values.targets = graph.input(
        "targets", shape_of(layout, layout.batch, layout.target_channels, enlarged(labelled, crop.target_scale)));
  if (!acts(layout, augmentation)) return values;
  const auto scope = graph.scope("augment"), precise = graph.full_precision();
  if (is_warped(layout, augmentation)) {
    const Warp warp(graph, layout, augmentation);
    values.images = warp.images(values.images);
    if (values.labels) values.labels = warp.labels(values.labels);
    if (values.targets) values.targets = warp.targets(values.targets);
  }
  values.images = with_intensities(graph, layout, augmentation, values.images);
  return values;
}

std::vector<NamedTensor> augmentation_tensors(const BatchLayout& layout, const Augmentation& augmentation,
                                              const SampleKey& first) {
  Columns columns;
  if (!acts(layout, augmentation)) return {};
  for (std::int64_t sample = 0; sample < layout.batch; ++sample) {
    const SampleKey key{first.seed, first.epoch, first.index + sample};
    const AugmentationDraw draw =
        draw_augmentation(augmentation, layout.crop.image, layout.channels, key, layout.turns);
    if (is_warped(layout, augmentation)) add_warp(columns, layout, draw);
    add_intensities(columns, layout, augmentation, draw);
  }
  return columns.tensors();
}

BatchAugmenter::BatchAugmenter(Device& device, const BatchLayout& layout, const Augmentation& augmentation)
    : layout_(layout), augmentation_(augmentation) {
  if (!acts(layout, augmentation)) return;
  Graph graph;
  const BatchValues values = augmented_inputs(graph, layout, augmentation);
  const auto give = [&](const char* name, Value value) {
    if (!value || graph.producer(value) == nullptr) return;
    graph.output(name, value);
    changed_.emplace_back(name);
  };
  give("images", values.images);
  give("labels", values.labels);
  give("targets", values.targets);
  draws_ = has_random_state(graph);
  executable_ = compile(graph, device, nullptr);
}

void BatchAugmenter::apply(std::vector<NamedTensor>& batch, const SampleKey& first, std::int64_t step) {
  if (!executable_) return;
  const auto is_changed = [&](const NamedTensor& tensor) { return std::ranges::count(changed_, tensor.name) > 0; };
  for (const NamedTensor& tensor : batch) executable_->write(tensor.name, tensor.values);
  for (const NamedTensor& tensor : augmentation_tensors(layout_, augmentation_, first))
    executable_->write(tensor.name, tensor.values);
  if (draws_) executable_->write("random_state", random_state_tensor(first.seed, step));
  executable_->run();
  for (NamedTensor& tensor : batch)
    if (is_changed(tensor)) tensor.values = executable_->read(tensor.name);
}

}  // namespace tuff
