// ONNX operators that look up numbers between pixels (GridSample, RoiAlign), and MaxPool with the
// places of its maxima.
#include <algorithm>
#include <cmath>
#include <limits>

#include "converter/onnx_graph.h"
#include "converter/onnx_steps.h"
#include "core/whole.h"

namespace wxnn {

namespace {

// --- GridSample ----------------------------------------------------------------------------------
struct Grid {
  std::string padding;
  bool corners = false;
  int x = kAbsent;      // [N, H, W, C]
  int batch = kAbsent;  // [N, ho, wo]: which image
  Shape image;
};

// Brings v back between low and high as a mirror at each does.
int reflect(Steps& s, int v, double low, double high) {
  if (high <= low) return s.with("Multiply", v, 0);
  const double twice = 2 * (high - low);
  int d = s.op("Abs", {s.with("Sub", v, low)});
  d = s.op("Sub", {d, s.with("Multiply", s.op("Floor", {s.with("RealDiv", d, twice)}), twice)});
  const int other = s.op("Sub", {s.number(twice), d});
  return s.with("Add", s.op("Minimum", {d, other}), low);
}

int clamp(Steps& s, int v, double low, double high) {
  return s.op("ClipByValue", {v}, {{"clipValueMin", low}, {"clipValueMax", high}});
}

int pad_coordinate(Steps& s, const Grid& g, int v, int32_t length) {
  if (g.padding == "border") return clamp(s, v, 0, length - 1);
  if (g.padding == "reflection")
    return g.corners ? reflect(s, v, 0, length - 1) : reflect(s, v, -0.5, length - 0.5);
  return v;
}

// From -1 .. 1 to pixels. `cubic`: a place outside the border keeps its distance, and only its taps
// are clamped.
int to_pixels(Steps& s, const Grid& g, int v, int32_t length, bool cubic) {
  const int y = s.with("Multiply", s.with("Add", v, 1), (g.corners ? length - 1 : length) / 2.0);
  const int at = g.corners ? y : s.with("Sub", y, 0.5);
  return cubic && g.padding == "border" ? at : pad_coordinate(s, g, at, length);
}

// The pixels at whole coordinates (as floats): [N, ho, wo, C].
int pixels_at(Steps& s, const Grid& g, int row, int column) {
  const int32_t h = g.image[1], w = g.image[2];
  int inside = kAbsent;
  if (g.padding == "zeros") {
    const auto within = [&](int v, int32_t length) {
      return s.op("Equal", {v, clamp(s, v, 0, length - 1)});
    };
    inside = s.op("LogicalAnd", {within(row, h), within(column, w)});
  }
  const auto index = [&](int v, int32_t length) {
    return s.cast(clamp(s, pad_coordinate(s, g, v, length), 0, length - 1), DType::kInt32);
  };
  const int where = s.pack({g.batch, index(row, h), index(column, w)}, 3);
  int y = s.op("GatherNd", {g.x, where});
  if (inside == kAbsent) return y;
  Shape mask = s.shape(inside);
  if (s.ok()) mask.push_back(1);
  return s.select(s.reshape(inside, mask), y, s.number(0));
}

// Weights of the taps around a place with the fraction f, and the offset of the first.
std::vector<int> tap_weights(Steps& s, int f, bool cubic) {
  if (!cubic) return {s.op("Sub", {s.number(1), f}), f};
  constexpr double a = -0.75;
  const auto near = [&](int d) {  // ((a + 2) d - (a + 3)) d d + 1
    const int inner = s.with("Sub", s.with("Multiply", d, a + 2), a + 3);
    return s.with("Add", s.op("Multiply", {s.op("Multiply", {inner, d}), d}), 1);
  };
  const auto far = [&](int d) {  // ((a d - 5 a) d + 8 a) d - 4 a
    int y = s.with("Sub", s.with("Multiply", d, a), 5 * a);
    y = s.with("Add", s.op("Multiply", {y, d}), 8 * a);
    return s.with("Sub", s.op("Multiply", {y, d}), 4 * a);
  };
  const int back = s.op("Sub", {s.number(1), f});
  return {far(s.with("Add", f, 1)), near(f), near(back), far(s.with("Add", back, 1))};
}

int interpolate(Steps& s, const Grid& g, int row, int column, bool cubic) {
  const int top = s.op("Floor", {row}), left = s.op("Floor", {column});
  const std::vector<int> down = tap_weights(s, s.op("Sub", {row, top}), cubic);
  const std::vector<int> right = tap_weights(s, s.op("Sub", {column, left}), cubic);
  const double first = cubic ? -1 : 0;
  int sum = kAbsent;
  for (size_t i = 0; i < down.size(); ++i) {
    for (size_t j = 0; j < right.size(); ++j) {
      const int pixels = pixels_at(s, g, s.with("Add", top, first + static_cast<double>(i)),
                                   s.with("Add", left, first + static_cast<double>(j)));
      int weight = s.op("Multiply", {down[i], right[j]});
      Shape one = s.shape(weight);
      if (s.ok()) one.push_back(1);
      const int part = s.op("Multiply", {pixels, s.reshape(weight, one)});
      sum = sum == kAbsent ? part : s.op("Add", {sum, part});
    }
  }
  return sum;
}

// 0, 1, 2… along axis 0, as a constant of this shape.
int batch_numbers(Steps& s, const Shape& shape) {
  std::vector<int32_t> numbers;
  const int32_t each = shape.elements(1, shape.rank());
  for (int32_t i = 0; i < shape.elements(); ++i) numbers.push_back(i / each);
  return s.constant(shape, numbers);
}

Status grid_sample(OnnxNode& n, const OnnxRow&) {
  Steps s(n);
  Grid g;
  const std::string mode = n.text("mode", "bilinear");
  g.padding = n.text("padding_mode", "zeros");
  g.corners = n.integer("align_corners", 0) != 0;
  const bool cubic = mode == "bicubic" || mode == "cubic", nearest = mode == "nearest";
  s.want<"mode \"{}\" is not known">(cubic || nearest || mode == "bilinear" || mode == "linear",
                                     mode);
  s.want<"padding_mode \"{}\" is not known">(
      g.padding == "zeros" || g.padding == "border" || g.padding == "reflection", g.padding);
  Shape shape;
  s.keep(n.shape(0, &shape));
  s.want<"its input is {}, [N,C,H,W] is supported">(shape.rank() == 4, shape);
  g.x = s.in(0, channels_last(4));
  const int grid = s.in(1);
  g.image = s.shape(g.x);
  s.want<"its grid is {}">(
      s.shape(grid).rank() == 4 && s.shape(grid)[3] == 2 && s.shape(grid)[0] == g.image[0],
      s.shape(grid));
  s.want<"is empty">(g.image.elements() > 0 && s.shape(grid).elements() > 0);
  WXNN_TRY(s.done());
  Shape places = s.shape(grid);
  places.erase(3);
  s.keep(n.b.room(places.elements()));
  WXNN_TRY(s.done());
  g.batch = batch_numbers(s, places);
  const int column = to_pixels(s, g, s.pick(grid, 3, 0), g.image[2], cubic);
  const int row = to_pixels(s, g, s.pick(grid, 3, 1), g.image[1], cubic);
  const int y = nearest ? pixels_at(s, g, s.op("Round", {row}), s.op("Round", {column}))
                        : interpolate(s, g, row, column, cubic);
  return s.out(0, y, channels_last(4));
}

// --- RoiAlign ------------------------------------------------------------------------------------
// Sample places of every region along one axis: [R, bins * samples].
struct Samples {
  int low = kAbsent, high = kAbsent;  // whole coordinates, as floats
  int weight = kAbsent;               // of `high`
  int inside = kAbsent;
};

Samples samples_along(Steps& s, int from, int to, int32_t bins, int32_t per_bin, int32_t length,
                      bool at_least_one) {
  int span = s.op("Sub", {to, from});
  if (at_least_one) span = s.op("Maximum", {span, s.number(1)});
  std::vector<float> places;
  s.keep(s.n.b.room(1.0 * bins * per_bin));
  for (int32_t bin = 0; s.ok() && bin < bins; ++bin)
    for (int32_t i = 0; i < per_bin; ++i)
      places.push_back(static_cast<float>((bin + (i + 0.5) / per_bin) / bins));
  const int line = s.constant({1, bins * per_bin}, places);
  int at = s.op("Add", {from, s.op("Multiply", {span, line})});
  Samples r;
  r.inside = s.op("LogicalAnd", {s.op("GreaterEqual", {at, s.number(-1)}),
                                 s.op("LessEqual", {at, s.number(length)})});
  at = clamp(s, at, 0, length - 1);
  r.low = s.op("Floor", {at});
  r.high = s.op("Minimum", {s.with("Add", r.low, 1), s.number(length - 1)});
  r.weight = s.op("Sub", {at, r.low});
  return r;
}

Status roi_align(OnnxNode& n, const OnnxRow&) {
  Steps s(n);
  constexpr int64_t kHalfPixelFrom = 16;
  WXNN_TRY(n.must_be("mode", "avg"));
  const int32_t height = n.integer("output_height", 1), width = n.integer("output_width", 1);
  const int32_t samples = n.integer("sampling_ratio", 0);
  const double scale = n.number("spatial_scale", 1);
  const std::string mode = n.text("coordinate_transformation_mode",
                                  n.opset < kHalfPixelFrom ? "output_half_pixel" : "half_pixel");
  WXNN_CHECK(mode == "half_pixel" || mode == "output_half_pixel",
             "coordinate_transformation_mode \"{}\" is not known", mode);
  WXNN_CHECK(samples > 0,
             "sampling_ratio 0 depends on the sizes of the regions, which is not supported");
  WXNN_CHECK(height > 0 && width > 0 && int64_t{height} * width * samples * samples < 1 << 24,
             "its output is {} x {}", height, width);
  const bool half = mode == "half_pixel";
  const int x = s.in(0, channels_last(4)), rois = s.in(1), which = s.in(2);
  const Shape image = s.shape(x);
  const int32_t regions = s.shape(rois)[0];
  s.want<"its regions are {}">(
      s.shape(rois) == Shape{regions, 4} && s.shape(which) == Shape{regions}, s.shape(rois));
  const auto corner = [&](int32_t i) {
    const int v = s.with("Multiply", s.slice(rois, 1, i, 1), scale);
    return half ? s.with("Sub", v, 0.5) : v;
  };
  const Samples across = samples_along(s, corner(0), corner(2), width, samples, image[2], !half);
  const Samples down = samples_along(s, corner(1), corner(3), height, samples, image[1], !half);
  const Shape rows{regions, height * samples, 1}, columns{regions, 1, width * samples};
  const Shape places{regions, height * samples, width * samples};
  const auto spread = [&](int v, const Shape& as) {
    return s.op("BroadcastTo", {s.cast(s.reshape(v, as), DType::kInt32)}, {{"shape", places}});
  };
  const int batch = s.op("BroadcastTo", {s.reshape(which, {regions, 1, 1})}, {{"shape", places}});
  const auto other = [&](int w) { return s.op("Sub", {s.number(1), w}); };
  int sum = kAbsent;
  for (int i = 0; i < 4; ++i) {
    const bool low_row = i < 2, low_column = i % 2 == 0;
    const int where = s.pack({batch, spread(low_row ? down.low : down.high, rows),
                              spread(low_column ? across.low : across.high, columns)},
                             3);
    const int wy = s.reshape(low_row ? other(down.weight) : down.weight, {regions, rows[1], 1, 1});
    const int wx =
        s.reshape(low_column ? other(across.weight) : across.weight, {regions, 1, columns[2], 1});
    const int part = s.op("Multiply", {s.op("GatherNd", {x, where}), s.op("Multiply", {wy, wx})});
    sum = sum == kAbsent ? part : s.op("Add", {sum, part});
  }
  const int inside = s.op("LogicalAnd", {s.reshape(down.inside, {regions, rows[1], 1, 1}),
                                         s.reshape(across.inside, {regions, 1, columns[2], 1})});
  sum = s.select(inside, sum, s.number(0));
  const std::vector<double> size = {1.0 * samples, 1.0 * samples};
  const int y = s.op("AvgPool", {sum}, {{"filterSize", size}, {"pad", "valid"}, {"strides", size}});
  return s.out(0, y, channels_last(4));
}

// --- AffineGrid ----------------------------------------------------------------------------------
// Places of pixels along an axis from -1 to 1: of their centres, or with the first and last there.
Status line_of(int32_t length, bool corners, std::vector<double>* line) {
  WXNN_CHECK(length > 0 && (length > 1 || !corners),
             "size has an axis of {} pixels, which has no corners", length);
  for (int32_t i = 0; i < length; ++i)
    line->push_back(corners ? 2.0 * i / (length - 1) - 1 : (2.0 * i + 1) / length - 1);
  return {};
}

// The places of an image's pixels, as rows [x, y, 1] (of a volume [x, y, z, 1]), moved by theta.
Status affine_grid(OnnxNode& n, const OnnxRow&) {
  constexpr double kMostPlaces = 1 << 24;
  Steps s(n);
  const int theta = s.in(0);
  const std::vector<double> size = s.numbers(1, "size");
  const bool corners = n.integer("align_corners", 0) != 0;
  const int axes = static_cast<int>(size.size()) - 2;
  s.want<"size has {} numbers, 4 or 5 are supported">(axes == 2 || axes == 3, axes + 2);
  s.want<"theta is {}">(s.shape(theta) == Shape{s.shape(theta)[0], axes, axes + 1}, s.shape(theta));
  WXNN_TRY(s.done());
  const Shape from = s.shape(theta);
  Shape to{from[0]};
  double places = 1;
  std::vector<std::vector<double>> lines(axes);
  for (int i = 0; i < axes; ++i) {
    places *= size[2 + i];
    s.want<"size is too large, or empty">(size[2 + i] > 0 && places <= kMostPlaces);
    WXNN_TRY(s.done());
    to.push_back(whole<int32_t>(size[2 + i]));
    WXNN_TRY(line_of(to[-1], corners, &lines[i]));
  }
  to.push_back(axes);
  std::vector<float> rows;
  const int32_t all = whole<int32_t>(places);
  WXNN_TRY(n.b.room((axes + 1) * places));
  for (int32_t k = 0; k < all; ++k) {
    int32_t rest = k;
    for (int i = axes; i-- > 0;) {
      const int32_t length = static_cast<int32_t>(lines[i].size());
      rows.push_back(static_cast<float>(lines[i][rest % length]));
      rest /= length;
    }
    rows.push_back(1);
  }
  int y = s.op("BatchMatMul", {s.constant({1, all, axes + 1}, rows), theta}, {{"transposeB", 1}});
  return s.out(0, s.reshape(y, to));
}

constexpr OnnxRow kRows[] = {
    {"AffineGrid", affine_grid}, {"GridSample", grid_sample}, {"RoiAlign", roi_align}};

}  // namespace

std::span<const OnnxRow> onnx_rows_sampling() { return kRows; }

}  // namespace wxnn
