#include "apps/label_options.h"

namespace tuff {

LabelReading LabelOptions::reading() const {
  const LabelMeaning meaning = connected ? LabelMeaning::connected : ids ? LabelMeaning::ids : LabelMeaning::automatic;
  return {.meaning = meaning, .volumes = volumes, .axes = axes};
}

void add_label_options(CLI::App& command, LabelOptions& options) {
  CLI::Option* connected = command.add_flag(
      "--connected", options.connected,
      "objects are the connected components of what isn't 0; so it is anyway in files with one value beside 0");
  CLI::Option* ids =
      command.add_flag("--ids", options.ids, "objects are the values; so it is anyway in files with several beside 0");
  ids->excludes(connected);
  command.add_flag("--volumes", options.volumes, "a stack's slices are one volume, not images of their own");
  command.add_option("--axes", options.axes, "meaning of a TIFF's pages where the file doesn't say, e.g. ZYX")
      ->type_name("AXES");
}

}  // namespace tuff
