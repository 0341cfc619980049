// A 1x1 convolution of an enlarged picture: the convolution goes first, over fewer pixels, and its
// result is enlarged. Both are linear and the weights of bilinear sampling add up to 1, so that
// only the rounding changes.
#include "ops/conv2d.h"
#include "passes/conv_node.h"

namespace wxnn {

namespace {

Status conv_before_resize(Match& match, bool* changed) {
  for (const char name : {'x', 'r', 'y', 'W'}) {
    const Shape& s = match.type(name).shape;
    if (!s.is_known() || s.rank() != 4) return {};
  }
  const Node& conv = match.node('y');
  const Filter f = filter_of(conv.attrs, match.type('W').shape);
  const Shape &x = match.type('x').shape, &r = match.type('r').shape;
  Shape y = match.type('y').shape;
  if (!is_linear(conv) || has_input(conv, 3) || !is_one(conv, "strides")) return {};
  if (f.height * f.width != 1 || f.in != x[3] || f.out > f.in) return {};
  // No padding; no side becomes shorter.
  for (int axis : {1, 2}) {
    if (y[axis] != r[axis] || y[axis] < x[axis]) return {};
    y[axis] = x[axis];
  }
  if (y == match.type('y').shape) return {};
  match.change_places('r');
  match.graph().values[match.value('r')].type.shape = y;
  *changed = true;
  return {};
}

}  // namespace

extern constinit const Pass kConvBeforeResize = {
    .pattern =
        "r = ResizeBilinear(x, ...)\n"
        "y = Conv2D|FusedConv2D(r, W, ...)",
    .rewrite = conv_before_resize,
};

}  // namespace wxnn
