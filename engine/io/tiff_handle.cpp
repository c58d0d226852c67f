#include "io/tiff_handle.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstdarg>
#include <cstdio>
#include <cstring>
#include <fstream>

#include "base/error.h"

namespace tuff {

// One of `stream`, `memory`, `output` is what libtiff reads or writes.
struct TiffHandle::State {
  std::string source;
  std::ifstream stream;
  std::span<const std::byte> memory;
  std::vector<std::byte>* output = nullptr;
  std::uint64_t bytes = 0;  // of the file
  std::uint64_t position = 0;
  std::string message;
  TIFF* tiff = nullptr;

  ~State() {
    if (tiff != nullptr) TIFFClose(tiff);
  }

  tmsize_t read(void* to, std::uint64_t count);
  tmsize_t write(const void* from, std::uint64_t count);
  std::uint64_t seek(std::int64_t offset, int origin);
  void open(const char* mode);
};

namespace {

int keep_error(TIFF*, void* user, const char*, const char* format, std::va_list arguments) {
  char text[512];
  std::vsnprintf(text, sizeof(text), format, arguments);
  std::string& message = *static_cast<std::string*>(user);
  if (message.empty()) message = text;  // the first one is the cause
  return 1;
}

int drop_warning(TIFF*, void*, const char*, const char*, std::va_list) {
  return 1;
}

}  // namespace

tmsize_t TiffHandle::State::read(void* to, std::uint64_t count) {
  if (position >= bytes) return 0;
  count = std::min(count, bytes - position);
  if (memory.data() != nullptr) {
    std::memcpy(to, memory.data() + position, count);
  } else if (output != nullptr) {
    std::memcpy(to, output->data() + position, count);
  } else {
    stream.clear();
    stream.seekg(static_cast<std::streamoff>(position));
    stream.read(static_cast<char*>(to), static_cast<std::streamsize>(count));
    count = static_cast<std::uint64_t>(stream.gcount());
  }
  position += count;
  return static_cast<tmsize_t>(count);
}

tmsize_t TiffHandle::State::write(const void* from, std::uint64_t count) {
  if (output == nullptr) return -1;
  if (output->size() < position + count) output->resize(position + count);
  std::memcpy(output->data() + position, from, count);
  position += count;
  bytes = output->size();
  return static_cast<tmsize_t>(count);
}

std::uint64_t TiffHandle::State::seek(std::int64_t offset, int origin) {
  const std::uint64_t base = origin == SEEK_SET ? 0 : origin == SEEK_CUR ? position : bytes;
  position = base + static_cast<std::uint64_t>(offset);
  return position;
}

void TiffHandle::State::open(const char* mode) {
  constexpr tmsize_t kRoomForTags = tmsize_t{256} << 20;
  const std::unique_ptr<TIFFOpenOptions, decltype(&TIFFOpenOptionsFree)> options(TIFFOpenOptionsAlloc(),
                                                                                 &TIFFOpenOptionsFree);
  TIFFOpenOptionsSetMaxSingleMemAlloc(options.get(), kRoomForTags + static_cast<tmsize_t>(bytes));
  TIFFOpenOptionsSetErrorHandlerExtR(options.get(), keep_error, &message);
  TIFFOpenOptionsSetWarningHandlerExtR(options.get(), drop_warning, nullptr);
  tiff = TIFFClientOpenExt(
      source.c_str(), mode, this,
      [](thandle_t handle, void* to, tmsize_t count) {
        return static_cast<State*>(handle)->read(to, static_cast<std::uint64_t>(count));
      },
      [](thandle_t handle, void* from, tmsize_t count) {
        return static_cast<State*>(handle)->write(from, static_cast<std::uint64_t>(count));
      },
      [](thandle_t handle, toff_t offset, int origin) {
        return static_cast<State*>(handle)->seek(static_cast<std::int64_t>(offset), origin);
      },
      [](thandle_t) { return 0; }, [](thandle_t handle) { return static_cast<State*>(handle)->bytes; }, nullptr,
      nullptr, options.get());
}

TiffHandle::TiffHandle(std::unique_ptr<State> state) : state_(std::move(state)) {
  if (state_->tiff == nullptr) refuse("its header is not understood");
}

TiffHandle::TiffHandle(TiffHandle&&) noexcept = default;
TiffHandle::~TiffHandle() = default;

TiffHandle TiffHandle::open(const std::filesystem::path& path) {
  auto state = std::make_unique<State>();
  state->source = path.string();
  state->stream.open(path, std::ios::binary | std::ios::ate);
  if (!state->stream) throw Error(fmt::format("{}: can't be opened for reading", path.string()));
  state->bytes = static_cast<std::uint64_t>(state->stream.tellg());
  state->open("rm");
  return TiffHandle(std::move(state));
}

TiffHandle TiffHandle::open(std::span<const std::byte> bytes, const std::string& source) {
  auto state = std::make_unique<State>();
  state->source = source;
  state->memory = bytes;
  state->bytes = bytes.size();
  state->open("rm");
  return TiffHandle(std::move(state));
}

TiffHandle TiffHandle::create(std::vector<std::byte>& bytes, bool big) {
  auto state = std::make_unique<State>();
  state->source = "TIFF";
  state->output = &bytes;
  state->open(big ? "w8m" : "wm");
  return TiffHandle(std::move(state));
}

TIFF* TiffHandle::get() const {
  return state_->tiff;
}
std::uint64_t TiffHandle::file_bytes() const {
  return state_->bytes;
}
const std::string& TiffHandle::source() const {
  return state_->source;
}
bool TiffHandle::failed() const {
  return !state_->message.empty();
}

void TiffHandle::refuse(const std::string& reason) const {
  std::string text = state_->message.empty() ? reason : state_->message;
  std::ranges::replace(text, '\n', ' ');
  while (text.ends_with('.')) text.pop_back();
  throw Error(fmt::format("{}: TIFF can't be read: {}; copy or export it again", state_->source, text));
}

}  // namespace tuff
