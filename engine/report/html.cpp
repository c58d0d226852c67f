#include "report/html.h"

namespace tuff {

std::string escaped(std::string_view text) {
  std::string result;
  for (const char c : text) {
    switch (c) {
      case '<': result += "&lt;"; break;
      case '>': result += "&gt;"; break;
      case '&': result += "&amp;"; break;
      case '"': result += "&quot;"; break;
      case '\'': result += "&#39;"; break;
      case '\n': result += ' '; break;
      default: result += static_cast<unsigned char>(c) < 32 || c == 127 ? '?' : c;
    }
  }
  return result;
}

void Html::open(std::string_view name, const Attributes& attributes) {
  text_ += '<';
  text_ += name;
  for (const auto& [key, value] : attributes) {
    text_ += ' ';
    text_ += key;
    text_ += "=\"" + escaped(value) + '"';
  }
}

void Html::close(std::string_view name) {
  text_ += "</";
  text_ += name;
  text_ += ">\n";
}

Html::Element Html::element(std::string_view name, const Attributes& attributes) {
  open(name, attributes);
  text_ += '>';
  return {*this, name};
}

void Html::leaf(std::string_view name, std::string_view content, const Attributes& attributes) {
  open(name, attributes);
  text_ += '>';
  text(content);
  close(name);
}

void Html::empty(std::string_view name, const Attributes& attributes) {
  open(name, attributes);
  text_ += "/>\n";
}

void Html::text(std::string_view text) {
  text_ += escaped(text);
}

}  // namespace tuff
