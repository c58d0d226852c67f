// Networks that say of each pixel what it shows, judged by Dice.
#pragma once

#include <memory>

#include "io/dataset.h"
#include "tasks/dense_task.h"

namespace tuff {

// `options` must have passed validate().
std::unique_ptr<DenseTask> segmentation_task(const TrainOptions& options, Network network);

// Trains it on a data set.
std::unique_ptr<Objective> segmentation(TrainOptions options, Dataset dataset, Network network);

// One step on a batch of crops; see training_graph() of dense_objective.h.
std::unique_ptr<Graph> training_graph(const Network& network, const TrainOptions& options);

// The loss that options.loss names, a scalar. `weight`, (N, 1, spatial...) of the labels' size or empty, multiplies
// what each pixel adds; means are then over the weights' sum, or over 1 where that is less.
Value training_loss(Value logits, Value labels, const TrainOptions& options, Value weight = {});

}  // namespace tuff
