// Graphs as text for people: tests assert on it, `tuff explain` prints it.
#pragma once

#include <string>

#include "graph/graph.h"

namespace tuff {

// One line a node: "%5 = conv(%0, %1) stride=1x1 : f32 1x16x64x64  # encoder.0.conv"; inputs, parameters and
// constants first, outputs last.
std::string dump_text(const Graph& graph);

// The same for Graphviz: dot -Tsvg.
std::string dump_dot(const Graph& graph);

}  // namespace tuff
