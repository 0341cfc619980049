// Convolutions and matrix products as TensorFlow Lite has them.
#include <algorithm>

#include "converter/lower.h"
#include "ops/conv_shape.h"

namespace wxnn {

namespace {

enum Input { kX, kFilter, kBias };

// The two dimensions of a filter that slide, by the name of its format.
struct FilterRow {
  std::string_view format;
  int height, width;
};
constexpr FilterRow kFilters[] = {
    {"HWIO", 0, 1}, {"HWCM", 0, 1}, {"HWOI", 0, 1}, {"OHWI", 1, 2}, {"1HWO", 1, 2}};

std::pair<int32_t, int32_t> filter_size(const Node& node, const Shape& filter) {
  const std::string_view format = node.attrs.text("filterFormat");
  const auto* row = std::ranges::find(kFilters, format, &FilterRow::format);
  return {filter[row->height], filter[row->width]};
}

bool same_window(const Window& a, const Window& b) {
  const auto same = [](const Slide& s, const Slide& t) {
    return s.before == t.before && s.out == t.out;
  };
  return same(a.y, b.y) && same(a.x, b.x);
}

// Explicit padding as "same" or "valid", where that comes to the same; else false.
bool name_padding(Attrs* attrs, const Shape& image, std::pair<int32_t, int32_t> filter) {
  if (attrs->numbers("pad").empty()) return true;
  const Window explicit_window = window_of(*attrs, image, filter);
  for (const char* name : {"valid", "same"}) {
    Attrs named = *attrs;
    static_cast<void>(named.set("pad", name));
    if (!same_window(window_of(named, image, filter), explicit_window)) continue;
    *attrs = named;
    return true;
  }
  return false;
}

// A PAD in front of what then is "valid".
Status pad_before(GraphBuilder& b, Node& node, std::pair<int32_t, int32_t> filter) {
  constexpr int32_t kAny = 1 << 20;  // pixels: the padding of an image of any size is the same
  Shape image = b.shape(node.inputs[kX]);
  if (node.attrs.numbers("pad").empty()) return {};
  const std::string_view rounding = node.attrs.text("dimRoundingMode");
  const bool any = image.is_unknown() && (rounding.empty() || rounding == "floor");
  if (any) image = {1, kAny, kAny, 1};
  WXNN_CHECK(image.rank() == 4, "{}: x {} should be [N,H,W,C]", node.place(), image);
  Window w;
  Status status = slide_window(node.attrs, image, filter, &w);
  if (!status.ok()) return status.at(node.place());
  if (!any && name_padding(&node.attrs, image, filter)) return {};
  std::vector<double> sides(8);
  sides[2] = w.y.before, sides[3] = w.y.after, sides[4] = w.x.before, sides[5] = w.x.after;
  WXNN_TRY(b.add("PadV2", node.name + "/pad", {node.inputs[kX]},
                 {{"paddings", sides}, {"constantValue", 0}}, &node.inputs[kX]));
  return node.attrs.set("pad", "valid");
}

Status transpose_filter(GraphBuilder& b, Node& node, std::vector<double> perm) {
  return b.add("Transpose", node.name + "/filter", {node.inputs[kFilter]},
               {{"perm", std::move(perm)}}, &node.inputs[kFilter]);
}

Status flatten_bias(GraphBuilder& b, Node& node, int32_t channels, bool need) {
  node.inputs.resize(3, kAbsent);
  int& bias = node.inputs[kBias];
  const Shape flat{channels};
  if (bias == kAbsent) {
    if (!need) return {};
    return b.constant(node.name + "/no_bias", flat, std::vector<float>(channels), &bias);
  }
  if (b.shape(bias) == flat) return {};
  return b.add("Reshape", node.name + "/bias", {bias}, {{"shape", flat}}, &bias);
}

// The node, then the activation that it cannot keep.
Status emit(GraphBuilder& b, Node& node, const FusedActivation& activation) {
  const int original = node.outputs[0];
  const std::string name = node.name;
  node.outputs[0] = b.graph.add_value(name, {});
  int y = node.outputs[0];
  WXNN_TRY(keep(b, node));
  WXNN_TRY(apply(b, activation, name, &y));
  WXNN_TRY(b.put(y, original));
  node.outputs = {original};
  return {};
}

Status become(Node& node, const char* op) {
  const Op* fused = find_op(op);
  WXNN_CHECK(fused != nullptr, "{}: needs the operator {}, which this build does not have",
             node.place(), op);
  Attrs attrs(fused->attrs);
  attrs.adopt(node.attrs);
  node.attrs = std::move(attrs);
  node.op = fused;
  return {};
}

Status check_filter(GraphBuilder& b, const Node& node) {
  const Shape& filter = b.shape(node.inputs[kFilter]);
  WXNN_CHECK(filter.rank() == 4, "{}: filter {} should have 4 dimensions", node.place(), filter);
  return {};
}

Status lower_conv2d(GraphBuilder& b, Node& node) {
  WXNN_TRY(check_filter(b, node));
  WXNN_TRY(become(node, "FusedConv2D"));
  WXNN_TRY(pad_before(b, node, filter_size(node, b.shape(node.inputs[kFilter]))));
  const FusedActivation activation = take_activation(node);
  if (node.attrs.text("filterFormat") == "HWIO") {
    WXNN_TRY(transpose_filter(b, node, {3, 0, 1, 2}));
    WXNN_TRY(node.attrs.set("filterFormat", "OHWI"));
  }
  WXNN_TRY(flatten_bias(b, node, b.shape(node.inputs[kFilter])[0], true));
  return emit(b, node, activation);
}

Status lower_depthwise(GraphBuilder& b, Node& node) {
  WXNN_TRY(check_filter(b, node));
  WXNN_TRY(become(node, "FusedDepthwiseConv2D"));
  WXNN_TRY(pad_before(b, node, filter_size(node, b.shape(node.inputs[kFilter]))));
  const FusedActivation activation = take_activation(node);
  const bool by_multiplier = node.attrs.text("filterFormat") == "HWCM";
  // TFLite's options say how many filters a channel has; without the channels only one is certain.
  WXNN_CHECK(!b.shape(node.inputs[kX]).is_unknown() ||
                 (by_multiplier && b.shape(node.inputs[kFilter])[3] == 1),
             "{}: has several filters for a channel of a tensor whose shape depends on the data, "
             "which is not supported",
             node.place());
  if (by_multiplier) {
    const Shape f = b.shape(node.inputs[kFilter]);
    WXNN_TRY(b.add("Reshape", node.name + "/filter", {node.inputs[kFilter]},
                   {{"shape", Shape{1, f[0], f[1], f[2] * f[3]}}}, &node.inputs[kFilter]));
    WXNN_TRY(node.attrs.set("filterFormat", "1HWO"));
  }
  WXNN_TRY(flatten_bias(b, node, b.shape(node.inputs[kFilter])[3], true));
  return emit(b, node, activation);
}

Status keep_output_shape(Node& node, const Shape& y) {
  return node.attrs.set("inputShape", {1.0 * y[0], 1.0 * y[1], 1.0 * y[2], 1.0 * y[3]});
}

// Padding that is neither SAME nor VALID: the whole result is computed and its border cut off.
Status cut_border(GraphBuilder& b, Node& node, const Shape& image,
                  const FusedActivation& activation) {
  const std::pair<int32_t, int32_t> filter = filter_size(node, b.shape(node.inputs[kFilter]));
  const Window w = window_of(node.attrs, image, filter);
  WXNN_TRY(node.attrs.set("pad", "valid"));
  const Shape whole{image[0], (w.y.out - 1) * w.y.stride + w.y.span(),
                    (w.x.out - 1) * w.x.stride + w.x.span(), image[3]};
  const bool inside = w.y.before + image[1] <= whole[1] && w.x.before + image[2] <= whole[2];
  WXNN_CHECK(inside,
             "{}: its output {} is larger than what its input reaches, which TensorFlow Lite does "
             "not have",
             node.place(), image);
  WXNN_TRY(keep_output_shape(node, whole));
  const int original = node.outputs[0];
  node.outputs[0] = b.graph.add_value(node.name + "/whole", {});
  int y = node.outputs[0];
  const std::string name = node.name;
  WXNN_TRY(keep(b, node));
  WXNN_TRY(b.add(
      "Slice", name, {y},
      {{"begin", std::vector<double>{0, 1.0 * w.y.before, 1.0 * w.x.before, 0}}, {"size", image}},
      &y));
  WXNN_TRY(apply(b, activation, name, &y));
  WXNN_TRY(b.put(y, original));
  node.outputs = {original};
  return {};
}

Status lower_transposed(GraphBuilder& b, Node& node) {
  WXNN_TRY(check_filter(b, node));
  bool folded = false;
  WXNN_TRY(b.settle(node, &folded));
  if (folded) return {};
  const Shape image = b.shape(node.outputs[0]);
  WXNN_CHECK(!image.is_unknown(), "{}: its output's size depends on the data", node.place());
  const bool dilated = node.attrs.i("dilations", 0) != 1 || node.attrs.i("dilations", 1) != 1;
  if (dilated) return keep(b, node);  // stays ours (write_rows.cc)
  node.inputs.resize(
      std::min<size_t>(node.inputs.size(), 4));  // the size is an attribute from here on
  const std::pair<int32_t, int32_t> filter = filter_size(node, b.shape(node.inputs[kFilter]));
  const FusedActivation activation = take_activation(node);
  if (node.attrs.text("filterFormat") == "HWOI") {
    WXNN_TRY(transpose_filter(b, node, {2, 0, 1, 3}));
    WXNN_TRY(node.attrs.set("filterFormat", "OHWI"));
  }
  WXNN_TRY(flatten_bias(b, node, image[3], false));
  while (node.inputs.back() == kAbsent) node.inputs.pop_back();
  if (!name_padding(&node.attrs, image, filter)) return cut_border(b, node, image, activation);
  WXNN_TRY(keep_output_shape(node, image));
  return emit(b, node, activation);
}

// Products of integers, which TFLite does not have: each is multiplied out and summed up.
Status multiply_out(GraphBuilder& b, Node& node) {
  constexpr int64_t kMost = 1 << 20;
  int x = node.inputs[0], w = node.inputs[kFilter], y = kAbsent;
  WXNN_CHECK(
      b.shape(x).rank() == 2 && b.shape(w).rank() == 2 && !node.attrs.b("transposeA") &&
          !node.attrs.b("transposeB"),
      "{}: a {} and b {} are integers, which TensorFlow Lite multiplies as plain matrices only",
      node.place(), b.shape(x), b.shape(w));
  const Shape rows{b.shape(x)[0], b.shape(x)[1], 1}, columns{1, b.shape(w)[0], b.shape(w)[1]};
  WXNN_CHECK(int64_t{rows[0]} * rows[1] * columns[2] <= kMost,
             "{}: is too large for a product of integers", node.place());
  WXNN_TRY(b.add("Reshape", node.name + "/a", {x}, {{"shape", rows}}, &x));
  WXNN_TRY(b.add("Reshape", node.name + "/b", {w}, {{"shape", columns}}, &w));
  WXNN_TRY(b.add("Multiply", node.name + "/products", {x, w}, {}, &y));
  WXNN_TRY(b.add("Sum", node.name, {y}, {{"axis", 1}}, &y));
  return b.put(y, node.outputs[0]);
}

// FULLY_CONNECTED where b is a constant matrix, BATCH_MATMUL otherwise.
Status lower_product(GraphBuilder& b, Node& node) {
  const int a = node.inputs[0];
  const Shape weights = b.shape(node.inputs[kFilter]);
  if (b.type(a).dtype == DType::kInt32) return multiply_out(b, node);
  FusedActivation activation = take_activation(node);
  const bool fully =
      weights.rank() == 2 && b.is_constant(node.inputs[kFilter]) && b.shape(a).rank() >= 2;
  if (fully) {
    if (node.attrs.b("transposeA")) {
      std::vector<double> perm;
      const int rank = b.shape(a).rank();
      for (int i = 0; i < rank; ++i) perm.push_back(i);
      std::swap(perm[rank - 1], perm[rank - 2]);
      WXNN_TRY(b.add("Transpose", node.name + "/a", {a}, {{"perm", perm}}, &node.inputs[0]));
      WXNN_TRY(node.attrs.set("transposeA", 0));
    }
    if (!node.attrs.b("transposeB")) WXNN_TRY(transpose_filter(b, node, {1, 0}));
    WXNN_TRY(node.attrs.set("transposeB", 1));
    WXNN_TRY(flatten_bias(b, node, b.shape(node.inputs[kFilter])[0], true));
    return emit(b, node, activation);
  }
  const int bias = node.inputs.size() > kBias ? node.inputs[kBias] : kAbsent;
  if (activation.name == "linear") activation.name = node.attrs.text("activation");
  int y = kAbsent;
  WXNN_TRY(b.add(
      "BatchMatMul", node.name, {a, node.inputs[kFilter]},
      {{"transposeA", node.attrs.f("transposeA")}, {"transposeB", node.attrs.f("transposeB")}},
      &y));
  if (bias != kAbsent) WXNN_TRY(b.add("Add", node.name + "/sum", {y, bias}, {}, &y));
  if (activation.name == "reluN1To1") activation = {"clip", kAbsent, 0, -1, 1};
  WXNN_TRY(apply(b, activation, node.name, &y));
  return b.put(y, node.outputs[0]);
}

Status lower_batch_product(GraphBuilder& b, Node& node) {
  const Shape& weights = b.shape(node.inputs[1]);
  const bool fully = weights.rank() == 2 && b.is_constant(node.inputs[1]) &&
                     b.type(node.inputs[1]).dtype == DType::kFloat32 && weights.elements() > 0;
  if (!fully) return keep(b, node);
  WXNN_TRY(become(node, "_FusedMatMul"));
  return lower_product(b, node);
}

constexpr LowerRow kRows[] = {
    {"BatchMatMul", lower_batch_product, true}, {"Conv2D", lower_conv2d, true},
    {"Conv2DBackpropInput", lower_transposed},  {"DepthwiseConv2dNative", lower_depthwise, true},
    {"FusedConv2D", lower_conv2d, true},        {"FusedDepthwiseConv2D", lower_depthwise, true},
    {"_FusedMatMul", lower_product, true},
};

}  // namespace

std::span<const LowerRow> rows_of_convolutions() { return kRows; }

}  // namespace wxnn
