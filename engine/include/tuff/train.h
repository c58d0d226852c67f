// Training: optimizer updates as part of the graph, schedules, metrics, checkpoints, prediction of big images.
#pragma once

#include "train/autoencoder.h"
#include "train/checkpoint.h"
#include "train/metrics.h"
#include "train/predict.h"
#include "train/schedule.h"
#include "train/training_graph.h"
