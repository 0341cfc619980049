// Zeros put around a picture before a convolution become the convolution's own padding.
#include "passes/conv_node.h"

namespace wxnn {

namespace {

Status pad_into_conv(Match& match, bool* changed) {
  const Node& pad = match.node('p');
  Node& conv = match.node('y');
  const std::span<const double> p = pad.attrs.numbers("paddings");
  if (p.size() != 8 || pad.attrs.f("constantValue") != 0) return {};
  for (size_t i = 0; i < 8; ++i) {
    const bool inner = i >= 2 && i < 6;
    if (p[i] < 0 || (p[i] != 0 && !inner)) return {};
  }
  // "same" depends on the size of the padded picture, so it stays as it is.
  const std::string_view mode = conv.attrs.text("pad");
  if (!mode.empty() && mode != "valid") return {};
  const bool counted = mode.empty();
  AttrValue sides;
  for (int i = 0; i < 4; ++i) {
    sides.numbers.push_back(p[2 + i] + (counted ? conv.attrs.f("pad", i) : 0));
  }
  WXNN_TRY(conv.attrs.set("pad", std::move(sides)));
  match.set_input(conv, 0, match.value('x'));
  match.drop('p');
  *changed = true;
  return {};
}

}  // namespace

extern const Pass kPadIntoConv;

constinit const Pass kPadIntoConv = {
    .pattern =
        "p = PadV2(x)\n"
        "y = " WXNN_CONVOLUTIONS "(p, w, ...)",
    .rewrite = pad_into_conv,
};

}  // namespace wxnn
