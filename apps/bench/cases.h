// What is measured: cases of bench/cases.json, each as graphs of single passes.
#pragma once

#include <functional>
#include <memory>
#include <regex>
#include <string>
#include <vector>

#include "graph/graph.h"

namespace tuff::bench {

struct CaseGraph {
  std::unique_ptr<Graph> graph;
  double flops = 0;  // two for each multiplication of the textbook's algorithm, whatever a kernel does; 0: not counted
  double bytes =
      0;  // each tensor as often as the best algorithm must touch it, stored as the case's dtype; 0: as above
  std::string uncounted;  // the op whose time isn't the pass's: the forward one that a gradient needs
};

struct Case {
  std::string name;  // "unet_enc1"
  std::string pass;  // "forward", "data gradient", "weight gradient", "gradient", "update", "inference", "train"
  DType storage = DType::f32;
  bool network = false;  // timed as a whole run, not dispatch by dispatch
  std::function<CaseGraph()> build;
};

struct Selected {
  std::vector<Case> cases;
  std::vector<std::string> left_out;  // what this version can't run, with the reason
};

// What --case gives. Error where it is no regular expression.
std::regex case_pattern(const std::string& text);

// Cases of a suite ("gpu", "cpu") whose names match, each in f32, and with `half` in f16 too. Error where nothing
// matches.
Selected select_cases(const std::string& suite, const std::string& pattern, bool half);

}  // namespace tuff::bench
