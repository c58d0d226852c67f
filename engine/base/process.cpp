#include "base/process.h"

#include <unistd.h>

#include <algorithm>
#include <cstdlib>
#include <ctime>
#include <fstream>
#include <sstream>
#include <string>

#include "base/os.h"

namespace tuff::os {

double process_seconds() {
#if defined(__linux__)
  // Field 22 is when it began, in ticks since the machine did; only field 2, a name in parentheses, may hold spaces.
  std::string line, field;
  std::getline(std::ifstream("/proc/self/stat"), line);
  std::istringstream fields(line.substr(std::min(line.size(), line.rfind(')') + 1)));
  for (int number = 3; number <= 22; ++number) fields >> field;
  struct timespec now = {};
  if (fields && ::clock_gettime(CLOCK_BOOTTIME, &now) == 0)
    return static_cast<double>(now.tv_sec) + 1e-9 * static_cast<double>(now.tv_nsec) -
           std::strtod(field.c_str(), nullptr) / static_cast<double>(::sysconf(_SC_CLK_TCK));
#endif
  static const double first = monotonic_seconds();
  return monotonic_seconds() - first;
}

void set_environment(const char* name, const char* value) {
  ::setenv(name, value, 1);
}

}  // namespace tuff::os
