// Training of networks that say of each pixel what it shows: random crops of images with their masks, judged by Dice
// on whole images that are held back.
#pragma once

#include <memory>

#include "io/dataset.h"
#include "train/network.h"
#include "train/objective.h"
#include "train/options.h"

namespace tuff {

// `options` must have passed validate().
std::unique_ptr<Objective> segmentation(TrainOptions options, Dataset dataset, Network network);

}  // namespace tuff
