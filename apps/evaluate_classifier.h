// `tuff evaluate` of a classifier of whole images: accuracy, each class's scores, who is taken for whom, and how far
// turning the images changes what it says.
#pragma once

#include <string>

#include "train/checkpoint.h"

namespace tuff {

struct ClassifierEvaluation {
  std::string model;   // run or file
  std::string images;  // empty with a split: those of the run
  std::string split;   // "train", "validation" or "test" of the run; empty: all images
  std::string labels;
  std::string fit;        // empty: as in training
  std::string json;       // file, "-" for the standard output, or empty
  std::string confusion;  // CSV or picture, or empty
  std::string sheet;      // picture of the same, or empty
  std::string device;
  std::string memory;
  bool autotune = false;
};

void evaluate_classifier(const ClassifierEvaluation& given, const Model& model);

}  // namespace tuff
