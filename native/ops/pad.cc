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
    if (bits == 0) {
      std::memset(to, 0, count * size);
    } else if (size == 1) {
      std::memset(to, static_cast<int>(bits), count);
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

// The dimensions from the outside in. What lies behind the last one that has padding is one run.
class Padder {
 public:
  Padder(const Shape& x, const Numbers& paddings, Fill fill) : fill_(fill) {
    for (int i = 0; i < x.rank(); ++i) {
      if (paddings[2 * i] != 0 || paddings[2 * i + 1] != 0) rank_ = i + 1;
    }
    size_t x_elements = static_cast<size_t>(x.elements(rank_, x.rank()));
    size_t y_elements = x_elements;
    for (int i = rank_ - 1; i >= 0; --i) {
      dims_[i] = {x[i], static_cast<size_t>(paddings[2 * i]) * y_elements,
                  static_cast<size_t>(paddings[2 * i + 1]) * y_elements, x_elements};
      y_elements *= static_cast<size_t>(x[i] + paddings[2 * i] + paddings[2 * i + 1]);
      x_elements *= static_cast<size_t>(x[i]);
    }
    x_elements_ = x_elements;
  }

  void run(const uint8_t* x, uint8_t* y) {
    x_ = x;
    y_ = y;
    if (rank_ == 0) return copy(x_elements_);
    pad(0);
  }

 private:
  struct Dim {
    int32_t n;
    size_t before, after;  // elements of y
    size_t inner;          // elements of x in one step
  };

  void fill(size_t count) {
    fill_.write(y_, count);
    y_ += count * fill_.size;
  }
  void copy(size_t count) {
    const size_t bytes = count * fill_.size;
    if (bytes != 0) std::memcpy(y_, x_, bytes);
    x_ += bytes;
    y_ += bytes;
  }
  void pad(int i) {
    const Dim& d = dims_[i];
    fill(d.before);
    if (i == rank_ - 1) {
      copy(static_cast<size_t>(d.n) * d.inner);
    } else {
      for (int32_t k = 0; k < d.n; ++k) pad(i + 1);
    }
    fill(d.after);
  }

  Fill fill_;
  int rank_ = 0;
  size_t x_elements_ = 0;
  Dim dims_[Shape::kMaxRank];
  const uint8_t* x_ = nullptr;
  uint8_t* y_ = nullptr;
};

Status run_pad(const RunCtx& c) {
  const Tensor& x = c.in(0);
  Fill fill = fill_of(c.attrs.f("constantValue"), x.dtype);
  if (c.has(2)) std::memcpy(&fill.bits, c.in(2).data, fill.size);
  if (x.shape.elements() == 0) {
    fill.write(c.out().u8(), static_cast<size_t>(c.out().shape.elements()));
    return {};
  }
  Padder(x.shape, numbers_of(c, 1, "paddings"), fill).run(x.u8(), c.out().u8());
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
