// Which input pixels an output pixel depends on: as the network's layers say, and as the gradient of single output
// pixels shows on a device.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "onnx/import.h"
#include "train/network.h"
#include "vulkan/device.h"

namespace tuff {

// A network of one image in and one image out, and the input's and output's extents without N and C.
struct FieldSubject {
  onnx::Imported net;
  std::string title;              // "unet"
  std::vector<NetworkAxis> axes;  // of each spatial axis what the layers say; empty: nothing is known
  std::int64_t scale = 1;         // Network::scale
  std::string whole_image;        // why all of the image counts; empty where it doesn't
  std::vector<std::int64_t> input, output;
};

// A run or model file of tuff, or an ONNX file. `side` is that of the input; 0: for tuff's networks large enough that
// fields don't reach the border, for others what the file says or 128. Error where the model can't take it, or gives
// no image for an image.
FieldSubject field_subject(const std::string& model, std::int64_t side);

// Along one axis, of all output pixels that were tried.
struct FieldExtent {
  std::int64_t pixels = 0;  // the most input pixels from the first to the last that one of them depends on
  std::int64_t reach = 0;   // the farthest of them from the output pixel's place
  bool clipped = false;     // one was at the input's border, and more might lie beyond
  bool operator==(const FieldExtent&) const = default;
};

struct MeasuredField {
  std::vector<FieldExtent> axes;
  std::vector<double> stride;  // input pixels from one output pixel's field to the next one's
  // Absolute gradient of the first output pixel tried, summed over channels, of volumes also over slices; height x
  // width of the input.
  std::vector<float> effective;
  std::vector<std::int64_t> place;  // of that output pixel in the input
};

// `structure`: with all weights positive and maxima replaced by means, so that nothing cancels: every pixel that could
// matter does. Else of one output pixel with the weights as they are, on an image of noise.
MeasuredField measure_field(const FieldSubject& subject, bool structure, Device& device);

// The farthest that the layers say an axis sees; 0 where they say nothing.
std::int64_t declared_reach(const FieldSubject& subject, std::size_t axis);

// `tuff explain --receptive-field`. `picture`: PNG of the effective field; empty: none. Error where the gradient
// reaches farther than the layers say.
void explain_field(const std::string& model, std::int64_t side, const std::string& picture,
                   const std::function<Device&()>& device);

}  // namespace tuff
