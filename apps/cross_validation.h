// `tuff train --folds K`: K runs, each validated on another part of the images, and their mean.
#pragma once

#include "train/options.h"

namespace tuff {

// The runs go to options.out/fold1 and so on, their scores to folds.csv. `resume`: those that were begun go on.
void cross_validate(const TrainOptions& options, bool resume);

}  // namespace tuff
