// ONNX operators whose results' sizes depend on the data.
#include <algorithm>

#include "converter/onnx_graph.h"
#include "converter/onnx_steps.h"

namespace wxnn {

namespace {

// What stands at these indices of the first axes, as a tensor of another shape.
Status part_of(OnnxNode& n, int x, const std::vector<int32_t>& at, const Shape& shape, int* y) {
  const Shape& all = n.b.shape(x);
  std::vector<double> begin(at.begin(), at.end()), size(at.size(), 1);
  for (int i = static_cast<int>(at.size()); i < all.rank(); ++i) {
    begin.push_back(0);
    size.push_back(all[i]);
  }
  WXNN_TRY(n.add("Slice", {x}, {{"begin", begin}, {"size", size}}, y));
  return n.reshape(*y, shape, y);
}

// [x, y, width, height] of centres -> [top, left, bottom, right]
Status corners_of(OnnxNode& n, int boxes, int* y) {
  std::vector<int> parts, corners(4);
  WXNN_TRY(n.add("SplitV", {boxes}, {{"axis", -1}, {"numOrSizeSplits", 4}}, 4, &parts));
  for (int i = 0; i < 2; ++i) {
    int half = kAbsent;
    const int centre = parts[1 - i];
    WXNN_TRY(n.with_scalar("Multiply", parts[3 - i], 0.5, &half));
    WXNN_TRY(n.add("Sub", {centre, half}, {}, &corners[i]));
    WXNN_TRY(n.add("Add", {centre, half}, {}, &corners[2 + i]));
  }
  return n.add("Concat", corners, {{"axis", 1}}, y);
}

Status threshold(OnnxNode& n, size_t i, int* value) {
  *value = kAbsent;
  if (!n.has(i)) return {};
  WXNN_TRY(n.in(i, value));
  WXNN_CHECK(n.b.shape(*value).elements() == 1, "its input {} is no single number", i);
  return n.reshape(*value, {}, value);
}

// Rows [batch, class, box] of what one class of one picture keeps.
Status rows_of(OnnxNode& n, int indices, int32_t batch, int32_t clazz, int* y) {
  int which = kAbsent;
  WXNN_TRY(n.add("Reshape", {indices}, {{"shape", Shape{-1, 1}}}, y));
  WXNN_TRY(n.add("PadV2", {*y},
                 {{"paddings", std::vector<double>{0, 0, 2, 0}}, {"constantValue", 0}}, y));
  WXNN_TRY(n.b.constant(sentence<"{}/place_{}_{}">(n.name, batch, clazz), {1, 3},
                        std::vector<int32_t>{batch, clazz, 0}, &which));
  return n.add("Add", {*y, which}, {}, y);
}

Status suppression(OnnxNode& n, const OnnxRow&) {
  constexpr int64_t kMostLists = 4096;
  const bool centred = n.integer("center_point_box", 0) != 0;
  int boxes = kAbsent, scores = kAbsent, iou = kAbsent, score = kAbsent;
  WXNN_TRY(n.in(0, &boxes));
  WXNN_TRY(n.in(1, &scores));
  const Shape b = n.b.shape(boxes), s = n.b.shape(scores);
  WXNN_CHECK(b.rank() == 3 && s.rank() == 3 && b[0] == s[0] && b[1] == s[2] && b[2] == 4,
             "boxes {} and scores {} do not fit", b, s);
  std::vector<double> most = {0};
  if (n.has(2)) {
    most.clear();
    WXNN_TRY(n.numbers(2, "max_output_boxes_per_class", &most));
    WXNN_CHECK(most.size() == 1, "max_output_boxes_per_class is no single number");
  }
  WXNN_TRY(threshold(n, 3, &iou));
  WXNN_TRY(threshold(n, 4, &score));
  if (iou == kAbsent) WXNN_TRY(n.scalar(DType::kFloat32, 0, &iou));
  WXNN_CHECK(int64_t{s[0]} * s[1] <= kMostLists,
             "has {} pictures of {} classes, which would be written out one by one", s[0], s[1]);
  const double kept = std::clamp(most[0], 0.0, static_cast<double>(b[1]));
  std::vector<int> rows;
  for (int32_t i = 0; i < s[0] && kept > 0; ++i) {
    int own = kAbsent;
    WXNN_TRY(part_of(n, boxes, {i}, {b[1], 4}, &own));
    if (centred) WXNN_TRY(corners_of(n, own, &own));
    for (int32_t c = 0; c < s[1]; ++c) {
      int list = kAbsent, indices = kAbsent;
      WXNN_TRY(part_of(n, scores, {i, c}, {b[1]}, &list));
      WXNN_TRY(n.add("NonMaxSuppressionV3", {own, list, kAbsent, iou, score},
                     {{"maxOutputSize", kept}}, &indices));
      rows.push_back(kAbsent);
      WXNN_TRY(rows_of(n, indices, i, c, &rows.back()));
    }
  }
  int y = kAbsent;
  if (rows.empty()) {
    WXNN_TRY(n.b.constant(n.name + "/none", {0, 3}, std::vector<int32_t>{}, &y));
  } else if (rows.size() == 1) {
    y = rows[0];
  } else {
    WXNN_TRY(n.add("Concat", rows, {{"axis", 0}}, &y));
  }
  return n.out(0, y, identity(2));
}

// Places where x is not zero, one a column.
Status non_zero(OnnxNode& n, const OnnxRow&) {
  int x = kAbsent, y = kAbsent;
  n.allow_any_size();
  WXNN_TRY(n.in(0, &x));
  WXNN_TRY(n.add("Where", {x}, {}, &y));
  WXNN_TRY(n.add("Transpose", {y}, {{"perm", std::vector<double>{1, 0}}}, &y));
  return n.out(0, y, identity(2));
}

// Whether slice i of a table [length, width] comes before slice k, element by element from the
// first: [length, length].
int comes_before(Steps& s, int left, int right) {
  const int differs = s.cast(s.op("NotEqual", {left, right}), DType::kFloat32);
  const int earlier = s.op("Cumsum", {differs}, {{"axis", 2}, {"exclusive", true}});
  const int decides = s.op("Equal", {earlier, s.number(0)});
  return s.op("Any", {s.op("LogicalAnd", {decides, s.op("Less", {left, right})})}, {{"axis", 2}});
}

// The different slices along an axis: a table of which equals which (and which comes before which)
// says all.
Status unique_slices(OnnxNode& n, bool sorted) {
  constexpr int64_t kMost = 1 << 22;  // numbers compared
  Steps s(n);
  const int x = s.in(0);
  int axis = 0;
  WXNN_TRY(s.done());
  const Shape shape = n.b.shape(x);
  WXNN_TRY(onnx_axis(n.integer("axis", 0), shape.rank(), &axis));
  const int32_t length = shape[axis];
  WXNN_CHECK(shape.elements() > 0, "its input is empty");
  WXNN_CHECK(int64_t{length} * shape.elements() <= kMost,
             "has {} slices of {}, too many to compare with each other", length, shape);
  std::vector<double> swap(shape.rank());
  for (int i = 0; i < shape.rank(); ++i) swap[i] = i;
  std::swap(swap[0], swap[axis]);
  const int32_t width = shape.elements() / length;
  const int table = axis == 0 ? x : s.transpose(x, swap);
  const int left = s.reshape(table, {length, 1, width}),
            right = s.reshape(table, {1, length, width});
  const int equal =
      s.cast(s.op("All", {s.op("Equal", {left, right})}, {{"axis", 2}}), DType::kFloat32);
  std::vector<int32_t> numbers(length);
  for (int32_t i = 0; i < length; ++i) numbers[i] = i;
  const int own = s.constant({length}, numbers);
  const int first = s.op("ArgMax", {equal}, {{"axis", 1}});
  const int is_first = s.cast(s.op("Equal", {first, own}), DType::kFloat32);
  // The place of each slice's kind among the results: how many kinds come before it.
  int place = kAbsent;
  if (sorted) {
    const int before = s.cast(comes_before(s, right, left), DType::kFloat32);
    place =
        s.op("Sum", {s.op("Multiply", {before, s.reshape(is_first, {1, length})})}, {{"axis", 1}});
  } else {
    const int seen = s.op("Cumsum", {is_first}, {{"axis", 0}, {"exclusive", true}});
    place = s.op("GatherV2", {seen, first}, {{"axis", 0}});
  }
  place = s.cast(place, DType::kInt32);
  // Row r, column i: the r-th kind first stands at i.
  const int stands = s.op(
      "LogicalAnd", {s.op("Equal", {s.reshape(own, {length, 1}), s.reshape(place, {1, length})}),
                     s.op("Greater", {s.reshape(is_first, {1, length}), s.number(0)})});
  const int found = s.op("Where", {stands});
  const int at = s.op("StridedSlice", {found},
                      {{"begin", std::vector<double>{0, 1}},
                       {"end", std::vector<double>{0, 2}},
                       {"strides", std::vector<double>{1, 1}},
                       {"beginMask", 1},
                       {"endMask", 1},
                       {"shrinkAxisMask", 2}});
  WXNN_TRY(s.out(0, s.op("GatherV2", {x, at}, {{"axis", axis}}), identity(shape.rank())));
  WXNN_TRY(s.out(1, at, identity(1)));
  WXNN_TRY(s.out(2, place));
  if (!n.wants(3)) return {};
  const int counts = s.cast(s.op("Sum", {equal}, {{"axis", 1}}), DType::kInt32);
  return s.out(3, s.op("GatherV2", {counts, at}, {{"axis", 0}}), identity(1));
}

// The different elements of x, in ascending order or in that of their first appearance. Where each
// first stands, how often, and where each element went: a table of who equals whom says it.
Status unique(OnnxNode& n, const OnnxRow&) {
  constexpr int32_t kMost = 4096;  // elements: the table has the square of it
  const bool sorted = n.integer("sorted", 1) != 0;
  Steps s(n);
  int x = s.in(0);
  WXNN_TRY(s.done());
  const int32_t length = n.b.shape(x).elements();
  if (n.has_attribute("axis") && n.b.shape(x).rank() != 1) return unique_slices(n, sorted);
  WXNN_CHECK(length > 0, "its input is empty");
  x = s.reshape(x, {length});
  std::vector<int> made;
  int from = x;
  if (sorted) {
    s.keep(n.add("TopK", {x}, {{"k", length}, {"sorted", true}}, 2, &made));
    WXNN_TRY(s.done());
    from = s.op("Reverse", {made[0]}, {{"dims", std::vector<double>{0}}});
  }
  WXNN_TRY(s.done());
  WXNN_TRY(n.add("Unique", {from}, {}, 2, &made));
  WXNN_TRY(n.out(0, made[0], identity(1)));
  if (!n.wants(1) && !n.wants(2) && !n.wants(3)) return {};
  WXNN_CHECK(length <= kMost, "has {} elements; its outputs besides Y are supported for {} at most",
             length, kMost);
  const int own = s.op("Reshape", {made[0]}, {{"shape", Shape{1, -1}}});
  const int equal = s.cast(s.op("Equal", {s.reshape(x, {length, 1}), own}), DType::kFloat32);
  WXNN_TRY(s.out(1, s.op("ArgMax", {equal}, {{"axis", 0}}), identity(1)));
  WXNN_TRY(s.out(2, s.reshape(s.op("ArgMax", {equal}, {{"axis", 1}}), {length})));
  const int counts = s.op("Sum", {equal}, {{"axis", 0}});
  return s.out(3, s.cast(counts, DType::kInt32), identity(1));
}

constexpr OnnxRow kRows[] = {
    {"NonMaxSuppression", suppression}, {"NonZero", non_zero}, {"Unique", unique}};

}  // namespace

std::span<const OnnxRow> onnx_rows_late() { return kRows; }

}  // namespace wxnn
