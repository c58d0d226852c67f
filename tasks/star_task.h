// StarDist (Schmidt et al. 2018): objects as star-convex polygons, from images and masks of ids.
#pragma once

#include <memory>

#include "tasks/dense_task.h"

namespace tuff {

std::unique_ptr<DenseTask> star_task(const TrainOptions& options, const DataFormat& format);

}  // namespace tuff
