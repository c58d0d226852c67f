// Every public op in a table: what `tuff operators` prints and docs/operators.md holds.
#pragma once

#include <span>
#include <string>
#include <string_view>

namespace tuff {

struct OperatorRow {
  std::string_view group;     // heading; the same for neighbours
  std::string_view names;     // builder functions of tuff/ops.h, separated by ", "
  std::string_view ranks;     // of the first input
  std::string_view types;     // "f32", "f32, i32"
  std::string_view gradient;  // "all", "x", "none"
  std::string_view onnx;      // operators of ONNX that become this, separated by ", "; empty: none
  std::string_view pytorch;   // torch.nn.functional's name where nothing else is said; empty: none
};

std::span<const OperatorRow> operator_table();

// The table as the text of docs/operators.md.
std::string operators_markdown();

}  // namespace tuff
