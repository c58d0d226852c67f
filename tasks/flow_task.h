// Cellpose (Stringer et al. 2021): objects as where flows lead, from images and masks of ids.
#pragma once

#include <memory>

#include "tasks/dense_task.h"

namespace tuff {

std::unique_ptr<DenseTask> flow_task(const TrainOptions& options, const DataFormat& format);

}  // namespace tuff
