// Scores of tasks that find objects, and checks of the masks they learn from.
#pragma once

#include <memory>
#include <vector>

#include "tasks/dense_task.h"

namespace tuff {

// AP, precision and recall at IoU 0.5, AP over 0.5 to 0.9, and how far the number of objects is off; over images by
// summed counts, see instances/matching.h.
std::vector<Metric> instance_metrics();
std::unique_ptr<Scorer> instance_scorer();

Labels labels_of(const Sample& sample);

// Error where no mask holds two objects with ids of their own though one has several parts: such masks tell foreground
// from background, no more. Error where there is no object at all.
void check_instances(const Dataset& dataset);

}  // namespace tuff
