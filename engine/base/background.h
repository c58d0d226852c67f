// Work beside the caller's: what is needed next is made ahead, what is done with goes its way. In order, on one thread
// each, so that results and their order don't depend on it.
#pragma once

#include <condition_variable>
#include <cstddef>
#include <deque>
#include <exception>
#include <functional>
#include <mutex>
#include <optional>
#include <thread>
#include <utility>

namespace tuff {

// Runs functions in the order in which they were added.
class Background {
 public:
  // `room`: functions that may wait; add() waits where so many do.
  explicit Background(std::size_t room) : room_(room), thread_([this] { run(); }) {}
  ~Background();  // drops those that wait
  Background(const Background&) = delete;
  Background& operator=(const Background&) = delete;

  // Rethrows what a function threw; those after it don't run.
  void add(std::function<void()> work);
  // Waits until all are done; rethrows as add().
  void finish();

 private:
  void run();

  const std::size_t room_;
  std::mutex mutex_;
  std::condition_variable changed_;
  std::deque<std::function<void()>> waiting_;
  bool busy_ = false, stopping_ = false;
  std::exception_ptr error_;
  std::thread thread_;  // the last member: it uses all others
};

// What `make` gives, one after the other, made before it is asked for.
template <typename T>
class Ahead {
 public:
  // `make` is called on a thread of its own until it gives nothing or throws; at most `room` results wait.
  Ahead(std::function<std::optional<T>()> make, std::size_t room)
      : make_(std::move(make)), room_(room), thread_([this] { run(); }) {}

  ~Ahead() {
    {
      const std::lock_guard lock(mutex_);
      stopping_ = true;
    }
    changed_.notify_all();
    thread_.join();
  }
  Ahead(const Ahead&) = delete;
  Ahead& operator=(const Ahead&) = delete;

  // The next one; nothing after the last. Rethrows, in its place, what `make` threw.
  std::optional<T> next() {
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [&] { return ended_ || !results_.empty(); });
    if (results_.empty()) {
      if (error_) std::rethrow_exception(error_);
      return std::nullopt;
    }
    std::optional<T> result = std::move(results_.front());
    results_.pop_front();
    changed_.notify_all();
    return result;
  }

 private:
  void run() {
    std::unique_lock lock(mutex_);
    while (true) {
      changed_.wait(lock, [&] { return stopping_ || results_.size() < room_; });
      if (stopping_) break;
      lock.unlock();
      std::optional<T> result;
      std::exception_ptr error;
      try {
        result = make_();
      } catch (...) {
        error = std::current_exception();
      }
      lock.lock();
      error_ = error;
      if (error || !result) break;  // GCC 12 takes the last result for one where make() threw
      results_.push_back(std::move(*result));
      changed_.notify_all();
    }
    ended_ = true;
    changed_.notify_all();
  }

  const std::function<std::optional<T>()> make_;
  const std::size_t room_;
  std::mutex mutex_;
  std::condition_variable changed_;
  std::deque<T> results_;
  std::exception_ptr error_;
  bool stopping_ = false, ended_ = false;
  std::thread thread_;  // the last member: it uses all others
};

}  // namespace tuff
