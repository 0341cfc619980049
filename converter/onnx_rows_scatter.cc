// ONNX operators that write to places that indices name, and those that read sequences backward.
#include <algorithm>
#include <map>

#include "converter/onnx_graph.h"
#include "converter/onnx_steps.h"
#include "core/whole.h"

namespace wxnn {

namespace {

struct ReductionRow {
  std::string_view onnx, ours;
};
constexpr ReductionRow kReductions[] = {{"none", "TensorScatterUpdate"},
                                        {"add", "TensorScatterAdd"},
                                        {"max", "TensorScatterMax"},
                                        {"min", "TensorScatterMin"}};

// TFLite and we write to places by adding up and by comparing; products of known places are made in
// rounds, each of different places.
constexpr std::string_view kProduct = "mul";

Status reduction_of(OnnxNode& n, std::string_view* ours) {
  const std::string name = n.text("reduction", "none");
  *ours = kProduct;
  if (name == kProduct) return {};
  const auto* row = std::ranges::find(kReductions, name, &ReductionRow::onnx);
  WXNN_CHECK(row != std::end(kReductions), "reduction \"{}\" is not supported", name);
  *ours = row->ours;
  return {};
}

// y = x, and y[place] = x[place] * updates: `indices` [n, depth], `updates` [n, ...].
int multiplied(Steps& s, int x, int indices, int updates) {
  constexpr size_t kMostRounds = 256;
  const Shape from = s.shape(x), shape = s.shape(indices);
  const int32_t depth = shape[-1], rows = depth == 0 ? 0 : shape.elements() / depth;
  std::vector<double> places;
  s.want<"its indices {} are empty">(rows > 0, shape);
  if (s.ok()) s.keep(s.n.b.numbers(indices, "indices for a product", &places));
  if (!s.ok()) return kAbsent;
  std::map<std::vector<double>, size_t> times;
  std::vector<std::vector<int32_t>> rounds;
  for (int32_t i = 0; i < rows; ++i) {
    const auto* row = places.data() + static_cast<size_t>(i) * static_cast<size_t>(depth);
    const size_t round = times[{row, row + depth}]++;
    if (round == rounds.size()) rounds.emplace_back();
    rounds[round].push_back(i);
  }
  s.want<"multiplies one place {} times">(rounds.size() <= kMostRounds, rounds.size());
  Shape slices{rows};
  for (int i = depth; i < from.rank(); ++i) slices.push_back(from[i]);
  indices = s.reshape(indices, {rows, depth});
  updates = s.reshape(updates, slices);
  for (const auto& round : rounds) {
    const int which = s.constant({static_cast<int32_t>(round.size())}, round);
    const int at = s.op("GatherV2", {indices, which}, {{"axis", 0}});
    const int by = s.op("GatherV2", {updates, which}, {{"axis", 0}});
    const int product = s.op("Multiply", {s.op("GatherNd", {x, at}), by});
    x = s.op("TensorScatterUpdate", {x, at, product});
  }
  return x;
}

int scattered(Steps& s, std::string_view ours, int x, int indices, int updates) {
  return ours == kProduct ? multiplied(s, x, indices, updates) : s.op(ours, {x, indices, updates});
}

// Indices below 0 count from the end of an axis of this length.
int from_end(Steps& s, int indices, int length) {
  const int below = s.op("Less", {indices, s.number(0, DType::kInt32)});
  return s.select(below, s.op("Add", {indices, length}), indices);
}

// y = x, and y[indices[i][j]][j] = updates[i][j] along an axis.
Status scatter_elements(OnnxNode& n, const OnnxRow&) {
  Steps s(n);
  const int x = s.in(0), updates = s.in(2);
  int indices = s.cast(s.in(1), DType::kInt32), axis = 0;
  std::string_view ours;
  WXNN_TRY(s.done());
  WXNN_TRY(reduction_of(n, &ours));
  const Shape from = n.b.shape(x), shape = n.b.shape(indices);
  WXNN_TRY(onnx_axis(n.integer("axis", 0), from.rank(), &axis));
  WXNN_CHECK(shape.rank() == from.rank() && n.b.shape(updates) == shape,
             "its indices {} and updates {} do not fit {}", shape, n.b.shape(updates), from);
  indices = from_end(s, indices, s.number(from[axis], DType::kInt32));
  std::vector<int> parts;
  for (int i = 0; i < shape.rank(); ++i) {
    Shape line;
    std::vector<int32_t> numbers;
    for (int k = 0; k < shape.rank(); ++k) line.push_back(k == i ? shape[i] : 1);
    s.keep(n.b.room(shape[i]));
    for (int32_t k = 0; s.ok() && k < shape[i]; ++k) numbers.push_back(k);
    parts.push_back(
        i == axis ? indices : s.op("BroadcastTo", {s.constant(line, numbers)}, {{"shape", shape}}));
  }
  return s.out(0, scattered(s, ours, x, s.pack(parts, shape.rank()), updates));
}

Status scatter_nd(OnnxNode& n, const OnnxRow&) {
  Steps s(n);
  const int x = s.in(0), updates = s.in(2);
  int indices = s.cast(s.in(1), DType::kInt32);
  std::string_view ours;
  WXNN_TRY(s.done());
  WXNN_TRY(reduction_of(n, &ours));
  const Shape from = n.b.shape(x), shape = n.b.shape(indices);
  WXNN_CHECK(shape.rank() > 0 && shape[-1] <= from.rank(), "its indices {} do not fit {}", shape,
             from);
  const std::vector<int32_t> lengths(from.dims().begin(), from.dims().begin() + shape[-1]);
  indices = from_end(s, indices, s.constant({shape[-1]}, lengths));
  return s.out(0, scattered(s, ours, x, indices, updates));
}

// What MaxPool with indices took apart: values at their places, zeros elsewhere.
Status max_unpool(OnnxNode& n, const OnnxRow&) {
  Steps s(n);
  const int x = s.in(0), places = s.in(1);
  const Shape from = s.shape(x);
  const std::vector<double> kernel = n.list("kernel_shape");
  std::vector<double> strides = n.list("strides"), pads = n.list("pads"), said;
  if (n.has(2)) said = s.numbers(2, "output_shape");
  WXNN_TRY(s.done());
  const size_t axes = kernel.size();
  if (strides.empty()) strides.assign(axes, 1);
  if (pads.empty()) pads.assign(2 * axes, 0);
  const bool fits = from.rank() == static_cast<int>(axes) + 2 && strides.size() == axes &&
                    pads.size() == 2 * axes && n.b.shape(places) == from;
  WXNN_CHECK(fits, "its kernel of {} dimensions does not fit {}", axes, from);
  Shape natural = from;
  for (size_t i = 0; i < axes; ++i) {
    const double length =
        (from[static_cast<int>(i) + 2] - 1) * strides[i] - pads[i] - pads[i + axes] + kernel[i];
    WXNN_CHECK(length >= 1 && length <= 1 << 24, "would be {} long", whole<int64_t>(length));
    natural[static_cast<int>(i) + 2] = whole<int32_t>(length);
  }
  Shape to = natural;
  WXNN_CHECK(said.empty() || said.size() == static_cast<size_t>(from.rank()),
             "output_shape has {} numbers", said.size());
  for (size_t i = 0; i < said.size(); ++i) {
    WXNN_CHECK(said[i] >= natural[static_cast<int>(i)] && said[i] <= 1 << 24,
               "output_shape is smaller than {}", natural);
    to[static_cast<int>(i)] = whole<int32_t>(said[i]);
  }
  WXNN_CHECK(natural.fits() && to.fits(), "its output {} does not fit in memory", to);
  // Places count within the natural output; a larger one has zeros behind it.
  int y =
      s.op("ScatterNd", {s.reshape(places, {from.elements(), 1}), s.reshape(x, {from.elements()})},
           {{"shape", std::vector<double>{1.0 * natural.elements()}}});
  y = s.reshape(y, natural);
  if (!(to == natural)) {
    std::vector<double> sides(2 * static_cast<size_t>(to.rank()));
    for (int i = 0; i < to.rank(); ++i) sides[2 * static_cast<size_t>(i) + 1] = to[i] - natural[i];
    y = s.op("PadV2", {y}, {{"paddings", sides}, {"constantValue", 0}});
  }
  return s.out(0, y);
}

Status reverse_sequence(OnnxNode& n, const OnnxRow&) {
  Steps s(n);
  const int time = n.integer("time_axis", 0), batch = n.integer("batch_axis", 1);
  const int y = s.op("ReverseSequence", {s.in(0), s.cast(s.in(1), DType::kInt32)},
                     {{"seqDim", time}, {"batchDim", batch}});
  return s.out(0, y);
}

constexpr OnnxRow kRows[] = {{"MaxUnpool", max_unpool},
                             {"ReverseSequence", reverse_sequence},
                             {"Scatter", scatter_elements},
                             {"ScatterElements", scatter_elements},
                             {"ScatterND", scatter_nd}};

}  // namespace

std::span<const OnnxRow> onnx_rows_scatter() { return kRows; }

}  // namespace wxnn
