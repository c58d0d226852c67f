// This process as the operating system knows it.
#pragma once

namespace tuff::os {

double process_seconds();  // since it began, to 10 ms; but for Linux since the first call

// Also seen by drivers that are loaded later.
void set_environment(const char* name, const char* value);

}  // namespace tuff::os
