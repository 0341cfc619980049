// Convolutions with constant 3x3 filters become WinogradConv2D where that is faster.
#include <algorithm>

#include "ops/conv2d.h"
#include "passes/conv_node.h"

namespace wxnn {

namespace {

// With fewer channels the transforms take longer than the products that they save.
constexpr int32_t kLeastChannels = 16;
// The transformed filter has 16/9 of the numbers: of large ones, which mostly meet small images,
// the memory counts more.
constexpr int64_t kMostWeights = 9 << 16;

Status use_winograd(Match& match, bool* changed) {
  Node& conv = match.node('y');
  const Shape& w = match.type('W').shape;
  const Shape& x = match.type('x').shape;
  if (!x.is_known() || x.rank() != 4 || w.rank() != 4) return {};
  const Filter f = filter_of(conv.attrs, w);
  const bool pays = f.height == 3 && f.width == 3 && f.in == x[3] &&
                    std::min(f.in, f.out) >= kLeastChannels && w.elements() <= kMostWeights;
  if (!pays || !is_one(conv, "strides") || !is_one(conv, "dilations")) return {};
  *changed = match.become(conv, "WinogradConv2D");
  return {};
}

}  // namespace

extern constinit const Pass kUseWinograd = {
    .pattern = "y = Conv2D|FusedConv2D(x, W, ...)",
    .rewrite = use_winograd,
};

}  // namespace wxnn
