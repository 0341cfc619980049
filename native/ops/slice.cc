// Slice and StridedSlice.
#include <algorithm>

#include "core/strided_copy.h"
#include "ops/arguments.h"

namespace wxnn {
namespace {

// What is taken of each dimension of x, and the output's shape, which may have fewer or more.
struct Region {
  struct Range {
    int32_t first = 0;
    int32_t step = 1;
    int32_t n = 0;
  };
  Range range[Shape::kMaxRank];
  Shape y;
};

Status copy_region(const RunCtx& c, const Region& region) {
  const Tensor& x = c.in(0);
  if (c.out().shape.elements() == 0) return {};
  const int32_t size = static_cast<int32_t>(size_of(x.dtype));
  ptrdiff_t from_step[Shape::kMaxRank];
  ptrdiff_t to_step[Shape::kMaxRank];
  ptrdiff_t from = size;
  ptrdiff_t to = size;
  ptrdiff_t start = 0;
  for (int i = x.shape.rank() - 1; i >= 0; --i) {
    const Region::Range& r = region.range[i];
    start += r.first * from;
    from_step[i] = r.step * from;
    to_step[i] = to;
    from *= x.shape[i];
    to *= r.n;
  }
  StridedCopy copy(static_cast<size_t>(size));
  for (int i = 0; i < x.shape.rank(); ++i) copy.loop(region.range[i].n, from_step[i], to_step[i]);
  copy.copy(x.u8() + start, c.out().data);
  return {};
}

// A size of -1 takes the rest. Dimensions that the lists do not reach are taken whole.
template <class Ctx>
[[clang::minsize]] Status read_slice(const Ctx& c, Region* region) {
  const Shape& x = c.in(0).shape;
  Numbers begin;
  Numbers size;
  WXNN_TRY(read_numbers(c, 1, "begin", &begin));
  WXNN_TRY(read_numbers(c, 2, "size", &size));
  WXNN_CHECK(begin.count <= x.rank() && size.count <= x.rank(),
             "begin and size have {} and {} numbers, x {} has {} dimensions", begin.count,
             size.count, x, x.rank());
  for (int i = 0; i < x.rank(); ++i) {
    const int32_t first = i < begin.count ? begin[i] : 0;
    const int32_t wanted = i < size.count ? size[i] : -1;
    WXNN_CHECK(first >= 0 && first <= x[i], "begin {} of axis {} is outside x {}", first, i, x);
    const int32_t n = wanted == -1 ? x[i] - first : wanted;
    WXNN_CHECK(n >= 0 && n <= x[i] - first, "size {} of axis {} from {} is outside x {}", wanted, i,
               first, x);
    region->range[i] = {first, 1, n};
    region->y.push_back(n);
  }
  return {};
}

// TensorFlow's strided_slice: bit k of each mask speaks of entry k of begin, end and strides.
class StridedSpec {
 public:
  template <class Ctx>
  Status read(const Ctx& c) {
    WXNN_TRY(read_numbers(c, 1, "begin", &begin_));
    WXNN_TRY(read_numbers(c, 2, "end", &end_));
    WXNN_TRY(read_numbers(c, 3, "strides", &strides_));
    if (strides_.count == 0) {
      strides_.count = begin_.count;
      std::fill_n(strides_.at, begin_.count, 1);
    }
    WXNN_CHECK(begin_.count == end_.count && begin_.count == strides_.count,
               "begin, end and strides have {}, {} and {} numbers", begin_.count, end_.count,
               strides_.count);
    begin_mask_ = bits(c.attrs, "beginMask");
    end_mask_ = bits(c.attrs, "endMask");
    ellipsis_mask_ = bits(c.attrs, "ellipsisMask");
    WXNN_CHECK((ellipsis_mask_ & (ellipsis_mask_ - 1)) == 0, "ellipsisMask has more than one bit");
    new_axis_mask_ = bits(c.attrs, "newAxisMask");
    shrink_mask_ = bits(c.attrs, "shrinkAxisMask");
    return {};
  }

  Status apply(const Shape& x, Region* region) const;

 private:
  static uint32_t bits(const Attrs& attrs, const char* name) {
    return static_cast<uint32_t>(attrs.i(name));
  }
  // Entries that take a dimension of x.
  int dimensions() const {
    int n = 0;
    for (int k = 0; k < begin_.count; ++k) {
      n += ((ellipsis_mask_ | new_axis_mask_) >> k & 1) == 0;
    }
    return n;
  }
  Status entry(int k, int axis, const Shape& x, Region::Range* range) const;

  Numbers begin_, end_, strides_;
  uint32_t begin_mask_, end_mask_, ellipsis_mask_, new_axis_mask_, shrink_mask_;
};

[[clang::minsize]] Status StridedSpec::entry(int k, int axis, const Shape& x,
                                             Region::Range* range) const {
  const int64_t n = x[axis];
  const int64_t step = strides_[k];
  WXNN_CHECK(step != 0, "strides of axis {} is 0", axis);
  const auto from_end = [n](int64_t i) { return i < 0 ? i + n : i; };
  if ((shrink_mask_ >> k & 1) != 0) {
    const int64_t index = from_end(begin_[k]);
    WXNN_CHECK(step > 0, "strides of axis {}, which is taken out, is negative", axis);
    WXNN_CHECK(index >= 0 && index < n, "index {} of axis {} is outside x {}", begin_[k], axis, x);
    *range = {static_cast<int32_t>(index), 1, 1};
    return {};
  }
  // Where a forward or a backward walk may start and stop.
  const int64_t low = step > 0 ? 0 : -1;
  const int64_t high = step > 0 ? n : n - 1;
  const int64_t first = (begin_mask_ >> k & 1) != 0 ? (step > 0 ? low : high)
                                                    : std::clamp(from_end(begin_[k]), low, high);
  const int64_t stop = (end_mask_ >> k & 1) != 0 ? (step > 0 ? high : low)
                                                 : std::clamp(from_end(end_[k]), low, high);
  const int64_t way = step > 0 ? stop - first : first - stop;
  const int64_t stride = step > 0 ? step : -step;
  const int64_t count = way > 0 ? (way + stride - 1) / stride : 0;
  *range = {static_cast<int32_t>(first), static_cast<int32_t>(step), static_cast<int32_t>(count)};
  return {};
}

[[clang::minsize]] Status StridedSpec::apply(const Shape& x, Region* region) const {
  int axis = 0;
  const int dims = dimensions();
  WXNN_CHECK(dims <= x.rank(), "begin has {} indices, x {} {} dimensions", dims, x, x.rank());
  int skipped = x.rank() - dims;  // what an ellipsis, or else the end of the list, stands for
  const auto take_whole = [&] {
    region->range[axis] = {0, 1, x[axis]};
    region->y.push_back(x[axis++]);
  };
  for (int k = 0; k < begin_.count; ++k) {
    WXNN_CHECK(region->y.rank() + skipped < Shape::kMaxRank, "would give more than {} dimensions",
               Shape::kMaxRank);
    if ((ellipsis_mask_ >> k & 1) != 0) {
      for (; skipped > 0; --skipped) take_whole();
    } else if ((new_axis_mask_ >> k & 1) != 0) {
      region->y.push_back(1);
    } else {
      Region::Range& range = region->range[axis];
      WXNN_TRY(entry(k, axis, x, &range));
      if ((shrink_mask_ >> k & 1) == 0) region->y.push_back(range.n);
      ++axis;
    }
  }
  while (axis < x.rank()) take_whole();
  return {};
}

template <class Ctx>
Status read_strided(const Ctx& c, Region* region) {
  StridedSpec spec;
  WXNN_TRY(spec.read(c));
  return spec.apply(c.in(0).shape, region);
}

}  // namespace

extern constinit const Op kSlice = {
    .name = "Slice",
    .inputs = {{"x"}, {"begin", kArgument}, {"size", kArgument}},
    .attrs = {{"begin", AttrKind::kNumbers, kEmptyList}, {"size", AttrKind::kNumbers, kEmptyList}},
    .infer = [](InferCtx& c) -> Status {
      Region region;
      WXNN_TRY(read_slice(c, &region));
      c.out() = {c.in(0).dtype, region.y};
      return {};
    },
    .run = [](const RunCtx& c) -> Status {
      Region region;
      WXNN_TRY(read_slice(c, &region));
      return copy_region(c, region);
    },
};

extern constinit const Op kStridedSlice = {
    .name = "StridedSlice",
    .inputs = {{"x"}, {"begin", kArgument}, {"end", kArgument}, {"strides", kArgument}},
    .attrs = {{"begin", AttrKind::kNumbers, kEmptyList},
              {"end", AttrKind::kNumbers, kEmptyList},
              {"strides", AttrKind::kNumbers, kEmptyList},
              {"beginMask", AttrKind::kNumber, 0.0},
              {"endMask", AttrKind::kNumber, 0.0},
              {"ellipsisMask", AttrKind::kNumber, 0.0},
              {"newAxisMask", AttrKind::kNumber, 0.0},
              {"shrinkAxisMask", AttrKind::kNumber, 0.0}},
    .infer = [](InferCtx& c) -> Status {
      Region region;
      WXNN_TRY(read_strided(c, &region));
      c.out() = {c.in(0).dtype, region.y};
      return {};
    },
    .run = [](const RunCtx& c) -> Status {
      Region region;
      WXNN_TRY(read_strided(c, &region));
      return copy_region(c, region);
    },
};

}  // namespace wxnn
