// Classifiers of patches around labelled pixels (Ciresan et al. 2012): what a patch shows is its central pixel's class,
// and over whole images the network says so of each pixel.
#pragma once

#include <memory>

#include "tasks/dense_task.h"

namespace tuff {

// Of networks that learned from labels of whole images it gives the same maps.
std::unique_ptr<DenseTask> patch_task(const TrainOptions& options, const DataFormat& format);

}  // namespace tuff
