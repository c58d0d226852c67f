#include "apps/progress.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <cstdio>

#include "base/os.h"

namespace tuff {

Progress::Progress(std::string unit, std::int64_t total, std::int64_t done)
    : unit_(std::move(unit)),
      total_(std::max<std::int64_t>(1, total)),
      first_(done),
      started_(os::monotonic_seconds()),
      terminal_(os::stderr_is_terminal()) {}

Progress::~Progress() {
  clear();
}

void Progress::update(std::int64_t done, const std::string& note) {
  if (!terminal_) return;
  const double now = os::monotonic_seconds();
  if (done < total_ && now - drawn_ < 0.1) return;
  drawn_ = now;
  const double rate = static_cast<double>(done - first_) / std::max(1e-9, now - started_);
  std::string times;
  if (done > first_) {
    times = rate >= 1 ? fmt::format("{:.1f} {}/s", rate, unit_) : fmt::format("{:.1f} s each", 1 / rate);
    times += fmt::format(", {} left", duration_text(static_cast<double>(total_ - done) / rate));
  }
  const int columns = os::terminal_columns();
  const std::string text = fmt::format(" {}/{} {}  {}  {}", done, total_, unit_, times, note);
  const int width = std::clamp(columns - static_cast<int>(text.size()) - 3, 0, 30);
  const int full =
      static_cast<int>(static_cast<double>(width) * static_cast<double>(done) / static_cast<double>(total_));
  const std::string bar = width < 5 ? "" : fmt::format("[{:=<{}}{:{}}]", "", full, "", width - full);
  fmt::print(stderr, "\r\x1b[K{}", (bar + text).substr(0, static_cast<std::size_t>(std::max(1, columns - 1))));
  std::fflush(stderr);
  visible_ = true;
}

void Progress::line(const std::string& text) {
  clear();
  fmt::print(stderr, "{}\n", text);
  std::fflush(stderr);
}

void Progress::clear() {
  if (!visible_) return;
  fmt::print(stderr, "\r\x1b[K");
  std::fflush(stderr);
  visible_ = false;
}

std::string duration_text(double seconds) {
  const auto whole = static_cast<std::int64_t>(std::llround(std::max(0.0, seconds)));
  if (whole < 60) return fmt::format("{} s", whole);
  if (whole < 3600) return fmt::format("{} min {} s", whole / 60, whole % 60);
  return fmt::format("{} h {} min", whole / 3600, whole % 3600 / 60);
}

LogSink stderr_log() {
  const bool debug = os::environment("TUFF_DEBUG").has_value();
  return [debug](LogLevel level, const std::string& message) {
    if (level == LogLevel::debug && !debug) return;
    fmt::print(stderr, "tuff: {}\n", message);
  };
}

}  // namespace tuff
