// tuff operators: what there is to build networks of.
#include <fmt/format.h>

#include <memory>

#include "apps/commands.h"
#include "apps/operator_table.h"

namespace tuff {
namespace {

void print_table() {
  std::string_view group;
  for (const OperatorRow& row : operator_table()) {
    if (row.group != group) fmt::print("{}{}\n", group.empty() ? "" : "\n", row.group);
    group = row.group;
    fmt::print("  {}\n", row.names);
    fmt::print("      ranks {}; {}; gradient: {}{}{}\n", row.ranks, row.types, row.gradient,
               row.onnx.empty() ? "" : "; ONNX ", row.onnx);
  }
}

}  // namespace

void add_operators_command(CLI::App& tuff) {
  CLI::App* command = tuff.add_subcommand("operators", "List every op: ranks, types, gradient, ONNX's name");
  const auto markdown = std::make_shared<bool>(false);
  command->add_flag("--markdown", *markdown, "as docs/operators.md");
  command->callback([markdown] { *markdown ? fmt::print("{}", operators_markdown()) : print_table(); });
}

}  // namespace tuff
