#include "converter/fold_atrous.h"

#include <vector>

#include "passes/match.h"

namespace wxnn {

namespace {

// What the two ends of the pattern do to one axis, together.
struct Sides {
  double before = 0, after = 0;
};

// Padding and cropping come to a padding (an output is cropped off with the padding that it alone
// would have seen) where nothing more than padding is cut off.
bool read_sides(const Node& split, const Node& join, size_t axes, std::vector<double>* block,
                std::vector<Sides>* sides) {
  const auto blocks = split.attrs.numbers("blockShape"), same = join.attrs.numbers("blockShape");
  const auto pads = split.attrs.numbers("paddings"), crops = join.attrs.numbers("crops");
  if (split.inputs.size() != 1 || join.inputs.size() != 1) return false;
  if (blocks.size() != axes || same.size() != axes || pads.size() != 2 * axes ||
      crops.size() != 2 * axes)
    return false;
  for (size_t i = 0; i < axes; ++i) {
    const Sides s{pads[2 * i] - crops[2 * i], pads[2 * i + 1] - crops[2 * i + 1]};
    if (blocks[i] != same[i] || blocks[i] < 1 || s.before < 0 || s.after < 0) return false;
    block->push_back(blocks[i]);
    sides->push_back(s);
  }
  return true;
}

// It slides by one, sees no padding, and its activation has no numbers per place.
bool is_plain(const Node& conv) {
  constexpr size_t kMostInputs = 3;
  const auto all_one = [&](std::string_view name) {
    return conv.attrs.i(name, 0) == 1 && conv.attrs.i(name, 1) == 1;
  };
  return conv.inputs.size() <= kMostInputs && conv.attrs.is("pad", "valid") && all_one("strides") &&
         all_one("dilations");
}

Status widen(Node& conv, const std::vector<double>& block, const std::vector<Sides>& sides) {
  WXNN_TRY(
      conv.attrs.set("pad", {sides[0].before, sides[0].after, sides[1].before, sides[1].after}));
  return conv.attrs.set("dilations", {block[0], block[1]});
}

Status fold_image(Match& match, bool* changed) {
  std::vector<double> block;
  std::vector<Sides> sides;
  Node& conv = match.node('c');
  if (!is_plain(conv) || !read_sides(match.node('s'), match.node('y'), 2, &block, &sides))
    return {};
  WXNN_TRY(widen(conv, block, sides));
  match.set_input(conv, 0, match.value('x'));
  match.drop('s');
  match.root_becomes('c');
  *changed = true;
  return {};
}

// A sequence as an image of one row, or of one column.
Status fold_sequence(Match& match, bool* changed) {
  std::vector<double> block;
  std::vector<Sides> sides;
  Node& conv = match.node('c');
  Node& row = match.node('e');
  const int32_t dim = row.attrs.i("dim");
  const auto gone = match.node('q').attrs.numbers("axis");
  const bool by_row = dim == 1 || dim == -3, by_column = dim == 2 || dim == -2;
  const bool back =
      gone.size() == 1 && (gone[0] == (by_row ? 1 : 2) || gone[0] == (by_row ? -3 : -2));
  if (!(by_row || by_column) || !back || row.inputs.size() != 1 || !is_plain(conv)) return {};
  if (!read_sides(match.node('s'), match.node('y'), 1, &block, &sides)) return {};
  block.insert(by_row ? block.begin() : block.end(), 1);
  sides.insert(by_row ? sides.begin() : sides.end(), Sides{});
  WXNN_TRY(widen(conv, block, sides));
  match.set_input(row, 0, match.value('x'));
  match.drop('s');
  match.root_becomes('q');
  *changed = true;
  return {};
}

#define WXNN_CONVOLUTIONS "Conv2D|FusedConv2D|DepthwiseConv2dNative|FusedDepthwiseConv2D"
constexpr Pass kPasses[] = {{.pattern = "s = SpaceToBatchND(x)\n"
                                        "c = " WXNN_CONVOLUTIONS "(s, W, ...)\n"
                                        "y = BatchToSpaceND(c)",
                             .rewrite = fold_image},
                            {.pattern = "s = SpaceToBatchND(x)\n"
                                        "e = ExpandDims(s)\n"
                                        "c = " WXNN_CONVOLUTIONS "(e, W, ...)\n"
                                        "q = Squeeze(c)\n"
                                        "y = BatchToSpaceND(q)",
                             .rewrite = fold_sequence}};

}  // namespace

Status fold_atrous(Graph& graph, bool* changed) {
  for (const Pass& pass : kPasses) WXNN_TRY(run_pass(pass, graph, changed));
  return {};
}

}  // namespace wxnn
