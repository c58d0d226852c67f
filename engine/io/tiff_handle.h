// libtiff on a stream or in memory, with its messages kept instead of printed. Not for other folders.
#pragma once

#include <tiffio.h>

#include <cstddef>
#include <filesystem>
#include <memory>
#include <span>
#include <string>
#include <vector>

namespace tuff {

class TiffHandle {
 public:
  static TiffHandle open(const std::filesystem::path& path);
  static TiffHandle open(std::span<const std::byte> bytes, const std::string& source);
  // Writes into `bytes`, which must outlive the handle; `big`: BigTIFF.
  static TiffHandle create(std::vector<std::byte>& bytes, bool big);
  TiffHandle(TiffHandle&&) noexcept;
  ~TiffHandle();

  TIFF* get() const;
  std::uint64_t file_bytes() const;
  const std::string& source() const;
  bool failed() const;  // libtiff has reported an error
  // Error with libtiff's last message, or `reason` where it said nothing.
  [[noreturn]] void refuse(const std::string& reason) const;

 private:
  struct State;
  explicit TiffHandle(std::unique_ptr<State> state);
  std::unique_ptr<State> state_;
};

}  // namespace tuff
