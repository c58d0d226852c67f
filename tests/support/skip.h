// A test that can't run here says so and is counted: main.cpp prints the number of skips at the end, and
// scripts/test prints the reasons.
#pragma once

#include <string>

namespace tuff::test {

// Records that the running test case is skipped and prints why ("no ../shared/data"); then return from it.
void skip(const std::string& reason);

}  // namespace tuff::test
