// Operators whose results depend on the data, as TensorFlow Lite has them.
#include "converter/lower.h"

namespace wxnn {

namespace {

// The scalars that TFLite wants as inputs, by the attributes that hold them.
constexpr struct {
  const char* name;
  DType dtype;
} kScalars[] = {{"maxOutputSize", DType::kInt32},
                {"iouThreshold", DType::kFloat32},
                {"scoreThreshold", DType::kFloat32},
                {"softNmsSigma", DType::kFloat32}};

// The first `count` of a list.
Status cut(GraphBuilder& b, const Node& node, size_t i, int list, int count) {
  int begin = kAbsent, size = kAbsent, y = kAbsent;
  const std::string name = i == 0 ? node.name : sentence<"{}:{}">(node.name, i);
  WXNN_TRY(b.constant(name + "/begin", {1}, std::vector<int32_t>{0}, &begin));
  WXNN_TRY(b.add("Reshape", name + "/size", {count}, {{"shape", Shape{1}}}, &size));
  WXNN_TRY(b.add("Slice", name, {list, begin, size}, {}, &y));
  return b.put(y, node.outputs[i]);
}

// TFLite's lists have all their places; an unpadded one is their beginning.
Status lower_suppression(GraphBuilder& b, Node& node) {
  const bool with_scores = node.attrs.knows("softNmsSigma");
  const bool padded = node.attrs.knows("padToMaxOutputSize") && node.attrs.b("padToMaxOutputSize");
  constexpr size_t kFirst = 2;  // of the scalars among the inputs
  const size_t scalars = with_scores ? 4 : 3;
  std::vector<int> inputs(node.inputs.begin(), node.inputs.end());
  inputs.resize(kFirst + scalars, kAbsent);
  for (size_t i = 0; i < scalars; ++i) {
    int& v = inputs[kFirst + i];
    if (v != kAbsent) continue;
    WXNN_TRY(b.scalar(sentence<"{}/{}">(node.name, kScalars[i].name), kScalars[i].dtype,
                      node.attrs.f(kScalars[i].name), &v));
  }
  const size_t lists = with_scores ? 2 : 1;
  std::vector<int> made;
  WXNN_TRY(b.add(with_scores ? "NonMaxSuppressionV5" : "NonMaxSuppressionV4",
                 padded ? node.name : node.name + "/padded", inputs, {{"padToMaxOutputSize", true}},
                 lists + 1, &made));
  for (size_t i = 0; i < node.outputs.size(); ++i) {
    WXNN_TRY(padded || i >= lists ? b.put(made[i], node.outputs[i])
                                  : cut(b, node, i, made[i], made[lists]));
  }
  return {};
}

Status lower_identity(GraphBuilder& b, Node& node) {
  if (!b.shape(node.inputs[0]).is_unknown()) return keep(b, node);
  int y = kAbsent;
  WXNN_TRY(b.same(node.name, node.inputs[0], &y));
  return b.put(y, node.outputs[0]);
}

// Along all of a tensor, as TFLite's UNIQUE goes.
Status lower_unique(GraphBuilder& b, Node& node) {
  WXNN_CHECK(node.attrs.numbers("axis").empty() || b.shape(node.inputs[0]).rank() == 1,
             "{}: has an axis, which TensorFlow Lite's UNIQUE does not have", node.place());
  return keep(b, node);
}

// A list whose elements have a known shape is a tensor of zeros.
Status lower_reserve(GraphBuilder& b, Node& node) {
  bool folded = false;
  WXNN_TRY(b.settle(node, &folded));
  if (folded) return {};
  const TensorType list = b.type(node.outputs[0]);
  if (!list.shape.is_known() || list.shape.elements() == 0) return keep(b, node);
  int y = kAbsent;
  WXNN_TRY(b.add("Fill", node.name, {},
                 {{"shape", list.shape}, {"value", 0}, {"dtype", name_of(list.dtype)}}, &y));
  return b.put(y, node.outputs[0]);
}

// All elements of a list at once, in their order.
bool writes_all(GraphBuilder& b, int list, int items, int index) {
  const Shape& x = b.shape(items);
  const Shape& l = b.shape(list);
  if (!x.is_known() || !l.is_known() || x.rank() == 0 || l.rank() == 0 || l[0] > x[0]) return false;
  if (index == kAbsent || b.shape(index).rank() != 1 || b.shape(index)[0] != x[0]) return false;
  std::vector<double> places;
  if (!b.is_known(index) || !b.numbers(index, "index", &places).ok()) return false;
  for (size_t i = 0; i < places.size(); ++i)
    if (places[i] != static_cast<double>(i)) return false;
  return true;
}

// The element of a list of one, whatever its shape.
bool writes_the_only(GraphBuilder& b, int list, int index) {
  const Shape& l = b.shape(list);
  if (!l.is_known() || l.rank() == 0 || l[0] != 1 || index == kAbsent || b.shape(index).rank() != 0)
    return false;
  std::vector<double> places;
  return b.is_known(index) && b.numbers(index, "index", &places).ok() && places[0] == 0;
}

Status lower_length(GraphBuilder& b, Node& node) {
  bool folded = false;
  WXNN_TRY(b.settle(node, &folded));
  if (folded) return {};
  int y = kAbsent;
  const std::vector<double> first = {0}, second = {1}, stride = {1};
  WXNN_TRY(b.add("Shape", node.name + "/shape", {node.inputs[0]}, {}, &y));
  WXNN_TRY(b.add("StridedSlice", node.name, {y},
                 {{"begin", first}, {"end", second}, {"strides", stride}, {"shrinkAxisMask", 1}},
                 &y));
  return b.put(y, node.outputs[0]);
}

// A list of known shape is a tensor whose rows are its elements.
Status lower_set_item(GraphBuilder& b, Node& node) {
  const int list = node.inputs[0], item = node.inputs[1];
  const int index = node.inputs.size() > 2 ? node.inputs[2] : kAbsent;
  const Shape all = b.shape(list);
  if (writes_all(b, list, item, index)) return b.put(item, node.outputs[0]);
  if (writes_the_only(b, list, index)) {
    int y = kAbsent;
    WXNN_TRY(b.add("ExpandDims", node.name, {item}, {{"dim", 0}}, &y));
    return b.put(y, node.outputs[0]);
  }
  const bool fixed = index != kAbsent && !node.attrs.b("grow") && all.is_known() &&
                     all.rank() > 0 && b.shape(item).is_known() &&
                     int64_t{b.shape(item).elements()} * all[0] == all.elements() &&
                     all.elements() > 0;
  if (!fixed) return keep(b, node);
  Shape row = all;
  row[0] = 1;
  int update = kAbsent, start = kAbsent, zeros = kAbsent, y = kAbsent;
  WXNN_TRY(b.add("Reshape", node.name + "/row", {item}, {{"shape", row}}, &update));
  WXNN_TRY(b.add("Reshape", node.name + "/index", {index}, {{"shape", Shape{1}}}, &start));
  if (all.rank() > 1) {
    WXNN_TRY(b.constant(node.name + "/zeros", {all.rank() - 1},
                        std::vector<int32_t>(static_cast<size_t>(all.rank() - 1)), &zeros));
    WXNN_TRY(b.add("Concat", node.name + "/start", {start, zeros}, {{"axis", 0}}, &start));
  }
  WXNN_TRY(b.add("DynamicUpdateSlice", node.name, {list, update, start}, {}, &y));
  return b.put(y, node.outputs[0]);
}

constexpr LowerRow kRows[] = {
    {"Identity", lower_identity, true},
    {"NonMaxSuppressionV3", lower_suppression, true},
    {"NonMaxSuppressionV4", lower_suppression, true},
    {"NonMaxSuppressionV5", lower_suppression, true},
    {"TensorListLength", lower_length, true},
    {"TensorListReserve", lower_reserve},
    {"TensorListSetItem", lower_set_item, true},
    {"Unique", lower_unique},
};

}  // namespace

std::span<const LowerRow> rows_of_late() { return kRows; }

}  // namespace wxnn
