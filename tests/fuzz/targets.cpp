#include "fuzz/targets.h"

#include <zlib.h>

#include <cstdlib>
#include <cstring>

#include "base/error.h"
#include "io/idx.h"
#include "io/image.h"
#include "io/mrc.h"
#include "io/nifti.h"
#include "io/npy.h"
#include "io/npz.h"
#include "io/png.h"
#include "io/safetensors.h"
#include "io/tiff.h"
#include "onnx/import.h"
#include "onnx/serialize.h"

namespace tuff::fuzz {
namespace {

// Not assert: it must hold in every build.
void require(bool holds) {
  if (!holds) std::abort();
}

template <class Action>
void refuses_or_returns(Action&& action) {
  try {
    action();
  } catch (const Error& error) {
    const std::string_view text = error.what();
    require(!text.empty() && text.find('\n') == std::string_view::npos);  // one clear line
  }
}

void check_image(const Image& image) {
  require(image.height > 0 && image.width > 0);
  const std::int64_t pixels = image.frames * image.channels * image.depth * image.height * image.width;
  require(static_cast<std::int64_t>(image.values.size()) == pixels);
}

void run_png(Bytes bytes) {
  const std::vector<std::byte> repaired = with_right_checksums(bytes);
  for (const Bytes variant : {bytes, Bytes(repaired)}) {
    refuses_or_returns([&] { check_image(parse_image(variant, "input")); });
    refuses_or_returns([&] { check_image(parse_mask(variant, "input")); });
  }
}

void run_tiff(Bytes bytes) {
  refuses_or_returns([&] { check_image(parse_tiff(bytes, "input")); });
  refuses_or_returns([&] { check_image(parse_tiff(bytes, "input", "ZYX", TiffValues::labels)); });
}

void run_mrc(Bytes bytes) {
  refuses_or_returns([&] { check_image(parse_mrc(bytes, "input")); });
  refuses_or_returns([&] { check_image(parse_mrc(bytes, "input", "TYX", 0)); });
}

void run_nifti(Bytes bytes) {
  refuses_or_returns([&] { check_image(parse_nifti(bytes, "input")); });
  refuses_or_returns([&] { check_image(parse_nifti(bytes, "input", "CZYX", 0)); });
}

void run_safetensors(Bytes bytes) {
  refuses_or_returns([&] {
    const SafeTensors file = parse_safetensors(bytes, "input");
    for (const StoredTensor& tensor : file.tensors) refuses_or_returns([&] { tensor.tensor(); });
    const SafeTensors again = parse_safetensors(serialize_safetensors(file), "again");
    require(again.tensors.size() == file.tensors.size() && again.metadata == file.metadata);
  });
}

void check_array(const Array& array) {
  require(array.data.size() == static_cast<std::size_t>(array.elements()) * size_of(array.type));
}

void run_npy(Bytes bytes) {
  refuses_or_returns([&] { check_array(parse_npy_array(bytes, "input")); });
  refuses_or_returns([&] {
    const HostTensor tensor = parse_npy(bytes, "input");
    require(tensor.data.size() == static_cast<std::size_t>(tensor.shape.elements()) * size_of(tensor.dtype));
  });
}

void run_npz(Bytes bytes) {
  refuses_or_returns([&] {
    for (const NamedArray& member : parse_npz(bytes, "input")) check_array(member.array);
  });
}

// Every input with its declared shape, unknown dimensions as 2.
std::vector<onnx::Feed> feeds_of(const onnx::Model& model) {
  std::vector<onnx::Feed> feeds;
  for (const onnx::Port& port : model.free_inputs()) {
    onnx::Feed feed{.name = port.name};
    if (port.shape)
      for (const onnx::Dimension& dimension : *port.shape) feed.shape.push_back(dimension.extent.value_or(2));
    feeds.push_back(std::move(feed));
  }
  return feeds;
}

void run_onnx(Bytes bytes) {
  refuses_or_returns([&] {
    const onnx::Model model = onnx::parse(bytes);
    refuses_or_returns([&] {
      const std::string written = onnx::serialize_model(model);
      onnx::parse(std::as_bytes(std::span(written)));
    });
    onnx::import_model(model, feeds_of(model));
  });
}

void run_idx(Bytes bytes) {
  refuses_or_returns([&] {
    const IdxImages images = parse_idx(bytes, "input");
    require(static_cast<std::int64_t>(images.values.size()) == images.count * images.height * images.width);
  });
  refuses_or_returns([&] { require(!parse_idx_labels(bytes, "input").empty()); });
}

std::uint32_t big_endian(Bytes bytes, std::size_t at) {
  std::uint32_t value = 0;
  for (std::size_t i = 0; i < 4; ++i) value = value << 8 | std::to_integer<std::uint32_t>(bytes[at + i]);
  return value;
}

}  // namespace

std::vector<std::byte> with_right_checksums(Bytes bytes) {
  std::vector<std::byte> repaired(bytes.begin(), bytes.end());
  if (!is_png(bytes)) return repaired;
  // Chunks: length, type, data, checksum of type and data.
  for (std::size_t at = 8; at + 12 <= repaired.size();) {
    const std::size_t length = big_endian(repaired, at);
    if (length > repaired.size() - at - 12) break;
    const auto* type = reinterpret_cast<const Bytef*>(repaired.data() + at + 4);
    const uLong sum = crc32(0, type, static_cast<uInt>(length + 4));
    for (std::size_t i = 0; i < 4; ++i)
      repaired[at + 8 + length + i] = static_cast<std::byte>(sum >> (24 - 8 * i) & 255);
    at += length + 12;
  }
  return repaired;
}

std::span<const Target> targets() {
  static constexpr Target kTargets[] = {
      {"idx", run_idx},   {"mrc", run_mrc},   {"nifti", run_nifti}, {"npy", run_npy},
      {"npz", run_npz},   {"onnx", run_onnx}, {"png", run_png},     {"safetensors", run_safetensors},
      {"tiff", run_tiff},
  };
  return kTargets;
}

}  // namespace tuff::fuzz
