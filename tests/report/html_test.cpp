#include "report/html.h"

#include <doctest/doctest.h>

#include "support/markup.h"

using namespace tuff;

TEST_CASE("html: elements close themselves, text and attributes are escaped") {
  Html html;
  {
    const auto table = html.element("table", {{"class", "a\"b"}});
    html.leaf("td", "1 < 2 & \"x\" <script>\x01");
    html.empty("img", {{"alt", "it's"}});
  }
  CHECK(html.str() ==
        "<table class=\"a&quot;b\"><td>1 &lt; 2 &amp; &quot;x&quot; &lt;script&gt;?</td>\n"
        "<img alt=\"it&#39;s\"/>\n</table>\n");
  CHECK(test::markup_fault(html.str()) == "");
}

TEST_CASE("html: the tests' own reader finds faults") {
  CHECK(test::markup_fault("<a><b></b></a>") == "");
  CHECK(test::markup_fault("<a><b></a></b>") != "");
  CHECK(test::markup_fault("<a>") != "");
  CHECK(test::markup_fault("<a>x & y</a>") != "");
  CHECK(test::markup_fault("<a b=\"c>d\">x</a>") == "");
}
