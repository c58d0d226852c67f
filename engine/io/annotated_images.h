// Images of which more and more are annotated while a network learns from those that are: the data set of `--watch`.
//
// Those without a mask are left out. A file must appear whole, by being renamed to its name; one that can't be read is
// told to the log once and left out until it changes.
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <map>
#include <string>
#include <vector>

#include "base/log.h"
#include "io/dataset.h"
#include "io/split.h"

namespace tuff {

// An image and its mask, paired by the rules of open_dataset().
struct AnnotatedFile {
  std::filesystem::path image;
  std::filesystem::path mask;
};

// Of the images of a folder those that have a mask, sorted; none where a folder isn't there or empty. Error where two
// files share a name.
std::vector<AnnotatedFile> find_annotated(const std::filesystem::path& images, const std::filesystem::path& masks);

// As open_dataset() of the one pair; `format.image_channels` is filled in where it is 0.
std::vector<DataItem> items_of(const AnnotatedFile& file, DataFormat& format);

class AnnotatedImages {
 public:
  // `check` throws Error where a task can't use an item; empty: it can use all.
  AnnotatedImages(std::filesystem::path images, std::filesystem::path masks, DataFormat format,
                  std::function<void(const DataItem&)> check, LogSink log);

  // Looks at the folders anew and reads what is new or has changed; true where anything was. Masks in which no pixel
  // is annotated (DataFormat::undefined) count as missing.
  bool refresh();

  // As of the last refresh(); what it refers to stays until the next.
  const Dataset& dataset() const { return dataset_; }
  // An image is held back or not by a random number that its name and the seed give, so that it stays so whatever comes
  // later. Where all are held back, training has the same ones.
  Split split(double fraction, std::uint64_t seed) const;
  // Other text where one of the items is another, or its files have changed.
  std::string state_of(const std::vector<std::size_t>& items) const;

 private:
  struct Seen {
    std::string stamp;            // of the files: when they were written, how large they are
    std::vector<DataItem> items;  // none where they can't be used
  };

  std::vector<DataItem> read(const AnnotatedFile& file);

  std::filesystem::path images_, masks_;
  std::function<void(const DataItem&)> check_;
  LogSink log_;
  Dataset dataset_;
  std::map<std::filesystem::path, Seen> seen_;  // by image
  std::string trouble_;                         // of the folders, as told last
};

}  // namespace tuff
