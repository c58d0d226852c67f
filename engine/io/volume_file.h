// Volumes whose numbers lie plainly behind a header, x fastest, then y, then planes: what MRC and NIfTI have in common.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "io/array.h"
#include "io/byte_stream.h"
#include "io/image.h"
#include "io/tiff_axes.h"

namespace tuff {

// What a header says.
struct VolumeFile {
  Image image;      // without pixels
  PageOrder order;  // of the planes in the file
  ElementType type = ElementType::f32;
  bool swapped = false;     // bytes of a number in the order that isn't this machine's
  std::int64_t offset = 0;  // of the first number
  double slope = 1;         // a pixel is number * slope + intercept
  double intercept = 0;
};

// A field of a header.
template <class T>
T read_field(std::span<const std::byte> header, std::size_t offset, bool swapped) {
  std::byte bytes[sizeof(T)];
  std::copy_n(header.begin() + static_cast<std::ptrdiff_t>(offset), sizeof(T), bytes);
  if (swapped) std::reverse(bytes, bytes + sizeof(T));
  T value;
  std::memcpy(&value, bytes, sizeof(T));
  return value;
}

template <class T>
void write_field(std::span<std::byte> header, std::size_t offset, T value) {
  std::memcpy(header.data() + offset, &value, sizeof(T));
}

// Sets the axes above Y, X. `file`: how many planes there are and what they are, unless the user's `axes` say it.
// Error where the stream is too short for them, before anything is allocated.
void set_planes(VolumeFile& volume, const ByteStream& stream, const TiffDescription& file, std::string_view axes);

// Sample and bits of what is stored.
void describe_samples(ImageInfo& info, ElementType type);
// How an image's values are stored: as its info says, or in the next wider type.
ElementType stored_type(const ImageInfo& info);

// The pixels, of all planes or one. `stream` stands behind the header.
Image read_planes(ByteStream& stream, const VolumeFile& volume, std::int64_t plane);

// Appends values as `type`, rounded and clamped; bytes in this machine's order.
void append_samples(std::vector<std::byte>& bytes, ElementType type, std::span<const float> values);

// How many of `wanted` ("um", "nm", "mm") a `unit` is; 0 where either is no length.
double unit_factor(const std::string& unit, const std::string& wanted);

}  // namespace tuff
