#include "io/loader.h"

#include <fmt/format.h>

#include <algorithm>
#include <condition_variable>
#include <future>
#include <map>
#include <mutex>
#include <numeric>
#include <thread>

#include "base/error.h"
#include "base/os.h"
#include "base/philox.h"
#include "base/random_use.h"
#include "base/shuffle.h"
#include "io/shrink.h"

namespace tuff {
namespace {

constexpr std::int64_t kLeastSteps = 100;

using SharedSample = std::shared_ptr<const Sample>;

// Decoded samples, the least recently used dropped beyond a budget. Threads that want a sample which another is
// decoding wait for it.
class SampleCache {
 public:
  SampleCache(const Dataset& dataset, const LoaderOptions& options)
      : dataset_(dataset), budget_(options.cache_bytes), load_(options.load), prepare_(options.prepare) {}

  SharedSample get(std::size_t item) {
    std::promise<SharedSample> promise;
    {
      std::unique_lock lock(mutex_);
      const auto found = entries_.find(item);
      if (found != entries_.end()) {
        found->second.used = ++clock_;
        const std::shared_future<SharedSample> sample = found->second.sample;
        lock.unlock();
        return sample.get();
      }
      entries_[item] = {promise.get_future().share(), 0, ++clock_};
    }
    try {
      auto loaded = std::make_shared<Sample>(load_ ? load_(item) : load_sample(dataset_, item));
      if (prepare_) prepare_(*loaded);
      const SharedSample sample = std::move(loaded);
      promise.set_value(sample);
      keep(item, bytes_of(*sample));
      return sample;
    } catch (...) {
      promise.set_exception(std::current_exception());
      const std::lock_guard lock(mutex_);
      entries_.erase(item);
      throw;
    }
  }

 private:
  struct Entry {
    std::shared_future<SharedSample> sample;
    std::int64_t bytes = 0;  // 0 while it is being decoded
    std::int64_t used = 0;
  };

  static std::int64_t bytes_of(const Sample& sample) {
    std::size_t values = sample.image.values.size() + sample.targets.values.size() + sample.labels.size();
    for (const auto& group : sample.centers) values += group.size();
    return static_cast<std::int64_t>(values * 4);
  }

  void keep(std::size_t item, std::int64_t bytes) {
    const std::lock_guard lock(mutex_);
    entries_[item].bytes = bytes;
    bytes_ += bytes;
    while (bytes_ > budget_) {
      auto oldest = entries_.end();
      for (auto entry = entries_.begin(); entry != entries_.end(); ++entry)
        if (entry->second.bytes > 0 && (oldest == entries_.end() || entry->second.used < oldest->second.used))
          oldest = entry;
      if (oldest == entries_.end()) return;
      bytes_ -= oldest->second.bytes;
      entries_.erase(oldest);
    }
  }

  const Dataset& dataset_;
  const std::int64_t budget_;
  const std::function<Sample(std::size_t)> load_;
  const std::function<void(Sample&)> prepare_;
  std::mutex mutex_;
  std::map<std::size_t, Entry> entries_;
  std::int64_t bytes_ = 0;
  std::int64_t clock_ = 0;
};

// Crops that cover an item once, by their labels' pixels, of patches with one label by their own; files of finer
// targets are larger than what the network sees.
std::int64_t crops_of(const DataItem& item, const CropSize& crop) {
  const std::int64_t pixels = crop.label.pixels() > 1 ? crop.label.pixels() : crop.image.pixels();
  return (shrunk(item.size, crop.target_scale).pixels() + pixels - 1) / pixels;
}

void check_crop(const DataItem& item, const CropSize& options) {
  const ImageSize& crop = options.image;
  const ImageSize size = shrunk(item.size, options.target_scale);
  if (size.depth >= crop.depth && size.height >= crop.height && size.width >= crop.width) return;
  if (size.depth < crop.depth)
    throw Error(fmt::format("crop {} is deeper than volume {} ({}): use --crop-depth {} or less", to_string(crop),
                            item.images[0].string(), to_string(size), size.depth));
  const std::int64_t side = std::min(size.height, size.width);
  std::int64_t suggestion = 1;
  while (suggestion * 2 <= side) suggestion *= 2;
  throw Error(fmt::format("crop {} is larger than image {} ({}): use --crop {} or smaller", to_string(crop),
                          item.images[0].string(), to_string(size), suggestion));
}

// (N, channels, y, x) or (N, channels, z, y, x); without channels where they are 0.
Shape batch_shape(std::int64_t batch, std::int64_t channels, const ImageSize& extents, int dims) {
  std::vector<std::int64_t> shape = {batch};
  if (channels > 0) shape.push_back(channels);
  if (dims == 3) shape.push_back(extents.depth);
  shape.insert(shape.end(), {extents.height, extents.width});
  return Shape(shape);
}

// What one sample has of a batch.
template <class T>
std::span<T> part_of(std::span<T> all, std::int64_t batch, std::int64_t index) {
  const std::size_t size = all.size() / static_cast<std::size_t>(batch);
  return all.subspan(static_cast<std::size_t>(index) * size, size);
}

}  // namespace

std::int64_t count_steps_per_epoch(const Dataset& dataset, const std::vector<std::size_t>& items,
                                   const LoaderOptions& options) {
  if (options.steps_per_epoch > 0) return options.steps_per_epoch;
  std::int64_t crops = 0;
  for (const std::size_t item : items) crops += crops_of(dataset.items[item], options.crop);
  return std::max((crops + options.batch - 1) / options.batch, kLeastSteps);
}

struct Loader::State {
  State(const Dataset& data, std::vector<std::size_t> chosen, LoaderOptions loader_options)
      : dataset(data), items(std::move(chosen)), options(std::move(loader_options)), cache(data, options) {}

  ~State() {
    {
      const std::lock_guard lock(mutex);
      stopping = true;
    }
    room.notify_all();
    for (std::thread& worker : workers) worker.join();
  }

  // The item that sample `index` of an epoch is cropped from: shuffled rounds over all items, each as often as it takes
  // to cover it.
  std::size_t item_of(std::int64_t epoch, std::int64_t index);
  std::vector<std::size_t> draw_order(PhiloxStream& random) const;
  std::int64_t round_length() const;
  Batch prepare(std::int64_t number);
  void work();

  struct Slot {
    Batch batch;
    std::exception_ptr error;
  };

  const Dataset& dataset;
  std::vector<std::size_t> items;
  LoaderOptions options;
  SampleCache cache;
  std::vector<std::size_t> crops;  // items, each repeated once per crop
  std::int64_t round = 0;          // crops of a round over all items
  std::int64_t steps = 0;          // per epoch

  std::mutex order_mutex;
  std::map<std::pair<std::int64_t, std::int64_t>, std::vector<std::size_t>> orders;  // of the latest rounds

  std::mutex mutex;
  std::condition_variable room;   // for another batch
  std::condition_variable ready;  // the batch wanted next
  std::map<std::int64_t, Slot> slots;
  std::int64_t next_to_prepare = 0;  // batches are numbered through all epochs
  std::int64_t next_to_return = 0;
  std::int64_t prefetch = 2;
  bool stopping = false;
  std::vector<std::thread> workers;
};

// `crops` shuffled, with classes so often that all come as often as the most frequent one.
std::vector<std::size_t> Loader::State::draw_order(PhiloxStream& random) const {
  std::vector<std::size_t> order = crops;
  shuffle(order, random);
  if (options.classes.empty()) return order;
  std::map<std::int32_t, std::vector<std::size_t>> by_class;
  for (const std::size_t item : order) by_class[options.classes[item]].push_back(item);
  std::size_t most = 0;
  for (const auto& [label, of_class] : by_class) most = std::max(most, of_class.size());
  order.clear();
  for (const auto& [label, of_class] : by_class)
    for (std::size_t i = 0; i < most; ++i) order.push_back(of_class[i % of_class.size()]);
  shuffle(order, random);
  return order;
}

// Crops that a round over all items has, which draw_order() gives.
std::int64_t Loader::State::round_length() const {
  if (options.classes.empty()) return static_cast<std::int64_t>(crops.size());
  std::map<std::int32_t, std::int64_t> counts;
  for (const std::size_t item : crops) ++counts[options.classes[item]];
  std::int64_t most = 0;
  for (const auto& [label, number] : counts) most = std::max(most, number);
  return most * static_cast<std::int64_t>(counts.size());
}

std::size_t Loader::State::item_of(std::int64_t epoch, std::int64_t index) {
  const std::int64_t number = index / round;
  const std::lock_guard lock(order_mutex);
  auto found = orders.find({epoch, number});
  if (found == orders.end()) {
    PhiloxStream random(options.seed, static_cast<std::uint32_t>(epoch), static_cast<std::uint32_t>(number),
                        static_cast<std::uint32_t>(RandomUse::shuffle));
    found = orders.emplace(std::pair(epoch, number), draw_order(random)).first;
    constexpr std::size_t kKept = 4;  // batches in work lie in neighbouring rounds
    while (orders.size() > kKept) orders.erase(orders.begin() == found ? std::next(found) : orders.begin());
  }
  return found->second[static_cast<std::size_t>(index % round)];
}

Batch Loader::State::prepare(std::int64_t number) {
  Batch batch{.epoch = number / steps, .step = number % steps};
  const CropSize& crop = options.crop;
  const ImageSize taken = with_margin(crop.image, crop.margin), labelled = with_margin(crop.label, crop.margin);
  const int dims = dataset.format.dims;
  batch.images = HostTensor(batch_shape(options.batch, dataset.format.image_channels, taken, dims));
  if (options.target_channels > 0)
    batch.targets =
        HostTensor(batch_shape(options.batch, options.target_channels, enlarged(labelled, crop.target_scale), dims));
  HostTensor labels;
  if (options.label_dtype) labels = HostTensor(batch_shape(options.batch, 0, labelled, dims), DType::i32);
  for (std::int64_t i = 0; i < options.batch; ++i) {
    const SampleKey key{options.seed, batch.epoch, batch.step * options.batch + i};
    const SharedSample sample = cache.get(item_of(key.epoch, key.index));
    CropBuffers to{.image = part_of(batch.images.floats(), options.batch, i), .vectors = options.vectors};
    if (options.target_channels > 0) to.targets = part_of(batch.targets.floats(), options.batch, i);
    if (options.label_dtype) to.labels = part_of(labels.ints(), options.batch, i);
    draw_crop(*sample, crop, options.augmentation, key, to);
    if (options.change) options.change(to.image, to.targets, key);
  }
  if (options.label_dtype == DType::f32) {
    batch.labels = HostTensor(batch_shape(options.batch, 1, labelled, dims));
    std::ranges::transform(labels.ints(), batch.labels.floats().begin(),
                           [](std::int32_t label) { return static_cast<float>(label); });
  } else if (options.label_dtype) {
    batch.labels = std::move(labels);
  }
  return batch;
}

void Loader::State::work() {
  std::unique_lock lock(mutex);
  while (true) {
    room.wait(lock, [&] { return stopping || next_to_prepare < next_to_return + prefetch; });
    if (stopping) return;
    const std::int64_t number = next_to_prepare++;
    lock.unlock();
    Slot slot;
    try {
      slot.batch = prepare(number);
    } catch (...) {
      slot.error = std::current_exception();
    }
    lock.lock();
    slots.emplace(number, std::move(slot));
    ready.notify_all();
  }
}

Loader::Loader(const Dataset& dataset, std::vector<std::size_t> items, LoaderOptions options, std::int64_t first_epoch,
               std::int64_t first_step) {
  if (options.cache_bytes == 0) options.cache_bytes = static_cast<std::int64_t>(os::available_memory() / 4);
  if (items.empty()) throw Error("there are no training images: give more, or a smaller --val-fraction");
  state_ = std::make_unique<State>(dataset, std::move(items), std::move(options));
  State& state = *state_;
  const LoaderOptions& kept = state.options;
  for (const std::size_t item : state.items) {
    const DataItem& data = dataset.items[item];
    check_crop(data, kept.crop);
    if (kept.label_dtype && data.mask.empty() && !kept.load)
      throw Error(fmt::format("{}: no mask to train with", data.images[0].string()));
    state.crops.insert(state.crops.end(), static_cast<std::size_t>(crops_of(data, kept.crop)), item);
  }
  state.round = state.round_length();
  state.steps = count_steps_per_epoch(dataset, state.items, kept);
  state.next_to_prepare = state.next_to_return = first_epoch * state.steps + first_step;
  state.prefetch = std::max<std::int64_t>(2, kept.threads);
  for (int i = 0; i < kept.threads; ++i) state.workers.emplace_back([&state] { state.work(); });
}

Loader::~Loader() = default;
Loader::Loader(Loader&&) noexcept = default;
Loader& Loader::operator=(Loader&&) noexcept = default;

std::int64_t Loader::steps_per_epoch() const {
  return state_->steps;
}

std::shared_ptr<const Sample> Loader::sample(std::size_t item) {
  return state_->cache.get(item);
}

Batch Loader::next() {
  State& state = *state_;
  if (state.workers.empty()) return state.prepare(state.next_to_return++);
  std::unique_lock lock(state.mutex);
  const std::int64_t number = state.next_to_return;
  state.ready.wait(lock, [&] { return state.slots.contains(number); });
  State::Slot slot = std::move(state.slots.extract(number).mapped());
  ++state.next_to_return;
  lock.unlock();
  state.room.notify_all();
  if (slot.error) std::rethrow_exception(slot.error);
  return std::move(slot.batch);
}

}  // namespace tuff
