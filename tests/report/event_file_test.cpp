// Event files byte by byte: records whose lengths and checksums fit, and what their messages say.
#include "report/event_file.h"

#include <doctest/doctest.h>
#include <fmt/format.h>

#include <cstring>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "base/os.h"
#include "io/png.h"
#include "onnx/wire.h"
#include "report/encoding.h"
#include "support/files.h"

namespace tuff::test {
namespace {

struct Event {
  double seconds = 0;
  std::int64_t step = 0;
  std::string version, tag;
  std::optional<float> scalar;
  std::string png;
  std::int64_t width = 0;
  bool restarts = false;
};

void read_value(onnx::WireReader value, Event& event) {
  while (value.next()) switch (value.field()) {
      case 1: event.tag = value.text(); break;
      case 2: event.scalar = value.float32(); break;
      case 4:
        for (onnx::WireReader image = value.message(); image.next();) switch (image.field()) {
            case 2: event.width = image.integer(); break;
            case 4: event.png = image.text(); break;
            default: image.skip();
          }
        break;
      default: value.skip();
    }
}

Event read_event(std::string_view bytes) {
  static const std::string kSource = "event";
  Event event;
  onnx::WireReader message(std::as_bytes(std::span(bytes)), kSource);
  while (message.next()) switch (message.field()) {
      case 1: event.seconds = message.float64(); break;
      case 2: event.step = message.integer(); break;
      case 3: event.version = message.text(); break;
      case 5:
        for (onnx::WireReader summary = message.message(); summary.next();) read_value(summary.message(), event);
        break;
      case 7:
        for (onnx::WireReader session = message.message(); session.next();) event.restarts = session.integer() == 1;
        break;
      default: message.skip();
    }
  return event;
}

template <class Number>
Number number_at(const std::string& bytes, std::size_t at) {
  Number number{};
  REQUIRE(at + sizeof(number) <= bytes.size());
  std::memcpy(&number, bytes.data() + at, sizeof(number));
  return number;
}

std::uint32_t masked(std::uint32_t checksum) {
  return ((checksum >> 15) | (checksum << 17)) + 0xa282ead8u;
}

std::vector<Event> read_events(const std::filesystem::path& file) {
  const std::vector<std::byte> raw = os::read_file(file);
  const std::string bytes(reinterpret_cast<const char*>(raw.data()), raw.size());
  std::vector<Event> events;
  for (std::size_t at = 0; at < bytes.size();) {
    const auto length = number_at<std::uint64_t>(bytes, at);
    REQUIRE(at + 16 + length <= bytes.size());
    CHECK(number_at<std::uint32_t>(bytes, at + 8) == masked(crc32c(std::string_view(bytes).substr(at, 8))));
    const auto data = std::string_view(bytes).substr(at + 12, length);
    CHECK(number_at<std::uint32_t>(bytes, at + 12 + length) == masked(crc32c(data)));
    events.push_back(read_event(data));
    at += 16 + length;
  }
  return events;
}

EventFile::Clock ticking() {
  return [seconds = 1e9]() mutable { return seconds += 0.5; };
}

}  // namespace

TEST_CASE("event files: numbers and pictures come back, in records whose checksums fit") {
  const TemporaryFolder folder;
  EventFile file(folder.path(), 0, ticking());
  CHECK(file.path().filename() == "events.out.tfevents.0000000000.tuff");
  file.scalar("train/loss", 1, 0.25);
  file.scalar("train/loss", 300, -1e-3);
  Image image = random_image(3, 5, 7);
  file.picture("sample/image", 300, image);
  CHECK(read_events(file.path()).size() == 1);  // the rest waits
  file.flush();
  const std::vector<Event> events = read_events(file.path());
  REQUIRE(events.size() == 4);
  CHECK(events[0].version == "brain.Event:2");
  CHECK(events[0].seconds > 1e9);
  CHECK(events[1].tag == "train/loss");
  CHECK(events[1].step == 1);
  CHECK(events[1].scalar == 0.25f);
  CHECK(events[2].step == 300);
  CHECK(events[2].scalar == -1e-3f);
  CHECK(events[3].tag == "sample/image");
  CHECK(events[3].width == 7);
  const std::vector<std::byte> png = serialize_png(image);
  CHECK(events[3].png == std::string(reinterpret_cast<const char*>(png.data()), png.size()));
}

TEST_CASE("event files: the first record's bytes are those that TensorFlow's writer gives") {
  const TemporaryFolder folder;
  const EventFile file(folder.path(), 0, [] { return 1.5; });
  const std::vector<std::byte> bytes = os::read_file(file.path());
  std::string hexadecimal;
  for (const std::byte byte : bytes) hexadecimal += fmt::format("{:02x}", std::to_integer<int>(byte));
  CHECK(hexadecimal == "1800000000000000a37f4b2209000000000000f83f1a0d627261696e2e4576656e743a322a28646c");
}

TEST_CASE("event files: a run that goes on has a file of its own and takes back what came later") {
  const TemporaryFolder folder;
  EventFile first(folder.path(), 0, ticking());
  first.scalar("a", 100, 1);
  first.flush();
  {
    EventFile second(folder.path(), 40, ticking());
    second.scalar("a", 41, 2);
    second.flush();
    CHECK(first.path().filename() < second.path().filename());
  }
  // Once more from there: anew.
  EventFile again(folder.path(), 40, ticking());
  const std::vector<Event> events = read_events(again.path());
  REQUIRE(events.size() == 2);
  CHECK(events[1].restarts);
  CHECK(events[1].step == 41);
  CHECK(read_events(first.path()).size() == 2);
}

}  // namespace tuff::test
