// Images and windows as ONNX's convolutions and pools have them; for their rows.
#pragma once
#include <vector>

#include "converter/onnx_node.h"

namespace wxnn {

// An image [N,H,W,C] of ours from [N,C,H,W] or, with a height of 1, [N,C,W].
struct OnnxImage {
  int value = kAbsent;
  bool is_line = false;
};

Status take_image(OnnxNode& n, size_t i, OnnxImage* image);
Status give_image(OnnxNode& n, const OnnxImage& like, int y);
// One number per spatial axis, as two: height and width.
Status two(const std::vector<double>& list, bool is_line, double otherwise,
           std::vector<double>* both);

struct OnnxSliding {
  std::vector<double> kernel, strides, dilations;
  std::vector<double> pads;  // top, bottom, left, right
  std::string name;          // "same" or "valid" where the numbers say nothing
};

// What SAME pads altogether.
double same_total(double in, double kernel, double stride, double dilation);
Status read_sliding(OnnxNode& n, const OnnxImage& image, const std::vector<double>& kernel,
                    OnnxSliding* s);
Setting pad_setting(const OnnxSliding& s);

}  // namespace wxnn
