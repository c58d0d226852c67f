// Starts the tuff command as a user would and tells what came of it.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

namespace tuff::test {

struct Finished {
  int code = -1;  // exit code; -1 where a signal ended it
  std::string out;
  std::string err;
};

// build/tuff with these arguments, on the driver that the tests run on ($TUFF_ON_DRIVER, see on_driver).
// `before` is shell text put before the command: "TUFF_CAPS=minimal", "ulimit -f 8;".
Finished run_tuff(const std::vector<std::string>& arguments, const std::string& before = {});

// The same with any shell command; "$TUFF" in it is the tuff command with its wrapper.
Finished run_shell(const std::string& command);

// A user's fault: exit code 1, nothing on stdout, and on stderr one line, "tuff: ...", that holds all the parts. Lines
// that name the device or the step to go on from may come before it.
void check_refused(const Finished& finished, const std::vector<std::string>& parts);

// Exit code 0, else the test case ends and shows what stands on stderr.
void require_done(const Finished& finished);

// The one list of arguments, then the other.
std::vector<std::string> joined(std::vector<std::string> words, const std::vector<std::string>& more);

bool contains(const std::string& text, const std::string& part);

// An empty folder of the test's own, under the build.
std::filesystem::path scratch_folder(const std::string& name);

// The whole of a file; empty where there is none.
std::string file_text(const std::filesystem::path& file);

}  // namespace tuff::test
