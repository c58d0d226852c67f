// Results as pictures to look at, for the report of a run.
#pragma once

#include <string>

#include "tasks/dense_task.h"
#include "train/objective.h"

namespace tuff {

// What the network saw of a sample, what is true, what was predicted; of volumes the middle slice. Larger pictures are
// reduced to kPictureSide.
PictureRow picture_row(std::string caption, const Sample& sample, const Image& input, const DenseResult& result,
                       DenseResult::Kind kind);

}  // namespace tuff
