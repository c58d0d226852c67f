#include "base/clocks.h"

#include <doctest/doctest.h>

#include <string>

#include "base/os.h"
#include "support/files.h"

namespace tuff {
namespace {

namespace fs = std::filesystem;

// A pretended root folder.
class Root : public test::TemporaryFolder {
 public:
  void add(const std::string& path, const std::string& text) const {
    const fs::path file = *this / path;
    fs::create_directories(file.parent_path());
    os::write_file(file, text);
  }
  // A card as the system shows it: a link to its device's folder, which bears the address.
  void add_card(const std::string& card, const std::string& address, const std::string& vendor,
                const std::string& model) const {
    const std::string device = "sys/devices/pci0000:00/" + address;
    add(device + "/vendor", vendor + "\n");
    add(device + "/device", model + "\n");
    fs::create_directories(*this / ("sys/class/drm/" + card));
    fs::create_directory_symlink(*this / device, *this / ("sys/class/drm/" + card + "/device"));
  }
};

constexpr os::Clocks kUnknown;

}  // namespace

TEST_CASE("clocks: of the fastest core, by cpufreq") {
  const Root root;
  CHECK(os::cpu_clocks(root.path()) == kUnknown);
  root.add("proc/cpuinfo", "processor\t: 0\ncpu MHz\t\t: 1200.500\n\nprocessor\t: 1\ncpu MHz\t\t: 2596.130\n");
  CHECK(os::cpu_clocks(root.path()) == os::Clocks{.core = 2596.13});
  root.add("sys/devices/system/cpu/cpu0/cpufreq/scaling_cur_freq", "800000\n");
  root.add("sys/devices/system/cpu/cpu0/cpufreq/cpuinfo_max_freq", "4000000\n");
  root.add("sys/devices/system/cpu/cpu11/cpufreq/scaling_cur_freq", "3100000\n");
  root.add("sys/devices/system/cpu/cpu11/cpufreq/scaling_max_freq", "4500000\n");
  root.add("sys/devices/system/cpu/cpu2/cpufreq/scaling_cur_freq", "<unknown>\n");
  root.add("sys/devices/system/cpu/cpufreq/policy0/scaling_cur_freq", "9900000\n");
  CHECK(os::cpu_clocks(root.path()) == os::Clocks{.core = 3100, .core_highest = 4500});
}

TEST_CASE("clocks: of the card that is meant, by its address or its model") {
  const Root root;
  CHECK(os::gpu_clocks({"0000:03:00.0", 0x1002, 0x73bf}, root.path()) == kUnknown);
  root.add_card("card0", "0000:03:00.0", "0x1002", "0x73bf");
  root.add_card("card1", "0000:0a:00.0", "0x1002", "0x73bf");
  root.add_card("card2", "0000:00:02.0", "0x8086", "0x9a49");
  root.add_card("card3", "0000:04:00.0", "0x10de", "0x2335");
  fs::create_directories(root / "sys/class/drm/card0-HDMI-A-1");
  const std::string first = "sys/devices/pci0000:00/0000:03:00.0/", second = "sys/devices/pci0000:00/0000:0a:00.0/";
  root.add(first + "pp_dpm_sclk", "0: 500Mhz\n1: 1800Mhz *\n2: 2581Mhz\n");
  root.add(first + "pp_dpm_mclk", "0: 96Mhz\n1: 1000Mhz *\n");
  root.add(second + "hwmon/hwmon4/freq1_input", "2345000000\n");
  root.add("sys/class/drm/card2/gt_cur_freq_mhz", "950\n");
  root.add("sys/class/drm/card2/gt_act_freq_mhz", "0\n");
  root.add("sys/class/drm/card2/gt_max_freq_mhz", "1300\n");

  const os::Clocks amd{.core = 1800, .core_highest = 2581, .memory = 1000};
  CHECK(os::gpu_clocks({"0000:03:00.0", 0x1002, 0x73bf}, root.path()) == amd);
  CHECK(os::gpu_clocks({"0000:0a:00.0", 0x1002, 0x73bf}, root.path()) == os::Clocks{.core = 2345});
  CHECK(os::gpu_clocks({"", 0x1002, 0x73bf}, root.path()) == amd);
  CHECK(os::gpu_clocks({"", 0x8086, 0x9a49}, root.path()) == os::Clocks{.core = 950, .core_highest = 1300});
  CHECK(os::gpu_clocks({"0000:04:00.0", 0x10de, 0x2335}, root.path()) == kUnknown);  // tells nothing
  CHECK(os::gpu_clocks({"", 0x1002, 0x1234}, root.path()) == kUnknown);
  CHECK(os::gpu_clocks({"0000:99:00.0", 0x1002, 0x73bf}, root.path()) == kUnknown);

  root.add("sys/devices/pci0000:00/0000:00:02.0/tile0/gt0/freq0/cur_freq", "1050\n");
  root.add("sys/devices/pci0000:00/0000:00:02.0/tile0/gt0/freq0/max_freq", "2050\n");
  CHECK(os::gpu_clocks({"0000:00:02.0", 0, 0}, root.path()) == os::Clocks{.core = 1050, .core_highest = 2050});
}

}  // namespace tuff
