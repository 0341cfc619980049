// Pools with explicit padding, which TensorFlow Lite does not have.
#include <limits>

#include "converter/lower.h"
#include "ops/conv_shape.h"

namespace wxnn {

namespace {

std::pair<int32_t, int32_t> filter_of(const Node& node) {
  return {node.attrs.i("filterSize", 0), node.attrs.i("filterSize", 1)};
}

// "same" or "valid" where that comes to the same as the numbers.
bool name_padding(Node& node, const Shape& image) {
  const Window w = window_of(node.attrs, image, filter_of(node));
  for (const char* name : {"valid", "same"}) {
    Attrs named = node.attrs;
    static_cast<void>(named.set("pad", name));
    const Window n = window_of(named, image, filter_of(node));
    const bool equal = n.y.before == w.y.before && n.x.before == w.x.before && n.y.out == w.y.out &&
                       n.x.out == w.x.out;
    if (!equal) continue;
    node.attrs = named;
    return true;
  }
  return false;
}

Status pad(GraphBuilder& b, Node& node, const Window& w, double value) {
  std::vector<double> sides(8);
  sides[2] = w.y.before, sides[3] = w.y.after, sides[4] = w.x.before, sides[5] = w.x.after;
  WXNN_TRY(b.add("PadV2", node.name + "/pad", {node.inputs[0]},
                 {{"paddings", sides}, {"constantValue", value}}, &node.inputs[0]));
  return node.attrs.set("pad", "valid");
}

// Pixels of the image that the window at `out` sees.
int32_t seen(const Slide& s, int32_t out) {
  const int32_t start = out * s.stride - s.before;
  return std::min(start + s.filter, s.in) - std::max(start, 0);
}

// TensorFlow Lite's pools have no dilations: such a one stays ours (write_rows.cc).
bool is_dilated(const Node& node) {
  return node.attrs.i("dilations", 0) != 1 || node.attrs.i("dilations", 1) != 1;
}

// True where TensorFlow Lite has the pool as it is. One with a padding of its own needs to know the
// size of its image; others slide over whatever comes.
Status try_named(GraphBuilder& b, Node& node, bool* named) {
  const Shape& image = b.shape(node.inputs[0]);
  *named = is_dilated(node) || node.attrs.numbers("pad").empty();
  if (*named) return {};
  WXNN_CHECK(image.rank() == 4, "{}: x {} should be [N,H,W,C], as its padding is explicit",
             node.place(), image);
  Window w;
  Status status = slide_window(node.attrs, image, filter_of(node), &w);
  if (!status.ok()) return status.at(node.place());
  *named = name_padding(node, image);
  return {};
}

Status lower_max_pool(GraphBuilder& b, Node& node) {
  bool named = false;
  WXNN_TRY(try_named(b, node, &named));
  if (named) return keep(b, node);
  const Shape& image = b.shape(node.inputs[0]);
  const Window w = window_of(node.attrs, image, filter_of(node));
  WXNN_TRY(pad(b, node, w, -std::numeric_limits<double>::infinity()));
  return keep(b, node);
}

// Zeros around the image, then a factor per output pixel, since an average counts only what lies
// inside.
Status lower_avg_pool(GraphBuilder& b, Node& node) {
  bool named = false;
  WXNN_TRY(try_named(b, node, &named));
  if (named) return keep(b, node);
  const Shape& image = b.shape(node.inputs[0]);
  const Window w = window_of(node.attrs, image, filter_of(node));
  std::vector<float> factors;
  for (int32_t y = 0; y < w.y.out; ++y) {
    for (int32_t x = 0; x < w.x.out; ++x) {
      const double inside = static_cast<double>(seen(w.y, y)) * seen(w.x, x);
      factors.push_back(static_cast<float>(w.y.filter * static_cast<double>(w.x.filter) / inside));
    }
  }
  WXNN_TRY(pad(b, node, w, 0));
  int factor = kAbsent, y = kAbsent;
  WXNN_TRY(b.constant(node.name + "/share", {1, w.y.out, w.x.out, 1}, factors, &factor));
  const int original = node.outputs[0];
  const std::string name = node.name;
  node.outputs[0] = y = b.graph.add_value(name + "/padded", {});
  WXNN_TRY(keep(b, node));
  WXNN_TRY(b.add("Multiply", name, {y, factor}, {}, &y));
  WXNN_TRY(b.put(y, original));
  node.outputs = {original};
  return {};
}

constexpr LowerRow kRows[] = {{"AvgPool", lower_avg_pool, true}, {"MaxPool", lower_max_pool, true}};

}  // namespace

std::span<const LowerRow> rows_of_pools() { return kRows; }

}  // namespace wxnn
