// Training of classifiers on images with a class each (io/labelled_dataset.h), judged by accuracy.
#pragma once

#include <memory>

#include "io/labelled_dataset.h"
#include "tasks/classifier_networks.h"
#include "train/objective.h"
#include "train/options.h"

namespace tuff {

// Opens the labelled images that the options name and fills in what depends on them: classes, and sizes where they are
// 0. Error where the options ask for other classes.
LabelledDataset open_classification(TrainOptions& options);

// Cross entropy or focal loss; with --pooling the binary cross entropy of each class. Validation: the last
// options.val_last images, else options.val_fraction of each class, one at least of those that have two. Options must
// have passed validate() and open_classification().
std::unique_ptr<Objective> classification(TrainOptions options, LabelledDataset data);

// One step on images (batch, channels, side...) and "labels", i32 (batch, 1...). Inputs, output and arenas as
// training_graph() of dense_objective.h.
std::unique_ptr<Graph> training_graph(const ClassifierNetwork& network, const TrainOptions& options);

}  // namespace tuff
