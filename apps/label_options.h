// Options of commands that read masks of objects.
#pragma once

#include <CLI/CLI.hpp>
#include <string>

#include "instances/label_files.h"

namespace tuff {

struct LabelOptions {
  bool connected = false;
  bool ids = false;
  bool volumes = false;
  std::string axes;

  LabelReading reading() const;
};

// --connected, --ids, --volumes and --axes.
void add_label_options(CLI::App& command, LabelOptions& options);

}  // namespace tuff
