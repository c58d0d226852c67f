// Golden cases of what copies, joins, cuts and indexes.
#include "golden/op_builders.h"
#include "tuff/ops.h"

namespace tuff::test {
namespace {

using Json = nlohmann::json;
using In = GoldenInputs;
using Out = std::vector<Value>;
using Extents = std::vector<std::int64_t>;

PadMode pad_mode(const std::string& name) {
  for (const PadMode mode : {PadMode::reflect, PadMode::replicate, PadMode::circular})
    if (to_string(mode) == name) return mode;
  return PadMode::constant;
}

}  // namespace

OpBuilders movement_builders() {
  return {
      {"reshape", [](const In& in, const Json& a) -> Out { return {reshape(in[0], a["shape"].get<Extents>())}; }},
      {"permute",
       [](const In& in, const Json& a) -> Out { return {permute(in[0], a["axes"].get<std::vector<int>>())}; }},
      {"slice",
       [](const In& in, const Json& a) -> Out {
         return {slice(in[0], a["starts"].get<Extents>(), a["ends"].get<Extents>(), a["steps"].get<Extents>())};
       }},
      {"pad",
       [](const In& in, const Json& a) -> Out {
         return {pad(in[0], a["before"].get<Extents>(), a["after"].get<Extents>(), pad_mode(a["mode"]), a["value"])};
       }},
      {"concat", [](const In& in, const Json& a) -> Out { return {concat(in.values, a["axis"])}; }},
      {"stack", [](const In& in, const Json& a) -> Out { return {stack(in.values, a["axis"])}; }},
      {"split", [](const In& in, const Json& a) -> Out { return split(in[0], a["sizes"].get<Extents>(), a["axis"]); }},
      {"flip", [](const In& in, const Json& a) -> Out { return {flip(in[0], a["axes"].get<std::vector<int>>())}; }},
      {"gather", [](const In& in, const Json& a) -> Out { return {gather(in[0], a["axis"], in[1])}; }},
      {"scatter_add", [](const In& in, const Json& a) -> Out { return {scatter_add(in[0], a["axis"], in[1], in[2])}; }},
      {"index_select", [](const In& in, const Json& a) -> Out { return {index_select(in[0], a["axis"], in[1])}; }},
      {"tile", [](const In& in, const Json& a) -> Out { return {tile(in[0], a["repeats"].get<Extents>())}; }},
      {"expand", [](const In& in, const Json& a) -> Out { return {expand(in[0], Shape(a["shape"].get<Extents>()))}; }},
      {"one_hot", [](const In& in, const Json& a) -> Out { return {one_hot(in[0], a["classes"])}; }},
  };
}

}  // namespace tuff::test
