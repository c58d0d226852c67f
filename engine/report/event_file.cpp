#include "report/event_file.h"

#include <fmt/format.h>

#include <chrono>
#include <fstream>

#include "base/error.h"
#include "io/png.h"
#include "onnx/wire.h"
#include "report/encoding.h"

namespace tuff {
namespace {

using onnx::WireWriter;

constexpr double kFlushSeconds = 5;

double system_seconds() {
  return std::chrono::duration<double>(std::chrono::system_clock::now().time_since_epoch()).count();
}

template <class Number>
std::string little_endian(Number value) {
  std::string bytes;
  for (std::size_t i = 0; i < sizeof(value); ++i) bytes += static_cast<char>(value >> (8 * i) & 255);
  return bytes;
}

// So that a record that holds records has other checksums than they.
std::uint32_t masked(std::uint32_t checksum) {
  return (checksum >> 15 | checksum << 17) + 0xa282ead8u;
}

WireWriter event(double seconds, std::int64_t step) {
  WireWriter message;
  message.float64(1, seconds);
  if (step != 0) message.varint(2, step);
  return message;
}

// An event of one value.
WireWriter summary_event(double seconds, std::int64_t step, const WireWriter& value) {
  WireWriter summary, message = event(seconds, step);
  summary.message(1, value);
  message.message(5, summary);
  return message;
}

}  // namespace

EventFile::EventFile(const std::filesystem::path& folder, std::int64_t steps_done, Clock clock)
    : path_(folder / fmt::format("events.out.tfevents.{:010}.tuff", steps_done)),
      clock_(clock ? std::move(clock) : Clock(system_seconds)) {
  std::filesystem::create_directories(folder);
  std::filesystem::remove(path_);
  WireWriter version = event(clock_(), 0);
  version.bytes(3, "brain.Event:2");
  add(version.str());
  if (steps_done > 0) {
    WireWriter start, session = event(clock_(), steps_done + 1);
    start.varint(1, 1);  // SessionLog::START
    session.message(7, start);
    add(session.str());
  }
  flush();
}

void EventFile::scalar(std::string_view tag, std::int64_t step, double value) {
  WireWriter written;
  written.bytes(1, tag);
  written.float32(2, static_cast<float>(value));
  add(summary_event(clock_(), step, written).str());
}

void EventFile::picture(std::string_view tag, std::int64_t step, const Image& image) {
  const std::vector<std::byte> png = serialize_png(image);
  WireWriter picture, written;
  picture.varint(1, image.height);
  picture.varint(2, image.width);
  picture.varint(3, image.channels);  // 1: grey, 3: RGB
  picture.bytes(4, {reinterpret_cast<const char*>(png.data()), png.size()});
  written.bytes(1, tag);
  written.message(4, picture);
  add(summary_event(clock_(), step, written).str());
}

void EventFile::add(std::string_view event) {
  const std::string length = little_endian<std::uint64_t>(event.size());
  pending_ += length + little_endian(masked(crc32c(length)));
  pending_ += event;
  pending_ += little_endian(masked(crc32c(event)));
}

void EventFile::flush() {
  std::ofstream file(path_, std::ios::binary | std::ios::app);
  file << pending_;
  file.close();
  if (!file) throw Error(fmt::format("{}: can't be written; is the disk full?", path_.string()));
  pending_.clear();
  flushed_ = clock_();
}

void EventFile::flush_sometimes() {
  if (clock_() - flushed_ > kFlushSeconds) flush();
}

}  // namespace tuff
