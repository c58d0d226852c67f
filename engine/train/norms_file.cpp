#include "train/norms_file.h"

#include <fmt/format.h>

#include <iterator>
#include <string>

#include "base/os.h"
#include "train/csv_rows.h"

namespace tuff {
namespace {

constexpr std::string_view kHeader = "step,kind,name,rms,gradient_rms,zeros";
constexpr std::string_view kLayer = "layer", kMatrix = "weight", kVector = "vector";

std::string_view kind_of(const LayerNorm& norm) {
  if (norm.kind == LayerNorm::Kind::layer) return kLayer;
  return norm.matrix ? kMatrix : kVector;
}

}  // namespace

std::vector<LayerNormsRow> read_norms(const std::filesystem::path& file, std::int64_t last_step) {
  std::vector<LayerNormsRow> rows;
  for_each_row(file, kHeader, [&](const std::vector<std::string_view>& fields) {
    LayerNormsRow row{.step = parse_field<std::int64_t>(fields[0], file), .norm = {}};
    row.norm = {.kind = fields[1] == kLayer ? LayerNorm::Kind::layer : LayerNorm::Kind::parameter,
                .name = std::string(fields[2]),
                .rms = parse_field<double>(fields[3], file),
                .gradient_rms = parse_field<double>(fields[4], file),
                .zeros = parse_field<double>(fields[5], file),
                .matrix = fields[1] == kMatrix};
    if (row.step <= last_step) rows.push_back(std::move(row));
  });
  return rows;
}

void write_norms(const std::filesystem::path& file, const std::vector<LayerNormsRow>& rows) {
  fmt::memory_buffer text;
  const auto out = std::back_inserter(text);
  fmt::format_to(out, "{}\n", kHeader);
  for (const auto& [step, norm] : rows)
    fmt::format_to(out, "{},{},{},{},{},{}\n", step, kind_of(norm), norm.name, norm.rms, norm.gradient_rms, norm.zeros);
  os::write_file(file, std::string_view(text.data(), text.size()));
}

std::vector<LayerNorm> last_norms(const std::vector<LayerNormsRow>& rows) {
  std::vector<LayerNorm> norms;
  for (const LayerNormsRow& row : rows)
    if (row.step == rows.back().step) norms.push_back(row.norm);
  return norms;
}

}  // namespace tuff
