#include "converter/onnx_image.h"

#include <algorithm>
#include <cmath>

namespace wxnn {

Status take_image(OnnxNode& n, size_t i, OnnxImage* image) {
  Shape shape;
  WXNN_TRY(n.shape(i, &shape));
  const int rank = shape.rank();
  WXNN_CHECK(rank == 3 || rank == 4,
             "its input is {}; only one or two spatial dimensions are supported", shape);
  image->is_line = rank == 3;
  WXNN_TRY(n.in(i, channels_last(rank), &image->value));
  if (!image->is_line) return {};
  return n.reshape(image->value, {shape[0], 1, shape[2], shape[1]}, &image->value);
}

Status give_image(OnnxNode& n, const OnnxImage& like, int y) {
  if (!like.is_line) return n.out(0, y, channels_last(4));
  const Shape s = n.b.shape(y);
  WXNN_TRY(n.reshape(y, {s[0], s[2], s[3]}, &y));
  return n.out(0, y, channels_last(3));
}

Status two(const std::vector<double>& list, bool is_line, double otherwise,
           std::vector<double>* both) {
  *both = list;
  if (list.empty()) both->assign(is_line ? 1 : 2, otherwise);
  WXNN_CHECK(both->size() == (is_line ? 1 : 2), "has {} numbers for its spatial dimensions",
             both->size());
  if (is_line) both->insert(both->begin(), otherwise);
  return {};
}

double same_total(double in, double kernel, double stride, double dilation) {
  const double out = std::ceil(in / stride);
  return std::max((out - 1) * stride + (kernel - 1) * dilation + 1 - in, 0.0);
}

namespace {

Status read_pads(OnnxNode& n, const OnnxImage& image, OnnxSliding* s) {
  const std::string mode = n.text("auto_pad", "NOTSET");
  std::vector<double> pads = n.list("pads");
  const size_t axes = image.is_line ? 1 : 2;
  if (pads.empty() || mode != "NOTSET") pads.assign(2 * axes, 0);
  WXNN_CHECK(pads.size() == 2 * axes, "pads has {} numbers", pads.size());
  for (const double p : pads)
    WXNN_CHECK(p >= 0, "pads has a negative number, which is not supported");
  if (image.is_line) pads = {0, pads[0], 0, pads[1]};
  s->pads = {pads[0], pads[2], pads[1], pads[3]};
  if (mode == "SAME_UPPER") s->name = "same";
  if (mode == "SAME_LOWER") {
    const Shape shape = n.b.shape(image.value);
    for (int axis = 0; axis < 2; ++axis) {
      const double total =
          same_total(shape[1 + axis], s->kernel[axis], s->strides[axis], s->dilations[axis]);
      s->pads[2 * axis] = std::ceil(total / 2);
      s->pads[2 * axis + 1] = std::floor(total / 2);
    }
  } else {
    const bool known = mode == "NOTSET" || mode == "VALID" || mode == "SAME_UPPER";
    WXNN_CHECK(known, "auto_pad \"{}\" is not known", mode);
  }
  const bool none = std::ranges::all_of(s->pads, [](double p) { return p == 0; });
  if (s->name.empty() && none) s->name = "valid";
  return {};
}

}  // namespace

Status read_sliding(OnnxNode& n, const OnnxImage& image, const std::vector<double>& kernel,
                    OnnxSliding* s) {
  WXNN_TRY(two(kernel, image.is_line, 1, &s->kernel));
  WXNN_TRY(two(n.list("strides"), image.is_line, 1, &s->strides));
  WXNN_TRY(two(n.list("dilations"), image.is_line, 1, &s->dilations));
  for (int i = 0; i < 2; ++i) {
    const bool good = s->kernel[i] > 0 && s->strides[i] > 0 && s->dilations[i] > 0;
    WXNN_CHECK(good, "has a kernel, stride or dilation that is not positive");
  }
  return read_pads(n, image, s);
}

Setting pad_setting(const OnnxSliding& s) {
  return s.name.empty() ? Setting("pad", s.pads) : Setting("pad", std::string_view(s.name));
}

}  // namespace wxnn
