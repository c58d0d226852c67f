// Graphs: typed values, ops that add nodes, gradients as ordinary nodes.
#pragma once

#include "autodiff/gradient.h"
#include "graph/dump.h"
#include "graph/graph.h"
#include "tuff/ops.h"
