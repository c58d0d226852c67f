// tuff bench: how fast a device is on fixed cases, pass by pass, beside what it reaches at most.
#include <fmt/format.h>

#include <memory>
#include <string>

#include "apps/bench/cases.h"
#include "apps/bench/compare.h"
#include "apps/bench/growth.h"
#include "apps/bench/latency.h"
#include "apps/bench/measure.h"
#include "apps/bench/peaks.h"
#include "apps/bench/report.h"
#include "apps/bench/spirv.h"
#include "apps/commands.h"
#include "apps/options.h"
#include "apps/session.h"
#include "base/error.h"
#include "base/os.h"

namespace tuff {
namespace {

struct BenchArguments {
  std::string suite;
  std::string pattern;
  std::string shader;
  std::string json;
  std::string device;
  std::string dtype = "both";
  bench::MeasureOptions measure;
  bench::SpirvArguments spirv;
  bool peaks_only = false;
  bool no_cold = false;
  bool no_check = false;
  bool autotune = false;
  bool statistics = false;
};

struct CompareArguments {
  std::string before, after;
  double tolerance = 5;
};

void check_arguments(const BenchArguments& arguments) {
  if (!arguments.suite.empty() && arguments.suite != "gpu" && arguments.suite != "cpu")
    throw Error(fmt::format("--suite {}: must be gpu or cpu", arguments.suite));
  if (arguments.dtype != "f32" && arguments.dtype != "f16" && arguments.dtype != "both")
    throw Error(fmt::format("--dtype {}: must be f32, f16 or both", arguments.dtype));
  if (arguments.measure.effort.samples < 1)
    throw Error(fmt::format("--samples {}: must be 1 or more", arguments.measure.effort.samples));
  if (!(arguments.measure.effort.seconds >= 0))
    throw Error(fmt::format("--seconds {}: must be 0 or more", arguments.measure.effort.seconds));
  if (!arguments.shader.empty() && (arguments.peaks_only || !arguments.spirv.file.empty()))
    throw Error("--shader goes with neither --spv nor --peaks; give one of them");
  if (arguments.autotune && (arguments.peaks_only || !arguments.shader.empty() || !arguments.spirv.file.empty()))
    throw Error("--autotune chooses kernels of cases; it goes with none of --shader, --spv and --peaks");
  bench::case_pattern(arguments.pattern);
}

// What was measured so far: a run that is stopped leaves that.
void write_report(const BenchArguments& arguments, const nlohmann::ordered_json& report) {
  if (!arguments.json.empty()) os::write_file(arguments.json, report.dump(2) + "\n");
}

// Measures a case, adds a row to the table and one to the report.
void measure_case(Device& device, const BenchArguments& arguments, const bench::Case& item,
                  const bench::MeasureOptions& options, const bench::Peaks& peaks, nlohmann::ordered_json& report) {
  const bench::Measurement measured = bench::measure(device, item, options);
  bench::print_row(item, measured, peaks);
  report["results"].push_back(bench::to_json(item, measured, peaks));
  write_report(arguments, report);
}

// One kernel with all its settings over the cases, each forced in turn.
void run_shader(Device& device, const BenchArguments& arguments, const std::vector<bench::Case>& cases,
                const bench::Peaks& peaks, nlohmann::ordered_json& report) {
  std::vector<std::string> refusals;
  bool known = false;
  bench::print_heading();
  for (const bench::Case& item : cases) {
    if (item.network) continue;
    for (const bench::Candidate& candidate : bench::candidates_named(arguments.shader, item, device.caps())) {
      known = true;
      if (!candidate.refusal.empty()) {
        refusals.push_back(
            fmt::format("{}, {}, {}: {}", item.name, item.pass, to_string(item.storage), candidate.refusal));
        continue;
      }
      bench::MeasureOptions options = arguments.measure;
      options.force.emplace(candidate.op, candidate.kernel);
      measure_case(device, arguments, item, options, peaks, report);
    }
  }
  if (!known)
    throw Error(fmt::format("--shader {}: no kernel of these cases is named so; `tuff explain` lists kernels",
                            arguments.shader));
  for (const std::string& line : refusals) fmt::print("refused: {}\n", line);
}

void run_bench(BenchArguments arguments) {
  check_arguments(arguments);
  arguments.measure.cold = !arguments.no_cold;
  arguments.measure.check = !arguments.no_check;
  const std::unique_ptr<Device> device = open_device(arguments.device, {.pipeline_statistics = arguments.statistics});
  const DeviceCaps& caps = device->caps();
  const std::string suite = !arguments.suite.empty() ? arguments.suite : caps.is_cpu() ? "cpu" : "gpu";
  if (arguments.dtype == "f16" && !caps.storage_16bit)
    throw Error(fmt::format("--dtype f16: {} has no 16-bit storage", caps.name));
  bench::Selected selected =
      bench::select_cases(suite, arguments.pattern, arguments.dtype != "f32" && caps.storage_16bit);
  if (arguments.dtype == "f16")
    std::erase_if(selected.cases, [](const bench::Case& item) { return item.storage == DType::f32; });
  if (arguments.dtype == "both" && !caps.storage_16bit)
    fmt::print("f16 is left out: the device has no 16-bit storage\n");
  if (!caps.timestamps) fmt::print("the device has no timestamps: times are the host's, transfers among them\n");
  const auto tuner = open_tuner(*device, arguments.autotune);
  arguments.measure.tuner = tuner.get();
  const bench::Peaks peaks = bench::measure_peaks(*device);
  bench::print_peaks(peaks);
  nlohmann::ordered_json report = bench::begin_report(*device, suite, peaks);
  if (!arguments.spirv.file.empty()) {
    report["results"].push_back(bench::run_spirv(*device, arguments.spirv, arguments.measure.effort, peaks));
  } else if (!arguments.shader.empty()) {
    run_shader(*device, arguments, selected.cases, peaks, report);
  } else if (!arguments.peaks_only) {
    bench::print_heading();
    for (const bench::Case& item : selected.cases)
      measure_case(*device, arguments, item, arguments.measure, peaks, report);
    for (const std::string& line : selected.left_out) fmt::print("left out: {}\n", line);
  }
  if (arguments.statistics) bench::add_statistics(device->pipeline_statistics(), report);
  write_report(arguments, report);
}

void add_compare_command(CLI::App& command) {
  CLI::App* compare =
      command.add_subcommand("compare", "Two files of --json: ratios; exit code 1 where some are slower");
  const auto arguments = std::make_shared<CompareArguments>();
  compare->add_option("BEFORE", arguments->before, "the first file")->required()->type_name("FILE");
  compare->add_option("AFTER", arguments->after, "the second")->required()->type_name("FILE");
  compare->add_option("--tolerance", arguments->tolerance, "what counts as slower: the whole interval beyond it [5]")
      ->type_name("PERCENT");
  compare->callback([arguments] { bench::run_compare(arguments->before, arguments->after, arguments->tolerance); });
}

void add_latency_command(CLI::App& command) {
  CLI::App* latency = command.add_subcommand(
      "latency", "Time the first result of a process, frame after frame, and images of another size");
  const auto arguments = std::make_shared<bench::LatencyArguments>();
  latency->add_option("model", arguments->model, "a run's folder or a model file [a new U-Net]")
      ->type_name("RUN|MODEL");
  latency->add_option("--base", arguments->base, "channels of the new U-Net [as in training]")->type_name("N");
  latency->add_option("--depth", arguments->depth, "its halvings [as in training]")->type_name("N");
  latency->add_option("--size", arguments->size, "side of the images [256]")->type_name("PIXELS");
  latency->add_option("--frames", arguments->frames, "predicted one after the other [1000]")->type_name("N");
  latency->add_flag("--cold", arguments->cold, "as if nothing had been compiled before");
  latency->add_option("--json", arguments->json, "also write the times as JSON, for `tuff bench compare`")
      ->type_name("FILE");
  add_dtype_option(*latency, arguments->dtype);
  add_device_option(*latency, arguments->device);
  latency->callback([arguments] { bench::run_latency(*arguments); });
}

void add_growth_command(CLI::App& command) {
  CLI::App* growth =
      command.add_subcommand("growth", "Time tiled prediction of larger images, and training steps of larger batches");
  const auto arguments = std::make_shared<bench::GrowthArguments>();
  growth->add_option("--base", arguments->base, "channels of the U-Net [8]")->type_name("N");
  growth->add_option("--depth", arguments->depth, "its halvings [3]")->type_name("N");
  growth->add_option("--tile", arguments->tile, "side of the tiles [fitted to each image]")->type_name("PIXELS");
  add_memory_option(*growth, arguments->memory, "device memory for tiles, e.g. 200M [what one of 512x512 takes]");
  growth->add_option("--sizes", arguments->sizes, "sides of the images [1024,2048,4096]")
      ->delimiter(',')
      ->type_name("PIXELS,...");
  growth->add_option("--batches", arguments->batches, "crops of 128x128 in a training step [1,2,4,8]")
      ->delimiter(',')
      ->type_name("N,...");
  growth->add_option("--json", arguments->json, "also write the times as JSON")->type_name("FILE");
  add_device_option(*growth, arguments->device);
  growth->callback([arguments] { bench::run_growth(*arguments); });
}

}  // namespace

void add_bench_command(CLI::App& tuff) {
  CLI::App* command = tuff.add_subcommand("bench", "Time convolutions, other operators and networks on a device");
  command->footer(
      "The median of warm runs counts; the spread is from the tenth to the ninetieth percentile, marked ! beyond 5 %.\n"
      "Two operations a multiplication; e marks effective rates, of kernels that need fewer. Peaks are measured "
      "first:\n"
      "multiply-adds on registers, and a copy. Results are compared with the portable kernels'.");
  const auto arguments = std::make_shared<BenchArguments>();
  command->add_option("--suite", arguments->suite, "sizes for a GPU or a software driver [by the device]")
      ->type_name("gpu|cpu");
  command->add_option("--case", arguments->pattern, "only cases whose names match")->type_name("REGEX");
  command
      ->add_option(
          "--shader", arguments->shader,
          "only this kernel (tiled_gemm, winograd, ...) with each of its settings in turn, as tile sizes, or one of "
          "these (tiled_gemm_64x64); networks are left out")
      ->type_name("NAME");
  command->add_option("--dtype", arguments->dtype, "how activations are stored [both, where the device has f16]")
      ->type_name("f32|f16|both");
  command->add_flag("--peaks", arguments->peaks_only, "only what the device reaches at most");
  command->add_option("--samples", arguments->measure.effort.samples, "runs of each pass, at least [30]")
      ->type_name("N");
  command->add_option("--seconds", arguments->measure.effort.seconds, "time for each pass, at least [1]")
      ->type_name("S");
  command->add_flag("--no-cold", arguments->no_cold, "without the runs from empty caches");
  command->add_flag("--no-check", arguments->no_check, "without the comparison with the portable kernels");
  command->add_flag("--statistics", arguments->statistics,
                    "what the driver tells of each compiled shader: registers, spills, instructions ...");
  command->add_option("--json", arguments->json, "also write the times as JSON, for `tuff bench compare`")
      ->type_name("FILE");
  command->add_option("--spv", arguments->spirv.file, "time this compute shader instead")->type_name("FILE");
  command->add_option("--spec", arguments->spirv.specialization, "its specialization constants 0, 1, 2, ...")
      ->delimiter(',')
      ->type_name("C,...");
  command->add_option("--groups", arguments->spirv.groups, "its workgroups [1,1,1]")
      ->delimiter(',')
      ->type_name("X,Y,Z");
  command
      ->add_option("--buffers", arguments->spirv.buffers,
                   "buffers of random floats, whose addresses begin its push constants")
      ->delimiter(',')
      ->type_name("BYTES,...");
  command->add_option("--push", arguments->spirv.push, "push constants after the addresses")
      ->delimiter(',')
      ->type_name("C,...");
  command->add_option("--flops", arguments->spirv.flops, "operations of one dispatch, for its rate")->type_name("N");
  command->add_option("--bytes", arguments->spirv.bytes, "bytes of memory traffic of one dispatch, for its rate")
      ->type_name("N");
  add_autotune_option(*command, arguments->autotune);
  add_device_option(*command, arguments->device);
  add_compare_command(*command);
  add_growth_command(*command);
  add_latency_command(*command);
  command->callback([command, arguments] {
    if (command->get_subcommands().empty()) run_bench(*arguments);
  });
}

}  // namespace tuff
