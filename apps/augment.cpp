// tuff augment: what training sees of images, before anything is trained.
#include <fmt/format.h>

#include <algorithm>
#include <memory>
#include <string>
#include <vector>

#include "apps/commands.h"
#include "apps/session.h"
#include "apps/train.h"
#include "base/error.h"
#include "io/loader.h"
#include "io/overlay.h"
#include "tasks/dense_objective.h"
#include "tasks/training_data.h"
#include "train/batch_augmentation.h"
#include "train/split_options.h"

namespace tuff {
namespace {

struct AugmentArguments {
  TrainOptions options;
  std::string preview;
  std::int64_t count = 12;
};

constexpr std::int64_t kGap = 2;        // pixels between tiles
constexpr std::int64_t kWidest = 1600;  // of a sheet, about

// The first samples of a run with these options, as its network sees them.
std::vector<NamedTensor> first_batch(const AugmentArguments& arguments, const Dataset& dataset, BatchLayout& layout) {
  const TrainOptions& options = arguments.options;
  const auto seed = seed_of(options);
  const std::vector<std::size_t> train = split_dataset(dataset, split_options(options)).train;
  const Augmentation augmentation = augmentation_for(options.augment, dataset, train);
  layout.rank = dataset.format.dims;
  layout.batch = arguments.count;
  layout.channels = dataset.format.image_channels;
  layout.crop = crop_of(options);
  layout.crop.margin = warp_margin(augmentation, layout.crop.image);
  if (!options.masks.empty()) layout.labels = DType::i32;
  LoaderOptions loading{.batch = layout.batch,
                        .crop = layout.crop,
                        .augmentation = augmentation,
                        .seed = seed,
                        .label_dtype = layout.labels,
                        .threads = 0};
  Batch batch = Loader(dataset, train, loading).next();
  fmt::print(stderr, "tuff: --augment {}\n", to_string(augmentation));
  std::vector<NamedTensor> tensors;
  tensors.push_back({"images", std::move(batch.images)});
  if (layout.labels) tensors.push_back({"labels", std::move(batch.labels)});
  if (augmentation.runs_on_device())
    BatchAugmenter(*open_device(options.device), layout, augmentation).apply(tensors, {seed, 0, 0}, 0);
  return tensors;
}

// Tiles side by side, each twice where there are masks, the second time with the outlines of the labels. All have one
// scale of grey, so that brightness shows; of volumes the middle slice.
Canvas sheet_of(const std::vector<NamedTensor>& batch, const BatchLayout& layout) {
  const ImageSize& crop = layout.crop.image;
  const std::int64_t copies = layout.labels ? 2 : 1, tile = copies * (crop.width + kGap);
  const std::int64_t columns = std::clamp<std::int64_t>(kWidest / tile, 1, layout.batch);
  const std::int64_t rows = (layout.batch + columns - 1) / columns;
  Image mosaic(layout.channels, rows * (crop.height + kGap), columns * tile);
  std::vector<std::int32_t> labels(static_cast<std::size_t>(mosaic.height * mosaic.width), 0);
  const std::int64_t middle = crop.depth / 2 * crop.height * crop.width;
  for (std::int64_t sample = 0; sample < layout.batch; ++sample)
    for (std::int64_t copy = 0; copy < copies; ++copy)
      for (std::int64_t y = 0; y < crop.height; ++y) {
        const std::int64_t row = sample / columns * (crop.height + kGap) + y;
        const std::int64_t to = row * mosaic.width + sample % columns * tile + copy * (crop.width + kGap);
        const std::int64_t from = middle + y * crop.width;
        for (std::int64_t c = 0; c < layout.channels; ++c)
          std::ranges::copy(batch[0].values.floats().subspan(
                                static_cast<std::size_t>((sample * layout.channels + c) * crop.pixels() + from),
                                static_cast<std::size_t>(crop.width)),
                            mosaic.channel(c).begin() + to);
        if (copy == 1)
          std::ranges::copy(batch[1].values.ints().subspan(static_cast<std::size_t>(sample * crop.pixels() + from),
                                                           static_cast<std::size_t>(crop.width)),
                            labels.begin() + to);
      }
  Canvas sheet = overlay_labels(mosaic, labels);
  constexpr Color kPaper = {255, 255, 255};
  for (std::int64_t x = crop.width; x < sheet.width(); x += crop.width + kGap)
    sheet.fill(x, 0, kGap, sheet.height(), kPaper);
  for (std::int64_t y = crop.height; y < sheet.height(); y += crop.height + kGap)
    sheet.fill(0, y, sheet.width(), kGap, kPaper);
  return sheet;
}

void run_augment(const AugmentArguments& arguments) {
  const TrainOptions& options = arguments.options;
  if (arguments.count < 1 || arguments.count > 400)
    throw Error(fmt::format("--count {}: must be 1 to 400", arguments.count));
  if (!arguments.preview.ends_with(".png"))
    throw Error(fmt::format("--preview {}: is a picture to be written; name a .png", arguments.preview));
  parse_augmentation(options.augment);
  const std::filesystem::path images = options.images;
  DataFormat format = data_format(options);
  format.instances = true;  // every id has its own outline
  const Dataset dataset =
      options.masks.empty() ? open_images(std::span(&images, 1), format) : open_dataset(images, options.masks, format);
  BatchLayout layout;
  const std::vector<NamedTensor> batch = first_batch(arguments, dataset, layout);
  write_image(arguments.preview, sheet_of(batch, layout).image());
  fmt::print("{}: {} crops of {}\n", arguments.preview, arguments.count, to_string(layout.crop.image));
}

}  // namespace

void add_augment_command(CLI::App& tuff) {
  CLI::App* command = tuff.add_subcommand("augment", "Show what training sees of images: a sheet of augmented crops");
  const auto arguments = std::make_shared<AugmentArguments>();
  command->add_option("--preview", arguments->preview, "picture to write")->required()->type_name("SHEET.png");
  command->add_option("--count", arguments->count, "crops to show [12]")->type_name("N");
  for (const char* name : {"images", "masks", "augment", "crop", "crop-depth", "dims", "channels", "axes",
                           "replace-nan", "normalize", "val-fraction", "seed", "device"})
    add_train_option(*command, *find_field(name), arguments->options,
                     [arguments, name](const std::string& text) { set_field(arguments->options, name, text); });
  command->get_option("--images")->required();
  command->callback([arguments] { run_augment(*arguments); });
}

}  // namespace tuff
