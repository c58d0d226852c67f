#include "tasks/confusion.h"

#include <numeric>

namespace tuff {
namespace {

double share(std::int64_t part, std::int64_t whole) {
  return whole == 0 ? 0 : static_cast<double>(part) / static_cast<double>(whole);
}

}  // namespace

std::int64_t Confusion::of_class(std::int64_t truth) const {
  std::int64_t sum = 0;
  for (std::int64_t c = 0; c < classes_; ++c) sum += count(truth, c);
  return sum;
}

std::int64_t Confusion::taken_for(std::int64_t predicted) const {
  std::int64_t sum = 0;
  for (std::int64_t c = 0; c < classes_; ++c) sum += count(c, predicted);
  return sum;
}

std::int64_t Confusion::all() const {
  return std::accumulate(counts_.begin(), counts_.end(), std::int64_t{0});
}

double Confusion::accuracy() const {
  std::int64_t right = 0;
  for (std::int64_t c = 0; c < classes_; ++c) right += count(c, c);
  return share(right, all());
}

double Confusion::recall(std::int64_t index) const {
  return share(count(index, index), of_class(index));
}

double Confusion::precision(std::int64_t index) const {
  return share(count(index, index), taken_for(index));
}

double Confusion::f1(std::int64_t index) const {
  return share(2 * count(index, index), of_class(index) + taken_for(index));
}

double Confusion::balanced_accuracy() const {
  double sum = 0;
  std::int64_t present = 0;
  for (std::int64_t c = 0; c < classes_; ++c) {
    if (of_class(c) == 0) continue;
    sum += recall(c);
    ++present;
  }
  return present == 0 ? 0 : sum / static_cast<double>(present);
}

}  // namespace tuff
