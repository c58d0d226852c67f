// The tree keeps the shape that docs/architecture.md describes: who may include whom, each op in its four places, no
// source or test that no list names, the operating system behind engine/base, nothing that belongs to one machine.
#include <doctest/doctest.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <functional>
#include <map>
#include <regex>
#include <set>
#include <sstream>
#include <string>
#include <vector>

namespace {

namespace fs = std::filesystem;
using Names = std::set<std::string>;

const fs::path kRoot = TUFF_SOURCE_DIR;

// What a folder of engine/ (and models, apps) may include besides itself.
const std::map<std::string, Names> kMayInclude = {
    {"base", {}},
    {"graph", {"base"}},
    {"plan", {"base", "graph"}},
    {"ops", {"base", "graph", "plan"}},
    {"autodiff", {"base", "graph", "plan", "ops"}},
    {"passes", {"base", "graph", "plan", "ops"}},
    {"vulkan", {"base"}},
    {"runtime", {"base", "graph", "plan", "ops", "autodiff", "passes", "vulkan"}},
    {"io", {"base", "graph", "plan", "ops", "autodiff", "passes", "vulkan", "runtime"}},
    {"onnx", {"base", "graph", "plan", "ops", "autodiff", "passes", "vulkan", "runtime", "io"}},
    {"instances", {"base", "graph", "io"}},
    {"report", {"base", "io"}},
    {"train", {"base", "graph", "plan", "ops", "autodiff", "passes", "vulkan", "runtime", "io", "instances", "report"}},
    {"models", {"base", "graph", "ops"}},
    {"tasks",
     {"base", "graph", "plan", "ops", "autodiff", "passes", "vulkan", "runtime", "io", "instances", "onnx", "report",
      "train", "models"}},
    {"apps",
     {"base", "graph", "plan", "ops", "autodiff", "passes", "vulkan", "runtime", "io", "instances", "onnx", "report",
      "train", "models", "tasks"}},
    {"cases", {}},
    {"support", {}},
};

// Single headers beyond that, with the reason.
const std::map<std::string, Names> kMayAlsoInclude = {
    {"apps",
     {"cases/all_cases.h", "support/op_checker.h", "support/random_shapes.h"}},  // tuff selftest runs the tests' cases
    {"instances", {"ops/star_distances.h"}},                                     // the rays that it measures along
    {"report", {"onnx/wire.h"}},                                                 // event files are protocol buffers too
    {"vulkan", {"plan/device_caps.h", "embedded.h"}},  // it fills the first; the second is the SPIR-V
};

// Ops without a shader folder, with the reason.
const std::map<std::string, std::string> kNoShaderOfItsOwn = {
    {"conv_transpose", "runs the kernels of conv, whose data gradient it is"},
    {"expand", "copies by strides, shaders/strided"},
    {"optimizer", "what adam and the other optimizers share; theirs are in common/update.glsl"},
    {"pack", "copies with that of assign"},
    {"permute", "copies by strides, shaders/strided"},
    {"relayout", "copies by strides, shaders/strided"},
    {"slice", "copies by strides, shaders/strided"},
};

std::vector<fs::path> files_under(const fs::path& folder, const std::function<bool(const fs::path&)>& wanted) {
  std::vector<fs::path> files;
  if (!fs::exists(kRoot / folder)) return files;
  for (const auto& entry : fs::recursive_directory_iterator(kRoot / folder)) {
    const fs::path path = fs::relative(entry.path(), kRoot);
    if (entry.is_regular_file() && wanted(path)) files.push_back(path);
  }
  std::ranges::sort(files);
  return files;
}

bool is_cpp(const fs::path& path) {
  return path.extension() == ".cpp" || path.extension() == ".h";
}

std::string text_of(const fs::path& path) {
  std::ifstream stream(kRoot / path);
  std::ostringstream text;
  text << stream.rdbuf();
  return text.str();
}

std::vector<std::string> matches(const std::string& text, const std::regex& pattern) {
  std::vector<std::string> found;
  for (std::sregex_iterator at(text.begin(), text.end(), pattern), end; at != end; ++at) found.push_back((*at)[1]);
  return found;
}

std::vector<std::string> quoted_includes(const std::string& text) {
  static const std::regex kInclude("#include \"([^\"]+)\"");
  return matches(text, kInclude);
}

// "graph" of engine/graph/graph.h, "models" of models/unet.h.
std::string folder_of(const fs::path& path) {
  auto part = path.begin();
  return *part == "engine" ? std::next(part)->string() : part->string();
}

bool may_include(const std::string& folder, const std::string& header) {
  const std::string target = fs::path(header).begin()->string();
  if (target == folder || !kMayInclude.contains(target)) {
    // Headers that shaders and C++ share; the public ones.
    const auto extra = kMayAlsoInclude.find(folder);
    const bool known = fs::exists(kRoot / "shaders" / header) || header.starts_with("tuff/") || target == folder;
    return known && (header != "embedded.h" || (extra != kMayAlsoInclude.end() && extra->second.contains(header)));
  }
  if (kMayInclude.at(folder).contains(target)) return true;
  const auto extra = kMayAlsoInclude.find(folder);
  return extra != kMayAlsoInclude.end() && extra->second.contains(header);
}

std::vector<fs::path> product_sources() {
  std::vector<fs::path> files;
  for (const char* folder : {"engine", "models", "tasks", "apps"}) {
    const auto more = files_under(folder, is_cpp);
    files.insert(files.end(), more.begin(), more.end());
  }
  return files;
}

}  // namespace

TEST_CASE("structure: a folder includes only what lies below it") {
  const auto files = product_sources();
  REQUIRE(files.size() > 30);
  for (const fs::path& file : files) {
    const std::string folder = folder_of(file);
    if (folder == "include") continue;
    REQUIRE_MESSAGE(kMayInclude.contains(folder), "a folder without a rule: " << folder);
    for (const std::string& header : quoted_includes(text_of(file))) {
      CHECK_MESSAGE(may_include(folder, header), file.string() << " may not include " << header);
    }
  }
}

TEST_CASE("structure: the include rule itself tells good from bad") {
  CHECK(may_include("graph", "base/error.h"));
  CHECK(may_include("vulkan", "plan/device_caps.h"));
  CHECK_FALSE(may_include("vulkan", "plan/plan.h"));
  CHECK_FALSE(may_include("graph", "plan/plan.h"));
  CHECK_FALSE(may_include("autodiff", "passes/optimize.h"));
  CHECK_FALSE(may_include("models", "runtime/compile.h"));
  CHECK_FALSE(may_include("runtime", "embedded.h"));
  CHECK_FALSE(may_include("base", "no/such_file.h"));
}

TEST_CASE("structure: only engine/base calls the operating system") {
  static const std::regex kSystem(
      "#include <(unistd\\.h|dlfcn\\.h|fcntl\\.h|signal\\.h|csignal|termios\\.h|pwd\\.h|windows\\.h|sys/[^>]+)>");
  static const std::regex kEnvironment("\\b(std::getenv|getenv|setenv|secure_getenv)\\(");
  for (const fs::path& file : product_sources()) {
    if (folder_of(file) == "base") continue;
    const std::string text = text_of(file);
    for (const std::string& header : matches(text, kSystem))
      CHECK_MESSAGE(false, file.string() << " includes " << header);
    for (const std::string& call : matches(text, kEnvironment))
      CHECK_MESSAGE(false, file.string() << " calls " << call);
  }
}

TEST_CASE("structure: every op has its four places") {
  static const std::regex kOp("class \\w+ (?:final )?: public (Op|OptimizerOp)\\b");
  std::size_t ops = 0;
  for (const fs::path& file : files_under("engine/ops", is_cpp)) {
    if (matches(text_of(file), kOp).empty()) continue;
    ++ops;
    std::string name = file.stem().string();
    if (name.ends_with("_kernels")) name.resize(name.size() - std::string("_kernels").size());
    CHECK_MESSAGE(fs::exists(kRoot / "engine/ops" / (name + ".h")), name << " has no engine/ops/" << name << ".h");
    CHECK_MESSAGE(fs::exists(kRoot / "tests/ops" / (name + "_test.cpp")),
                  name << " has no tests/ops/" << name << "_test.cpp");
    CHECK_MESSAGE(fs::exists(kRoot / "tests/cases" / (name + "_cases.h")),
                  name << " has no tests/cases/" << name << "_cases.h");
    CHECK_MESSAGE((fs::is_directory(kRoot / "shaders" / name) || kNoShaderOfItsOwn.contains(name)),
                  name << " has no shaders/" << name);
  }
  CHECK(ops > 10);
}

TEST_CASE("structure: every source, shader and test stands in its folder's list") {
  const auto listed = [](const fs::path& list, const std::string& name) {
    const std::string text = text_of(list);
    const std::size_t at = text.find(name);
    return at != std::string::npos;
  };
  for (const fs::path& file : files_under("engine", [](const fs::path& p) { return p.extension() == ".cpp"; })) {
    CHECK_MESSAGE(listed(file.parent_path() / "CMakeLists.txt", file.filename()), file.string() << " is in no list");
  }
  // By itself ("pad/pad.comp f32") or as an item of a loop ("pad/pad pool/max_pool").
  const auto shader_listed = [&](const std::string& name) {
    return std::ranges::any_of(std::string(". \n)"),
                               [&](char end) { return listed("shaders/CMakeLists.txt", name + end); });
  };
  for (const fs::path& file : files_under("shaders", [](const fs::path& p) { return p.extension() == ".comp"; })) {
    const fs::path name = fs::relative(file, "shaders").replace_extension();
    CHECK_MESSAGE(shader_listed(name.string()), file.string() << " is in no list");
  }
  const auto is_test = [](const fs::path& p) { return p.filename().string().ends_with("_test.cpp"); };
  for (const fs::path& file : files_under("tests", is_test)) {
    const std::string name = fs::relative(file, "tests").string();
    CHECK_MESSAGE(listed("tests/CMakeLists.txt", "  " + name + "\n"), name << " is in no list: it would never run");
  }
}

TEST_CASE("structure: files stay readable and belong to no one machine") {
  const std::string self = "tests/structure_test.cpp";
  // In pieces, so that this file doesn't hold what it forbids.
  static const std::regex kForbidden(
      "(/wo"
      "rk/|/home/\\w|deb\\.deb"
      "ian\\.org|\\bTODO\\b|\\bFIXME\\b|\\bXXX\\b|using namespace std;)");
  const auto is_text = [](const fs::path& path) {
    static const Names kBinary = {".png", ".tif", ".tiff", ".bin", ".safetensors", ".npy", ".jpg", ".bmp"};
    return !kBinary.contains(path.extension().string()) && path.string().find("__pycache__") == std::string::npos;
  };
  std::vector<fs::path> files = {"README.md", "CMakeLists.txt", "THIRD_PARTY.md"};
  for (const char* folder : {"engine", "shaders", "models", "tasks", "apps", "tests", "scripts", "docs", ".ci"}) {
    const auto more = files_under(folder, is_text);
    files.insert(files.end(), more.begin(), more.end());
  }
  for (const fs::path& file : files) {
    if (file == self) continue;
    const std::string text = text_of(file);
    for (const std::string& word : matches(text, kForbidden)) CHECK_MESSAGE(false, file.string() << " has " << word);
    if (is_cpp(file) || file.extension() == ".comp" || file.extension() == ".glsl") {
      const auto lines = std::ranges::count(text, '\n');
      CHECK_MESSAGE(lines <= 500, file.string() << " has " << lines << " lines");
    }
    for (const char* name : {"utils", "util", "helpers", "misc"}) CHECK_MESSAGE(file.stem() != name, file.string());
  }
}
