// How often images, pixels or signals of each class are taken for each class, and the scores that follow.
#pragma once

#include <cstdint>
#include <vector>

namespace tuff {

class Confusion {
 public:
  explicit Confusion(std::int64_t classes) : classes_(classes), counts_(static_cast<std::size_t>(classes * classes)) {}

  void add(std::int32_t truth, std::int32_t predicted) {
    ++counts_[static_cast<std::size_t>(truth * classes_ + predicted)];
  }

  std::int64_t classes() const { return classes_; }
  std::int64_t count(std::int64_t truth, std::int64_t predicted) const {
    return counts_[static_cast<std::size_t>(truth * classes_ + predicted)];
  }
  std::int64_t of_class(std::int64_t truth) const;
  std::int64_t taken_for(std::int64_t predicted) const;
  std::int64_t all() const;

  // Shares; 0 where there is nothing to take a share of.
  double accuracy() const;
  double recall(std::int64_t index) const;
  double precision(std::int64_t index) const;
  double f1(std::int64_t index) const;
  double balanced_accuracy() const;  // mean recall of the classes that there are

 private:
  std::int64_t classes_;
  std::vector<std::int64_t> counts_;  // truth by prediction
};

}  // namespace tuff
