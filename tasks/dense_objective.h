// Training of dense tasks: random crops of images, validation on whole images that are held back.
#pragma once

#include <memory>

#include "base/log.h"
#include "io/dataset.h"
#include "tasks/dense_task.h"
#include "train/objective.h"
#include "train/options.h"

namespace tuff {

// `options` must have passed validate().
std::unique_ptr<Objective> dense_objective(TrainOptions options, Dataset dataset,
                                           std::shared_ptr<const DenseTask> task);

// The same for the task and the data that the options name. Fills in what the data decide (--anisotropy 0, --augment
// auto). With options.watch this waits until an image is annotated, and sessions take in what is annotated later
// (io/annotated_images.h): those and files that can't be used are told to the log.
std::unique_ptr<Objective> dense_objective(TrainOptions& options, const LogSink& log = {});

// One step on a batch of crops. Inputs: "images", "labels" and "targets" where the task needs them, "random_state"
// where something draws, "step_state" (ops/optimizer.h). Output: "loss". Arenas: "parameters", "gradients", the
// optimizer's moments. Error where the crop doesn't fit the network. With --dtype f16 also loss scaling, see
// add_update(). What --augment has the device do comes first, and has inputs of its own (train/batch_augmentation.h);
// with --dump batches come as they are written.
std::unique_ptr<Graph> training_graph(const DenseTask& task, const TrainOptions& options);

// Of the images that training sees: --crop and --crop-depth, of networks without these --size.
ImageSize crop_of(const TrainOptions& options);

// Error naming the option and the nearest sizes where the crop doesn't fit the network.
void check_crop(const Network& network, const TrainOptions& options);

}  // namespace tuff
