// StarDist (Schmidt et al. 2018; of volumes Weigert et al. 2020): objects as star-convex polygons or polyhedra, from
// images and masks of ids.
#pragma once

#include <memory>

#include "tasks/dense_task.h"

namespace tuff {

std::unique_ptr<DenseTask> star_task(const TrainOptions& options, const DataFormat& format);

// How many times as far apart as pixels a data set's slices are, if its objects are as deep as they are wide: the
// median extent in y and x over that in z, as StarDist estimates it. 1 where there are no objects.
double estimate_anisotropy(const Dataset& dataset);

}  // namespace tuff
