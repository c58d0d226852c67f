#include "onnx/einsum_equation.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>

namespace tuff::onnx {
namespace {

// Letters that the equation doesn't use, for the axes that ellipses stand for.
std::string spare_letters(const std::string& equation, std::size_t count) {
  std::string letters;
  for (const char first : {'a', 'A'})
    for (char letter = first; letter < first + 26 && letters.size() < count; ++letter)
      if (equation.find(letter) == std::string::npos) letters += letter;
  return letters;
}

// "..." replaced by the last `axes` of `spare`: ellipses are aligned at the right.
std::string without_ellipsis(std::string term, const std::string& spare, std::size_t axes) {
  const std::size_t at = term.find("...");
  return at == std::string::npos ? term : term.replace(at, 3, spare.substr(spare.size() - axes));
}

bool is_letter(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

}  // namespace

std::string EinsumEquation::str() const {
  std::string text;
  for (const std::string& operand : operands) text += (text.empty() ? "" : ",") + operand;
  return text + "->" + result;
}

EinsumEquation einsum_equation(const NodeContext& node) {
  std::string text = node.text("equation", "");
  std::erase(text, ' ');
  const std::size_t arrow = text.find("->");
  const std::string left = text.substr(0, arrow);
  EinsumEquation equation;
  std::vector<std::size_t> hidden;  // axes of each operand's ellipsis
  std::size_t most = 0;
  for (std::size_t at = 0; at <= left.size() && equation.operands.size() < node.inputs(); ++at) {
    const std::size_t end = std::min(left.find(',', at), left.size());
    std::string term = left.substr(at, end - at);
    const auto rank = static_cast<std::size_t>(node.rank(equation.operands.size()));
    const bool dots = term.find("...") != std::string::npos;
    const std::size_t named = term.size() - (dots ? 3 : 0);
    if (dots ? named > rank : named != rank) node.fail(fmt::format("\"{}\" doesn't fit its operands", text));
    hidden.push_back(dots ? rank - named : 0);
    most = std::max(most, hidden.back());
    equation.operands.push_back(std::move(term));
    at = end;
  }
  if (equation.operands.size() != node.inputs() || std::ranges::count(left, ',') + 1 != std::ssize(equation.operands))
    node.fail(fmt::format("\"{}\" has another number of operands", text));
  const std::string spare = spare_letters(text, most);
  if (spare.size() != most) node.unsupported("more letters than there are");
  for (std::size_t i = 0; i < hidden.size(); ++i)
    equation.operands[i] = without_ellipsis(equation.operands[i], spare, hidden[i]);
  if (arrow != std::string::npos) {
    equation.result = without_ellipsis(text.substr(arrow + 2), spare, most);
  } else {  // what ellipses stand for, then the letters that stand once
    std::map<char, int> times;
    for (const std::string& operand : equation.operands)
      for (const char letter : operand) ++times[letter];
    equation.result = spare;
    for (const auto& [letter, count] : times)
      if (count == 1 && spare.find(letter) == std::string::npos) equation.result += letter;
  }
  for (const char letter : equation.result) {
    const bool known = std::ranges::any_of(
        equation.operands, [&](const std::string& operand) { return operand.find(letter) != std::string::npos; });
    if (!is_letter(letter) || !known || std::ranges::count(equation.result, letter) != 1)
      node.fail(fmt::format("\"{}\" is no equation", text));
  }
  for (const std::string& operand : equation.operands)
    if (!std::ranges::all_of(operand, is_letter)) node.fail(fmt::format("\"{}\" is no equation", text));
  return equation;
}

}  // namespace tuff::onnx
