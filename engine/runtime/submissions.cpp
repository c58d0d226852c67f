#include "runtime/submissions.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <utility>

namespace tuff {

namespace {

constexpr int kMostRuns = 6;      // measured
constexpr double kAim = 0.7;      // of the seconds allowed
constexpr double kWorthMore = 3;  // times as long as a submission takes may be allowed before it is given more work
constexpr double kMostChange = 16;
constexpr double kUseful = 0.8;  // of the seconds before, at most, that less work must take
constexpr double kLeastWork = 1e5;

}  // namespace

double submission_cost(const Dispatch& dispatch) {
  return dispatch.flops + 10 * dispatch.bytes;
}

double submission_seconds(DeviceKind kind) {
  switch (kind) {
    case DeviceKind::discrete: return 0.1;
    case DeviceKind::integrated: return 0.016;
    case DeviceKind::other: return 0.1;
    case DeviceKind::cpu: return std::numeric_limits<double>::infinity();
  }
  return 0.1;
}

double first_submission_budget(DeviceKind kind) {
  switch (kind) {
    case DeviceKind::discrete: return 2e10;
    case DeviceKind::integrated: return 1e9;
    case DeviceKind::other: return 6e9;
    case DeviceKind::cpu: return std::numeric_limits<double>::infinity();
  }
  return 1e9;
}

bool SubmissionBudget::measures() const {
  return !settled_ && std::isfinite(seconds_) && runs_ < kMostRuns;
}

// The first run also pays for what drivers put off, so it can't show that submissions are short.
bool SubmissionBudget::correct(const SubmissionTimes& run) {
  ++runs_;
  const bool too_long = run.longest_divisible > seconds_;
  if (seconds_before_ > 0 && run.longest_divisible > kUseful * seconds_before_) {  // less work was of no use
    settled_ = true;
    return std::exchange(work_, work_before_) != work_before_;
  }
  const bool last = runs_ == kMostRuns;
  const bool could_be_longer = run.count > 1 && run.longest * kWorthMore < seconds_ && !last;
  if (!too_long && runs_ < 2) return false;
  if (!too_long && !could_be_longer) settled_ = true;
  if (settled_) return false;
  work_before_ = work_;
  seconds_before_ = too_long ? run.longest_divisible : 0;
  const double wanted = kAim * seconds_ / std::fmax(too_long ? run.longest_divisible : run.longest, 1e-6);
  work_ = std::fmax(kLeastWork, work_ * std::clamp(wanted, 1 / kMostChange, kMostChange));
  return true;
}

}  // namespace tuff
