// ONNX's window functions, discrete Fourier transforms, determinants and n-gram counts: constants
// and products.
#include <algorithm>
#include <cmath>
#include <map>

#include "converter/onnx_graph.h"
#include "converter/onnx_steps.h"
#include "core/whole.h"

namespace wxnn {

namespace {

constexpr double kTurn = 6.283185307179586;
constexpr int32_t kLongest = 1 << 12;  // of a transform: its matrix has the square of it

struct Direction {
  double cosine = 1, sine = 0;
};

// Of the k-th of n equal parts of a turn, 0 <= k <= n / 8, by its series: the same on every
// machine.
Direction first_octant(double k, double n) {
  const double x = kTurn * k / n;
  Direction d{.cosine = 0, .sine = 0};
  double term = 1;
  for (int i = 0; i < 20; ++i) {
    double& sum = i % 2 == 0 ? d.cosine : d.sine;
    sum += i % 4 < 2 ? term : -term;
    term *= x / (i + 1);
  }
  return d;
}

// Of any k: the octants are mirrors of the first, exactly.
Direction direction(int64_t k, int64_t n) {
  k %= n;
  const int64_t quarter = 4 * k / n, rest = 4 * k - quarter * n;  // rest / (4 n) of a turn
  const bool beyond = 2 * rest > n;
  const double part = static_cast<double>(beyond ? n - rest : rest);
  Direction d = first_octant(part, 4.0 * static_cast<double>(n));
  if (beyond) std::swap(d.cosine, d.sine);
  for (int64_t i = 0; i < quarter; ++i) d = {-d.sine, d.cosine};
  return d;
}

// --- windows: a0 - a1 cos(turn) + a2 cos(2 turns) ------------------------------------------------
Status window(OnnxNode& n, double a0, double a1, double a2) {
  Steps s(n);
  const std::vector<double> size = s.numbers(0, "size");
  WXNN_TRY(n.must_be("output_datatype", 1));
  const bool periodic = n.integer("periodic", 1) != 0;
  WXNN_TRY(s.done());
  WXNN_CHECK(size.size() == 1 && size[0] >= 1 && size[0] <= 1 << 24, "its size is not sensible");
  const int32_t length = whole<int32_t>(size[0]);
  const int64_t whole = std::max(periodic ? length : length - 1, 1);
  std::vector<float> numbers;
  WXNN_TRY(n.b.room(length));
  for (int32_t i = 0; i < length; ++i) {
    const double once = direction(i, whole).cosine, twice = direction(2 * int64_t{i}, whole).cosine;
    numbers.push_back(static_cast<float>(a0 - a1 * once + a2 * twice));
  }
  const int y = s.constant({length}, numbers);
  return s.out(0, y);
}

// --- Fourier transforms --------------------------------------------------------------------------
struct Transform {
  int32_t length = 0;  // of the transform
  int32_t bins = 0;    // of the output
  bool inverse = false;
};

// In two parts, the first of 12 bits: rounding the matrix would show where large numbers cancel.
struct Matrix {
  int high = kAbsent, low = kAbsent;
};
Matrix circle(Steps& s, int32_t rows, const Transform& t, double Direction::* part) {
  std::vector<float> high, low;
  s.keep(s.n.b.room(2.0 * rows * t.bins));
  if (!s.ok()) return {};
  for (int64_t i = 0; i < rows; ++i) {
    for (int64_t k = 0; k < t.bins; ++k) {
      const double w = direction(i * k, t.length).*part;
      constexpr double kShift = 4096;
      const double rounded = static_cast<double>(whole<int32_t>(w * kShift)) / kShift;
      high.push_back(static_cast<float>(rounded));
      low.push_back(static_cast<float>(w - rounded));
    }
  }
  return {s.constant({rows, t.bins}, high), s.constant({rows, t.bins}, low)};
}

// Real and imaginary part [..., n] to [..., bins, 2]. `im` may be absent. With fewer than `length`
// numbers the rest counts as zeros.
int transform(Steps& s, const Transform& t, int re, int im) {
  const int32_t have = std::min(s.shape(re)[-1], t.length);
  re = s.slice(re, s.shape(re).rank() - 1, 0, have);
  if (im != kAbsent) im = s.slice(im, s.shape(im).rank() - 1, 0, have);
  const Matrix c = circle(s, have, t, &Direction::cosine);
  const Matrix sine = circle(s, have, t, &Direction::sine);
  const auto times = [&](int x, const Matrix& m) {
    const int high = s.op("_FusedMatMul", {x, m.high}), low = s.op("_FusedMatMul", {x, m.low});
    return s.op("Add", {high, low});
  };
  // (re + i im)(cos -+ i sin)
  int out_re = times(re, c), out_im = times(re, sine);
  if (!t.inverse) out_im = s.op("Neg", {out_im});
  if (im != kAbsent) {
    const int cross = times(im, sine);
    out_re = s.op(t.inverse ? "Sub" : "Add", {out_re, cross});
    out_im = s.op("Add", {out_im, times(im, c)});
  }
  int y = s.pack({out_re, out_im}, s.shape(out_re).rank());
  return t.inverse ? s.with("RealDiv", y, t.length) : y;
}

Status dft(OnnxNode& n, const OnnxRow&) {
  Steps s(n);
  constexpr int64_t kAxisIsInputFrom = 20;
  const bool new_form = n.opset >= kAxisIsInputFrom;
  const int x = s.in(0);
  const Shape from = s.shape(x);
  double wanted = new_form ? -2 : n.number("axis", 1);
  if (n.has(2)) {
    const std::vector<double> axes = s.numbers(2, "axis");
    s.want<"its axis is no single number">(axes.size() == 1);
    if (s.ok()) wanted = axes[0];
  }
  WXNN_TRY(s.done());
  int axis = 0;
  WXNN_TRY(onnx_axis(wanted, from.rank(), &axis));
  WXNN_CHECK(from.rank() >= 2 && axis != from.rank() - 1 && (from[-1] == 1 || from[-1] == 2),
             "its input is {}", from);
  Transform t{.length = from[axis], .inverse = n.integer("inverse", 0) != 0};
  const bool one_sided = n.integer("onesided", 0) != 0;
  if (n.has(1)) {
    const std::vector<double> length = s.numbers(1, "dft_length");
    WXNN_TRY(s.done());
    WXNN_CHECK(length.size() == 1 && length[0] >= 1 && length[0] <= kLongest,
               "dft_length is not sensible");
    t.length = whole<int32_t>(length[0]);
  }
  WXNN_CHECK(t.length >= 1 && t.length <= kLongest,
             "transforms {} numbers, at most {} are supported", t.length, kLongest);
  WXNN_CHECK(!(one_sided && t.inverse), "onesided with inverse is not supported");
  t.bins = one_sided ? t.length / 2 + 1 : t.length;
  // The axis goes last, and afterwards back.
  const int last = from.rank() - 2;
  std::vector<double> swap(from.rank() - 1);
  for (int i = 0; i <= last; ++i) swap[i] = i;
  std::swap(swap[axis], swap[last]);
  const auto part = [&](int32_t i) { return s.transpose(s.pick(x, last + 1, i), swap); };
  const int re = part(0), im = from[-1] == 2 ? part(1) : kAbsent;
  const int y = transform(s, t, re, im);
  swap.push_back(last + 1);
  return s.out(0, s.transpose(y, swap));
}

// Frames of a real signal [B, L, 1], each times the window: [B, frames, bins, 2].
Status stft(OnnxNode& n, const OnnxRow&) {
  Steps s(n);
  const int x = s.in(0);
  const Shape from = s.shape(x);
  const std::vector<double> step = s.numbers(1, "frame_step");
  const int weights = n.has(2) ? s.in(2) : kAbsent;
  int32_t length = weights == kAbsent ? 0 : s.shape(weights)[0];
  if (n.has(3)) {
    const std::vector<double> said = s.numbers(3, "frame_length");
    if (s.ok() && said.size() == 1) length = whole<int32_t>(std::clamp(said[0], 0.0, 1e9));
  }
  WXNN_TRY(s.done());
  const bool one_sided = n.integer("onesided", 1) != 0;
  const bool is_real = from.rank() == 2 || (from.rank() == 3 && from[2] == 1);
  WXNN_CHECK(is_real, "its signal is {}; only a real one is supported", from);
  WXNN_CHECK(length >= 1 && length <= std::min(kLongest, from[1]),
             "frames of {} do not fit the signal {}", length, from);
  WXNN_CHECK(weights == kAbsent || n.b.shape(weights) == Shape{length}, "its window is {}",
             n.b.shape(weights == kAbsent ? x : weights));
  WXNN_CHECK(step.size() == 1 && step[0] >= 1 && step[0] <= from[1], "frame_step is not sensible");
  const int32_t hop = whole<int32_t>(step[0]), frames = (from[1] - length) / hop + 1;
  std::vector<int32_t> indices;
  WXNN_TRY(n.b.room(1.0 * frames * length));
  for (int32_t f = 0; f < frames; ++f)
    for (int32_t i = 0; i < length; ++i) indices.push_back(f * hop + i);
  int y = s.reshape(x, {from[0], from[1]});
  y = s.op("GatherV2", {y, s.constant({frames, length}, indices)}, {{"axis", 1}});
  if (weights != kAbsent) y = s.op("Multiply", {y, weights});
  const Transform t{.length = length, .bins = one_sided ? length / 2 + 1 : length};
  return s.out(0, transform(s, t, y, kAbsent));
}

// --- MelWeightMatrix -----------------------------------------------------------------------------
// [bins of the spectrum, bands]: triangles whose corners are equally far apart on the mel scale.
Status mel_weights(OnnxNode& n, const OnnxRow&) {
  constexpr const char* kNames[] = {"num_mel_bins", "dft_length", "sample_rate", "lower_edge_hertz",
                                    "upper_edge_hertz"};
  constexpr double kMost = 1 << 24;  // numbers
  Steps s(n);
  double given[5] = {};
  for (size_t i = 0; i < 5; ++i) {
    const std::vector<double> list = s.numbers(i, kNames[i]);
    WXNN_TRY(s.done());
    WXNN_CHECK(list.size() == 1, "{} is no single number", kNames[i]);
    given[i] = list[0];
  }
  WXNN_TRY(n.must_be("output_datatype", 1));
  const auto [bands, length, rate, low, high] = given;
  const double bins = std::floor(length / 2) + 1;
  WXNN_CHECK(
      bands >= 1 && length >= 1 && rate > 0 && low >= 0 && high > low && bands * bins <= kMost,
      "its numbers are not sensible");
  // 2595 log10(1 + f / 700), and back.
  const double from = std::log1p(low / 700), step = (std::log1p(high / 700) - from) / (bands + 2);
  std::vector<int64_t> corners;
  for (int32_t i = 0; i < bands + 2; ++i) {
    const double hertz = 700 * std::expm1(from + i * step);
    corners.push_back(whole<int64_t>((length + 1) * hertz / rate));
    WXNN_CHECK(corners.back() >= 0 && static_cast<double>(corners.back()) < bins,
               "upper_edge_hertz is beyond the spectrum");
  }
  const size_t columns = static_cast<size_t>(bands);
  std::vector<float> weights(static_cast<size_t>(bins) * columns);
  for (size_t k = 0; k < columns; ++k) {
    const int64_t left = corners[k], centre = corners[k + 1], right = corners[k + 2];
    const auto set = [&](int64_t bin, int64_t part, int64_t whole) {
      weights[static_cast<size_t>(bin) * columns + k] =
          static_cast<float>(static_cast<double>(part) / static_cast<double>(whole));
    };
    if (left == centre) set(centre, 1, 1);
    for (int64_t j = left; left < centre && j <= centre; ++j) set(j, j - left, centre - left);
    for (int64_t j = centre; j < right; ++j) set(j, right - j, right - centre);
  }
  return s.out(0, s.constant({static_cast<int32_t>(bins), static_cast<int32_t>(bands)}, weights));
}

// --- Det -----------------------------------------------------------------------------------------
// Of rows `row`.. and the columns in `columns`, by the minors of the first row.
int minor(Steps& s, int x, int row, const std::vector<int>& columns) {
  const int rank = s.shape(x).rank();
  int sum = kAbsent;
  for (size_t k = 0; k < columns.size(); ++k) {
    int part = s.pick(s.pick(x, rank - 1, columns[k]), rank - 2, row);
    std::vector<int> rest = columns;
    rest.erase(rest.begin() + static_cast<ptrdiff_t>(k));
    if (!rest.empty()) part = s.op("Multiply", {part, minor(s, x, row + 1, rest)});
    if (sum == kAbsent)
      sum = part;
    else
      sum = s.op(k % 2 == 0 ? "Add" : "Sub", {sum, part});
  }
  return sum;
}

Status det(OnnxNode& n, const OnnxRow&) {
  Steps s(n);
  const int x = s.in(0);
  const Shape shape = s.shape(x);
  WXNN_TRY(s.done());
  constexpr int kLargest = 4;
  WXNN_CHECK(shape.rank() >= 2 && shape[-1] == shape[-2] && shape[-1] >= 1 && shape[-1] <= kLargest,
             "its input is {}; matrices up to {} x {} are supported", shape, kLargest, kLargest);
  std::vector<int> columns = identity(shape[-1]);
  return s.out(0, minor(s, x, 0, columns));
}

// --- TfIdfVectorizer -----------------------------------------------------------------------------
struct Gram {
  std::vector<int32_t> items;
  size_t entry = 0;  // its place in ngram_indexes
};

Status read_grams(OnnxNode& n, std::vector<Gram>* grams) {
  std::vector<int32_t> pool, starts;
  WXNN_TRY(n.integers("pool_int64s", &pool));
  WXNN_TRY(n.integers("ngram_counts", &starts));
  WXNN_CHECK(!n.has_attribute("pool_strings"), "pool_strings is not supported");
  WXNN_CHECK(starts.empty() || starts[0] >= 0, "ngram_counts leaves its pool");
  starts.push_back(static_cast<int32_t>(pool.size()));
  WXNN_CHECK(std::ranges::is_sorted(starts), "ngram_counts leaves its pool");
  size_t entry = 0;
  for (size_t length = 1; length < starts.size(); ++length) {
    const std::span items = std::span(pool).first(starts[length]).subspan(starts[length - 1]);
    for (size_t at = 0; at + length <= items.size(); at += length) {
      const auto gram = items.subspan(at, length);
      grams->push_back({.items = {gram.begin(), gram.end()}, .entry = entry++});
    }
  }
  return {};
}

// How often the gram stands in each row of x [N, length], gaps of up to `skips` between its items.
int occurrences(Steps& s, int x, const Gram& gram, int skips) {
  const int32_t length = s.shape(x)[1], items = static_cast<int32_t>(gram.items.size());
  int sum = kAbsent;
  for (int32_t distance = 1; distance <= (items == 1 ? 1 : skips + 1); ++distance) {
    const int32_t places = length - distance * (items - 1);
    if (places <= 0 || !s.ok()) break;
    int match = kAbsent;
    for (int32_t k = 0; k < items; ++k) {
      const int equal = s.op(
          "Equal", {s.slice(x, 1, k * distance, places), s.number(gram.items[k], DType::kInt32)});
      match = match == kAbsent ? equal : s.op("LogicalAnd", {match, equal});
    }
    const int count = s.op("Sum", {s.cast(match, DType::kFloat32)}, {{"axis", 1}});
    sum = sum == kAbsent ? count : s.op("Add", {sum, count});
  }
  return sum;
}

Status tf_idf(OnnxNode& n, const OnnxRow&) {
  Steps s(n);
  const int shortest = n.integer("min_gram_length", 1), longest = n.integer("max_gram_length", 1);
  const int skips = n.integer("max_skip_count", 0);
  const std::string mode = n.text("mode", "TF");
  const std::vector<double> weights = n.list("weights");
  std::vector<int32_t> columns;
  WXNN_TRY(n.integers("ngram_indexes", &columns));
  std::vector<Gram> grams;
  WXNN_TRY(read_grams(n, &grams));
  int x = s.in(0);
  const Shape from = s.shape(x);
  WXNN_TRY(s.done());
  constexpr int32_t kMost = 4096;
  WXNN_CHECK(mode == "TF" || mode == "IDF" || mode == "TFIDF", "mode \"{}\" is not known", mode);
  WXNN_CHECK(from.rank() == 1 || from.rank() == 2, "its input is {}", from);
  WXNN_CHECK(grams.size() == columns.size() && std::ssize(grams) <= kMost && !grams.empty(),
             "has {} n-grams and {} indexes; at most {} are supported", grams.size(),
             columns.size(), kMost);
  WXNN_CHECK(weights.empty() || weights.size() == grams.size(), "has {} weights", weights.size());
  const int32_t rows = from.rank() == 1 ? 1 : from[0];
  WXNN_TRY(n.b.room(rows));
  x = s.reshape(x, {rows, from[-1]});
  const auto [least, last] = std::ranges::minmax(columns);
  WXNN_CHECK(least >= 0 && last < 16 * kMost, "ngram_indexes is out of range");
  std::vector<int> parts(last + 1, kAbsent);
  for (const Gram& gram : grams) {
    const int size = static_cast<int>(gram.items.size());
    if (size < shortest || size > longest) continue;
    int count = occurrences(s, x, gram, std::clamp(skips, 0, from[-1]));
    if (count == kAbsent) continue;
    if (mode == "IDF") count = s.cast(s.op("Greater", {count, s.number(0)}), DType::kFloat32);
    if (mode != "TF" && !weights.empty()) count = s.with("Multiply", count, weights[gram.entry]);
    int& part = parts[columns[gram.entry]];
    part = part == kAbsent ? count : s.op("Add", {part, count});
  }
  const int zeros = s.constant({rows}, std::vector<float>(rows));
  std::ranges::replace(parts, kAbsent, zeros);
  int y = s.pack(parts, 1);
  if (from.rank() == 1) y = s.reshape(y, {static_cast<int32_t>(parts.size())});
  return s.out(0, y);
}

constexpr OnnxRow kRows[] = {
    {"BlackmanWindow", [](OnnxNode& n, const OnnxRow&) { return window(n, 0.42, 0.5, 0.08); }},
    {"DFT", dft},
    {"Det", det},
    {"HammingWindow",
     [](OnnxNode& n, const OnnxRow&) { return window(n, 25.0 / 46, 21.0 / 46, 0); }},
    {"HannWindow", [](OnnxNode& n, const OnnxRow&) { return window(n, 0.5, 0.5, 0); }},
    {"MelWeightMatrix", mel_weights},
    {"STFT", stft},
    {"TfIdfVectorizer", tf_idf},
};

}  // namespace

std::span<const OnnxRow> onnx_rows_signal() { return kRows; }

}  // namespace wxnn
