#include "support/nuclei.h"

#include "io/image.h"
#include "io/synthesize.h"
#include "support/child.h"

namespace tuff::test {

std::filesystem::path nuclei_folder(const std::string& name, int count, int size) {
  const std::filesystem::path folder = scratch_folder(name);
  std::filesystem::create_directories(folder / "images");
  std::filesystem::create_directories(folder / "masks");
  SynthesisOptions options;
  options.height = options.width = size;
  options.nuclei = 6;
  options.radius = 7;
  for (int i = 0; i < count; ++i) {
    const SyntheticSample sample = synthesize_nuclei(options, 7, i);
    const std::string file = "n" + std::to_string(i) + ".png";
    write_image(folder / "images" / file, sample.image);
    write_image(folder / "masks" / file, sample.mask);
  }
  return folder;
}

}  // namespace tuff::test
