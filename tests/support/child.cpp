#include "support/child.h"

#include <doctest/doctest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdlib>
#include <fstream>
#include <sstream>

namespace tuff::test {
namespace {

namespace fs = std::filesystem;

std::string quoted(const std::string& text) {
  std::string result = "'";
  for (const char character : text) result += character == '\'' ? std::string("'\\''") : std::string(1, character);
  return result + "'";
}

// The lines of stderr but those that announce what the command works on: all up to the device's, and the step.
std::vector<std::string> complaints(const std::string& err) {
  std::vector<std::string> lines;
  std::istringstream stream(err);
  for (std::string line; std::getline(stream, line);) {
    if (line.starts_with("tuff: device "))
      lines.clear();
    else if (!line.starts_with("tuff: going on after step"))
      lines.push_back(line);
  }
  return lines;
}

}  // namespace

std::vector<std::string> joined(std::vector<std::string> words, const std::vector<std::string>& more) {
  words.insert(words.end(), more.begin(), more.end());
  return words;
}

void require_done(const Finished& finished) {
  CAPTURE(finished.err);
  REQUIRE(finished.code == 0);
}

bool contains(const std::string& text, const std::string& part) {
  return text.find(part) != std::string::npos;
}

void check_refused(const Finished& finished, const std::vector<std::string>& parts) {
  CAPTURE(finished.err);
  CHECK(finished.code == 1);
  CHECK(finished.out.empty());
  const std::vector<std::string> lines = complaints(finished.err);
  REQUIRE(lines.size() == 1);
  CHECK(lines[0].starts_with("tuff: "));
  for (const std::string& part : parts) {
    CAPTURE(part);
    CHECK(contains(lines[0], part));
  }
}

std::string file_text(const fs::path& file) {
  std::ifstream stream(file, std::ios::binary);
  std::ostringstream text;
  text << stream.rdbuf();
  return text.str();
}

fs::path scratch_folder(const std::string& name) {
  // Several programs and configurations run at once: each process has its own.
  const fs::path folder = fs::path(TUFF_BINARY_DIR) / "scratch" / (name + "." + std::to_string(getpid()));
  fs::remove_all(folder);
  fs::create_directories(folder);
  return folder;
}

Finished run_shell(const std::string& command) {
  const fs::path folder = scratch_folder("child");
  {
    std::ofstream script(folder / "script");
    const char* wrapper = std::getenv("TUFF_ON_DRIVER");
    script << "TUFF=" << quoted((wrapper ? std::string(wrapper) + " " : "") + TUFF_BINARY_DIR + "/tuff") << "\n"
           << command << "\n";
  }
  const std::string line = "bash " + quoted((folder / "script").string()) + " >" + quoted((folder / "out").string()) +
                           " 2>" + quoted((folder / "err").string()) + " </dev/null";
  const int status = std::system(line.c_str());
  Finished finished{WIFEXITED(status) ? WEXITSTATUS(status) : -1, file_text(folder / "out"), file_text(folder / "err")};
  fs::remove_all(folder);
  return finished;
}

Finished run_tuff(const std::vector<std::string>& arguments, const std::string& before) {
  std::string command = before + " $TUFF";
  for (const std::string& argument : arguments) command += " " + quoted(argument);
  return run_shell(command);
}

}  // namespace tuff::test
