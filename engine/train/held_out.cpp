#include "train/held_out.h"

#include <nlohmann/json.hpp>

#include "base/os.h"

namespace tuff {

void write_held_out(const std::filesystem::path& file, const HeldOut& held_out) {
  nlohmann::ordered_json json = {{"step", held_out.step}};
  for (std::size_t i = 0; i < held_out.metrics.size(); ++i) json[key_of(held_out.metrics[i])] = held_out.scores[i];
  json["images"] = held_out.images;
  os::write_file(file, json.dump(2) + "\n");
}

}  // namespace tuff
