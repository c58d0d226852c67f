#include "runtime/submissions.h"

#include <cmath>
#include <limits>

namespace tuff {

namespace {

constexpr int kMostRuns = 6;      // measured; a dispatch that can't be cut may stay too long
constexpr double kAim = 0.7;      // of the seconds allowed
constexpr double kWorthMore = 3;  // times as long as a submission takes may be allowed before it is given more work
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
bool SubmissionBudget::correct(double longest_seconds, std::size_t submissions) {
  ++runs_;
  const bool too_long = longest_seconds > seconds_;
  const bool could_be_longer = submissions > 1 && longest_seconds * kWorthMore < seconds_;
  if (!too_long && runs_ < 2) return false;
  if (!too_long && !could_be_longer) settled_ = true;
  if (settled_) return false;
  work_ = std::fmax(kLeastWork, work_ * kAim * seconds_ / std::fmax(longest_seconds, 1e-6));
  return true;
}

}  // namespace tuff
