// What a person sees while a command works: on a terminal one line that is drawn over and over, elsewhere
// (a log file) nothing but whole lines.
#pragma once

#include <cstdint>
#include <string>

#include "base/log.h"

namespace tuff {

class Progress {
 public:
  // `unit` is what is counted: "steps", "images". Counting starts at `done` of `total`.
  Progress(std::string unit, std::int64_t total, std::int64_t done = 0);
  ~Progress();
  Progress(const Progress&) = delete;
  Progress& operator=(const Progress&) = delete;

  // Redraws at most ten times a second: bar, rate, time left, `note`.
  void update(std::int64_t done, const std::string& note);
  // A line that stays, above the bar.
  void line(const std::string& text);
  void clear();

 private:
  std::string unit_;
  std::int64_t total_;
  std::int64_t first_;
  double started_;
  double drawn_ = 0;
  bool terminal_;
  bool visible_ = false;
};

// "45 s", "3 min 20 s", "2 h 5 min".
std::string duration_text(double seconds);

// Prints what the library has to say on stderr; debug messages only where $TUFF_DEBUG is set.
LogSink stderr_log();

}  // namespace tuff
