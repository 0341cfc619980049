// PadV2 and MirrorPad: a tensor with a border.
#include <algorithm>
#include <cstring>

#include "core/whole.h"
#include "ops/arguments.h"

namespace wxnn {
namespace {

// Element bytes of a padding value.
struct Fill {
  uint32_t bits;
  size_t size;

  void write(uint8_t* to, size_t count) const {
    if (bits == 0 || size == 1) {
      std::memset(to, static_cast<int>(bits), count * size);
    } else {
      std::fill_n(reinterpret_cast<uint32_t*>(to), count, bits);
    }
  }
};

[[clang::minsize]] Fill fill_of(double value, DType dtype) {
  if (dtype == DType::kFloat32) return {std::bit_cast<uint32_t>(static_cast<float>(value)), 4};
  if (dtype == DType::kBool) return {value != 0, 1};
  return {static_cast<uint32_t>(whole<int32_t>(value)), 4};
}

[[clang::minsize]] Status infer_paddings(InferCtx& c, Numbers* paddings) {
  const Shape& x = c.in(0).shape;
  WXNN_CHECK(c.in(0).dtype != DType::kComplex64, "x is complex64");
  WXNN_TRY(read_numbers(c, 1, "paddings", paddings));
  WXNN_CHECK(paddings->count == 2 * x.rank(), "paddings has {} numbers, x {} wants {}",
             paddings->count, x, 2 * x.rank());
  Shape y = x;
  for (int i = 0; i < x.rank(); ++i) {
    const int64_t before = (*paddings)[2 * i];
    const int64_t after = (*paddings)[2 * i + 1];
    const int64_t n = x[i] + before + after;
    WXNN_CHECK(before >= 0 && after >= 0 && n <= INT32_MAX, "padding of axis {} is out of range",
               i);
    y[i] = static_cast<int32_t>(n);
  }
  c.out() = {c.in(0).dtype, y};
  return {};
}

struct Padder {
  const Shape& x;
  const Shape& y;
  const Numbers& paddings;
  Fill fill;
  const uint8_t* from;
  uint8_t* to;
  int axes = 0;  // what lies behind the last one that has padding is one run

  void put_border(size_t bytes) {
    fill.write(to, bytes / fill.size);
    to += bytes;
  }
  // One element of all axes in front of `axis`, which has so many bytes in y.
  void pad(int axis, size_t bytes) {
    if (axis == axes) {
      if (bytes != 0) std::memcpy(to, from, bytes);
      from += bytes;
      to += bytes;
      return;
    }
    bytes /= static_cast<size_t>(y[axis]);
    put_border(static_cast<size_t>(paddings[2 * axis]) * bytes);
    const bool last = axis + 1 == axes;
    const size_t inner = last ? bytes * static_cast<size_t>(x[axis]) : bytes;
    for (int32_t k = last ? 1 : x[axis]; k > 0; --k) pad(axis + 1, inner);
    put_border(static_cast<size_t>(paddings[2 * axis + 1]) * bytes);
  }
};

Status run_pad(const RunCtx& c) {
  const Tensor &x = c.in(0), &y = c.out();
  Fill fill = fill_of(c.attrs.f("constantValue"), x.dtype);
  if (c.has(2)) std::memcpy(&fill.bits, c.in(2).data, fill.size);
  if (y.bytes() == 0) return {};
  const Numbers paddings = numbers_of(c, 1, "paddings");
  Padder padder{x.shape, y.shape, paddings, fill, x.u8(), y.u8()};
  for (int i = 0; i < paddings.count; ++i) {
    if (paddings[i] != 0) padder.axes = i / 2 + 1;
  }
  padder.pad(0, y.bytes());
  return {};
}

// "reflect" leaves the border element out, "symmetric" repeats it.
[[clang::minsize]] Status infer_mirror_pad(InferCtx& c) {
  const std::string_view mode = c.attrs.text("mode");
  WXNN_CHECK(mode == "reflect" || mode == "symmetric",
             "mode \"{}\" should be \"reflect\" or \"symmetric\"", mode);
  Numbers paddings;
  WXNN_TRY(infer_paddings(c, &paddings));
  const Shape& x = c.in(0).shape;
  const int left_out = mode == "reflect" ? 1 : 0;
  for (int i = 0; i < 2 * x.rank(); ++i) {
    WXNN_CHECK(paddings[i] == 0 || paddings[i] <= x[i / 2] - left_out,
               "paddings {} of axis {} are more than x {} has to mirror", paddings[i], i / 2, x);
  }
  return {};
}

struct Mirror {
  const Shape& x;
  const Shape& y;
  const Numbers& paddings;
  int32_t left_out;
  size_t size;
  uint8_t* to;

  // Index of x that index k of y shows along axis i.
  int32_t source(int i, int32_t k) const {
    k -= paddings[2 * i];
    if (k < 0) k = -k - 1 + left_out;
    return k < x[i] ? k : 2 * x[i] - 1 - left_out - k;
  }
  void copy(int i, const uint8_t* from, size_t x_bytes) {
    if (i == x.rank()) {
      std::memcpy(to, from, size);
      to += size;
      return;
    }
    x_bytes /= static_cast<size_t>(x[i]);
    for (int32_t k = 0; k < y[i]; ++k) {
      copy(i + 1, from + static_cast<size_t>(source(i, k)) * x_bytes, x_bytes);
    }
  }
};

Status run_mirror_pad(const RunCtx& c) {
  const Tensor& x = c.in(0);
  if (c.out().shape.elements() == 0) return {};
  const Numbers paddings = numbers_of(c, 1, "paddings");
  const int32_t left_out = c.attrs.is("mode", "reflect") ? 1 : 0;
  Mirror mirror{x.shape, c.out().shape, paddings, left_out, size_of(x.dtype), c.out().u8()};
  mirror.copy(0, x.u8(), x.bytes());
  return {};
}

}  // namespace

extern constinit const Op kPadV2 = {
    .name = "PadV2",
    .inputs = {{"x"}, {"paddings", kArgument}, {"constantValue", kOptional}},
    .attrs = {{"paddings", AttrKind::kNumbers, kEmptyList},
              {"constantValue", AttrKind::kNumber, 0.0}},
    .infer = [](InferCtx& c) -> Status {
      WXNN_CHECK(!c.has(2) || (c.in(2).dtype == c.in(0).dtype && c.in(2).shape.elements() == 1),
                 "constantValue should be one {}", name_of(c.in(0).dtype));
      Numbers paddings;
      return infer_paddings(c, &paddings);
    },
    .run = run_pad,
};

extern constinit const Op kMirrorPad = {
    .name = "MirrorPad",
    .inputs = {{"x"}, {"paddings", kArgument}},
    .attrs = {{"paddings", AttrKind::kNumbers, kEmptyList}, {"mode", AttrKind::kText}},
    .infer = infer_mirror_pad,
    .run = run_mirror_pad,
};

}  // namespace wxnn
