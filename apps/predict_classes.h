// `tuff predict` with a classifier of whole images: a table of classes and their probabilities.
#pragma once

#include <cstdint>
#include <filesystem>
#include <span>
#include <string>
#include <vector>

#include "io/labelled_dataset.h"
#include "train/checkpoint.h"

namespace tuff {

struct ClassPrediction {
  std::vector<std::filesystem::path> paths;
  std::string out;
  std::string fit;  // empty: as in training
  std::string device;
  std::string memory;
  bool autotune = false;
};

// Whether there is something to say of each image as a whole: they are no larger than the network's, or come to its
// size by --fit, or the network is pooled.
bool says_whole_images(const ClassPrediction& given, const Model& model, const LabelledDataset& images);

// Writes OUT/classes.csv: name, class, and a column for each class.
void predict_classes(const ClassPrediction& given, const Model& model, const LabelledDataset& images);

}  // namespace tuff
