// Times as a table and as JSON: one file a run, which tells on what it was measured.
#pragma once

#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "apps/bench/cases.h"
#include "apps/bench/measure.h"
#include "apps/bench/peaks.h"
#include "vulkan/device.h"

namespace tuff::bench {

inline constexpr int kReportVersion = 2;

// {"version", "tuff", "commit", "os", "shaders", "device": {...}, "clocks": {...}, "suite", "peaks", "results": []};
// the clocks are those of this moment, in MHz, where they are known.
nlohmann::ordered_json begin_report(const Device& device, const std::string& suite, const Peaks& peaks);

nlohmann::ordered_json to_json(const Case& item, const Measurement& measured, const Peaks& peaks);

// One shader's dispatch, of --spv.
nlohmann::ordered_json to_json(const std::string& shader, const Samples& samples, bool device_clock, double flops,
                               double bytes, const Peaks& peaks);

// Prints what the driver tells of each shader and adds it as "pipelines": [{"shader", "specialization", "statistics"}].
void add_statistics(const std::vector<PipelineStatistics>& pipelines, nlohmann::ordered_json& report);

void print_peaks(const Peaks& peaks);
void print_heading();
void print_row(const Case& item, const Measurement& measured, const Peaks& peaks);

// A report that was written before. Error where the file is none or of another version.
nlohmann::json read_report(const std::string& path);

}  // namespace tuff::bench
