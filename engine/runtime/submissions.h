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

class SubmissionBudget {
 public:
  SubmissionBudget() = default;
  // `seconds`: see submission_seconds(); infinity: the budget stays as it is.
  SubmissionBudget(double work, double seconds) : work_(work), seconds_(seconds) {}

  double work() const { return work_; }
  // Whether the next run's submissions are to be timed.
  bool measures() const;
  // Takes the longest of a run's submissions. True where work() has changed, so that runs are to be cut anew.
  bool correct(double longest_seconds, std::size_t submissions);

 private:
  double work_ = 0, seconds_ = 0;
  int runs_ = 0;  // measured
  bool settled_ = false;
};

}  // namespace tuff
