#include "io/annotated_images.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/error.h"
#include "base/hash.h"
#include "base/philox.h"
#include "base/random_use.h"

namespace tuff {
namespace {

namespace fs = std::filesystem;

// A file that vanishes in between has a stamp, too.
std::string stamp_of(const fs::path& file) {
  std::error_code ignored;
  const auto written = fs::last_write_time(file, ignored).time_since_epoch().count();
  const auto bytes = fs::file_size(file, ignored);
  return fmt::format("{} {} {}", file.filename().string(), written, bytes);
}

std::string stamp_of(const AnnotatedFile& file) {
  return stamp_of(file.image) + " " + stamp_of(file.mask);
}

}  // namespace

AnnotatedImages::AnnotatedImages(fs::path images, fs::path masks, DataFormat format,
                                 std::function<void(const DataItem&)> check, LogSink log)
    : images_(std::move(images)),
      masks_(std::move(masks)),
      check_(std::move(check)),
      log_(std::move(log)),
      dataset_{std::move(format), {}} {}

std::vector<DataItem> AnnotatedImages::read(const AnnotatedFile& file) {
  try {
    DataFormat format = dataset_.format;
    const Dataset own{format, items_of(file, format)};
    bool annotated = false;
    for (std::size_t item = 0; item < own.items.size(); ++item) {
      if (check_) check_(own.items[item]);
      const Sample sample = load_sample({format, {own.items[item]}}, 0);
      annotated |= std::ranges::any_of(sample.labels, [](std::int32_t label) { return label >= 0; });
    }
    if (!annotated) return {};
    dataset_.format = format;
    return own.items;
  } catch (const Error& error) {
    if (log_) log_(LogLevel::warning, fmt::format("{}; it is left out until it changes", error.what()));
    return {};
  }
}

bool AnnotatedImages::refresh() {
  std::vector<AnnotatedFile> files;
  try {
    files = find_annotated(images_, masks_);
    trouble_.clear();
  } catch (const Error& error) {
    if (log_ && trouble_ != error.what()) log_(LogLevel::warning, error.what());
    trouble_ = error.what();
    return false;
  }
  bool changed = files.size() != seen_.size();
  std::map<fs::path, Seen> now;
  for (const AnnotatedFile& file : files) {
    std::string stamp = stamp_of(file);
    const auto before = seen_.find(file.image);
    if (before != seen_.end() && before->second.stamp == stamp) {
      now.emplace(file.image, before->second);
      continue;
    }
    changed = true;
    now.emplace(file.image, Seen{std::move(stamp), read(file)});
  }
  if (!changed) return false;
  seen_ = std::move(now);
  dataset_.items.clear();
  for (const auto& [image, seen] : seen_)
    dataset_.items.insert(dataset_.items.end(), seen.items.begin(), seen.items.end());
  return true;
}

Split AnnotatedImages::split(double fraction, std::uint64_t seed) const {
  Split split;
  for (std::size_t item = 0; item < dataset_.items.size(); ++item) {
    Hash name;
    name.add(image_name(dataset_.items[item].images.front()));
    PhiloxStream random(seed, static_cast<std::uint32_t>(name.value()), static_cast<std::uint32_t>(name.value() >> 32),
                        static_cast<std::uint32_t>(RandomUse::split));
    (static_cast<double>(random.uniform()) < fraction ? split.validation : split.train).push_back(item);
  }
  if (split.train.empty()) split.train = split.validation;
  return split;
}

std::string AnnotatedImages::state_of(const std::vector<std::size_t>& items) const {
  std::string text;
  for (const std::size_t item : items) {
    const DataItem& data = dataset_.items[item];
    text += data.name + " " + seen_.at(data.images.front()).stamp + "\n";
  }
  return text;
}

}  // namespace tuff
