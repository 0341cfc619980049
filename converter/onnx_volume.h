// Convolutions of three spatial dimensions, and transposed ones in groups: for the rows of Conv and
// ConvTranspose.
#pragma once
#include <vector>

#include "converter/onnx_image.h"

namespace wxnn {

Status conv_volume(OnnxNode& n);
Status conv_transpose_volume(OnnxNode& n);

// Of an image [N,H,W,C]: per axis the kernel, strides, dilations, what is cut off in front, and the
// length that comes out.
struct GroupedTransposed {
  OnnxImage like;
  int x = kAbsent, filter = kAbsent, bias = kAbsent;  // filter: [in, out of a group, H, W]
  int group = 1;
  std::vector<double> kernel, strides, dilations, before, out;
};
Status conv_transpose_groups(OnnxNode& n, const GroupedTransposed& t);

}  // namespace wxnn
