// Generated images of nuclei in a folder, for tests that train.
#pragma once

#include <filesystem>
#include <string>

namespace tuff::test {

// images/n0.png ... and masks/n0.png ... in an empty folder of the test's own; `size` pixels square.
std::filesystem::path nuclei_folder(const std::string& name, int count = 8, int size = 64);

}  // namespace tuff::test
