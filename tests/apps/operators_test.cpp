// The table of ops is whole: every public builder stands in it, and docs/operators.md is what it prints.
#include <doctest/doctest.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <regex>
#include <set>
#include <sstream>
#include <string>
#include <vector>

#include "apps/operator_table.h"
#include "onnx/import.h"

namespace tuff::test {
namespace {

std::string read(const std::filesystem::path& path) {
  std::ifstream stream(path);
  return {std::istreambuf_iterator<char>(stream), {}};
}

std::set<std::string> listed_names() {
  std::set<std::string> names;
  const std::regex word("[a-z0-9_]+");
  for (const OperatorRow& row : operator_table()) {
    const std::string text(row.names);
    for (auto match = std::sregex_iterator(text.begin(), text.end(), word); match != std::sregex_iterator(); ++match)
      CHECK_MESSAGE(names.insert(match->str()).second, match->str(), " stands twice in the table");
  }
  return names;
}

// Functions that take and give Values, from the headers that tuff/ops.h includes.
std::set<std::string> declared_names() {
  const std::filesystem::path engine = std::filesystem::path(TUFF_SOURCE_DIR) / "engine";
  std::set<std::string> names;
  std::istringstream includes(read(engine / "include/tuff/ops.h"));
  const std::regex include("#include \"(ops/[a-z0-9_]+\\.h)\"");
  const std::regex builder(
      "(?:Value|void|std::vector<Value>|[A-Z][A-Za-z]+) ([a-z][a-z0-9_]*)\\((?:Value|Graph|const "
      "std::vector<Value>|const std::string& equation, Value)[^]*");
  std::string line;
  while (std::getline(includes, line)) {
    std::smatch found;
    if (!std::regex_search(line, found, include)) continue;
    std::istringstream header(read(engine / found[1].str()));
    while (std::getline(header, line))
      if (std::regex_match(line, found, builder) && !found[1].str().ends_with("_gradient")) names.insert(found[1]);
  }
  return names;
}

// Declared in the same headers, but of use to ops alone.
const std::set<std::string> kInternal = {"along_channels", "mirrored_kernel", "pointwise",
                                         "reduce_loss",    "require_same",    "update_dispatch"};

}  // namespace

TEST_CASE("operators: every public builder stands in the table, and nothing else") {
  const std::set<std::string> listed = listed_names(), declared = declared_names();
  for (const std::string& name : declared)
    if (!kInternal.contains(name))
      CHECK_MESSAGE(listed.contains(name), name, " is missing from apps/operator_table.cpp");
  for (const std::string& name : listed)
    CHECK_MESSAGE(declared.contains(name), name, " is in apps/operator_table.cpp, but no op");
}

TEST_CASE("operators: ONNX's names are those that import knows") {
  const std::vector<std::string> known = onnx::known_operators();
  const std::regex word("[A-Za-z0-9]+");
  for (const OperatorRow& row : operator_table()) {
    const std::string text(row.onnx);
    for (auto match = std::sregex_iterator(text.begin(), text.end(), word); match != std::sregex_iterator(); ++match)
      CHECK_MESSAGE(std::ranges::find(known, match->str()) != known.end(), match->str(),
                    " is in apps/operator_table.cpp, but import doesn't know it");
  }
}

TEST_CASE("operators: docs/operators.md is what the table says") {
  CHECK_MESSAGE(read(std::filesystem::path(TUFF_SOURCE_DIR) / "docs/operators.md") == operators_markdown(),
                "make it again: build/tuff operators --markdown > docs/operators.md");
}

}  // namespace tuff::test
