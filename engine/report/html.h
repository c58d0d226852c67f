// Writes a page as elements that close themselves, every text escaped. What comes out is well-formed XML too, so SVG
// pictures stand right in it.
//
//   Html html;
//   { auto row = html.element("tr", {{"class", "bad"}}); html.leaf("td", "a < b"); }
#pragma once

#include <initializer_list>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace tuff {

class Html {
 public:
  using Attribute = std::pair<std::string_view, std::string>;
  using Attributes = std::vector<Attribute>;

  // Open while it lives.
  class Element {
   public:
    Element(Html& html, std::string_view name) : html_(html), name_(name) {}
    ~Element() { html_.close(name_); }
    Element(const Element&) = delete;
    Element& operator=(const Element&) = delete;

   private:
    Html& html_;
    std::string name_;
  };

  [[nodiscard]] Element element(std::string_view name, const Attributes& attributes = {});
  // One that holds nothing but text.
  void leaf(std::string_view name, std::string_view text, const Attributes& attributes = {});
  // One that holds nothing: <br/>, <img/>.
  void empty(std::string_view name, const Attributes& attributes = {});
  void text(std::string_view text);
  // As it is: what another Html wrote, or a style sheet.
  void raw(std::string_view markup) { text_ += markup; }

  const std::string& str() const { return text_; }

 private:
  void open(std::string_view name, const Attributes& attributes);
  void close(std::string_view name);

  std::string text_;
};

// With <, >, &, quotes and control characters made harmless.
std::string escaped(std::string_view text);

}  // namespace tuff
