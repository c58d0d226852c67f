// How much work goes into one submission, so that no watchdog fires and a desktop drawn by the same device stays
// smooth: a careful guess by the kind of device, corrected by the times of the first runs.
#pragma once

#include <cstddef>

#include "plan/device_caps.h"
#include "plan/dispatch.h"

namespace tuff {

// The work of a dispatch in flop-equivalents: arithmetic plus ten for each byte moved.
double submission_cost(const Dispatch& dispatch);

// The longest that a submission may take: 100 ms, 16 ms on an integrated device, which may draw a desktop too.
// CPU drivers have no watchdog: infinity.
double submission_seconds(DeviceKind kind);

// Work that takes no longer even on a slow device of the kind: 200 GFLOP/s discrete, 60 GFLOP/s others.
double first_submission_budget(DeviceKind kind);

// How long a run's submissions took, in seconds.
struct SubmissionTimes {
  double longest = 0;
  double longest_divisible = 0;  // of those that hold more than one dispatch or one that may be cut
  std::size_t count = 0;
};

class SubmissionBudget {
 public:
  SubmissionBudget() = default;
  // `seconds`: see submission_seconds(); infinity: the budget stays as it is.
  SubmissionBudget(double work, double seconds) : work_(work), seconds_(seconds) {}

  double work() const { return work_; }
  // Whether the next run's submissions are to be timed.
  bool measures() const;
  // Learns from a run. True where work() has changed, so that runs are to be cut anew.
  bool correct(const SubmissionTimes& run);

 private:
  double work_ = 0, seconds_ = 0;
  int runs_ = 0;  // measured
  bool settled_ = false;
  double work_before_ = 0, seconds_before_ = 0;  // where the last run was found too long; 0: it wasn't
};

}  // namespace tuff
