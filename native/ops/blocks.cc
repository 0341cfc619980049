// DepthToSpace, SpaceToDepth, SpaceToBatchND and BatchToSpaceND: pixels traded for channels or for
// pictures of the batch.
#include <algorithm>
#include <cstring>

#include "core/strided_copy.h"
#include "ops/arguments.h"

namespace wxnn {
namespace {

[[clang::minsize]] Status check_block(const InferCtx& c) {
  const Shape& x = c.in(0).shape;
  const int32_t block = c.attrs.i("blockSize");
  WXNN_CHECK(x.rank() == 4, "x {} should be [N,H,W,C]", x);
  WXNN_CHECK(block > 0 && block < 32768, "blockSize {} is out of range", block);
  return {};
}

// Of an image with depth [N,H,W,b*b*C] and one with space [N,H*b,W*b,C], in bytes.
void trade(const Shape& deep, int32_t block, size_t size, const void* from, void* to,
           bool to_space) {
  const ptrdiff_t pixel = deep[3] / (block * block) * static_cast<ptrdiff_t>(size);
  const ptrdiff_t row = pixel * block;         // of one block, as depth and as space
  const ptrdiff_t space_line = row * deep[2];  // one row of space
  const ptrdiff_t deep_pixel = row * block;
  StridedCopy copy(size);
  const auto loop = [&](int32_t n, ptrdiff_t in_deep, ptrdiff_t in_space) {
    copy.loop(n, to_space ? in_deep : in_space, to_space ? in_space : in_deep);
  };
  loop(deep[0] * deep[1], deep_pixel * deep[2], space_line * block);
  loop(deep[2], deep_pixel, row);
  loop(block, row, space_line);
  loop(static_cast<int32_t>(row / static_cast<ptrdiff_t>(size)), static_cast<ptrdiff_t>(size),
       static_cast<ptrdiff_t>(size));
  copy.copy(from, to);
}

// The batch [N*b0*b1…, s0, s1…, rest] and the space [N, s0*b0 - cropped, s1*b1 - cropped…, rest]:
// picture (k0 k1…) N + n of the batch holds every b-th pixel of picture n, from k on.
struct Blocks {
  int count = 0;  // block dimensions
  int32_t block[Shape::kMaxRank] = {};
  int32_t before[Shape::kMaxRank] = {};  // padding or cropping
  int32_t after[Shape::kMaxRank] = {};
  int32_t all = 1;  // product of `block`
};

template <class Ctx>
[[clang::minsize]] Status read_blocks(const Ctx& c, const char* border, Blocks* blocks) {
  const Shape& x = c.in(0).shape;
  Numbers block;
  Numbers pads;
  WXNN_TRY(read_numbers(c, 1, "blockShape", &block));
  WXNN_TRY(read_numbers(c, 2, border, &pads));
  WXNN_CHECK(block.count < x.rank() && pads.count == 2 * block.count,
             "blockShape has {} numbers and {} {}, which does not fit x {}", block.count, border,
             pads.count, x);
  int64_t all = 1;
  blocks->count = block.count;
  for (int i = 0; i < block.count; ++i) {
    WXNN_CHECK(block[i] > 0, "blockShape {} is not positive", block[i]);
    WXNN_CHECK(pads[2 * i] >= 0 && pads[2 * i + 1] >= 0, "{} are negative", border);
    all *= block[i];
    WXNN_CHECK(all <= INT32_MAX, "blockShape is too large");
    blocks->block[i] = block[i];
    blocks->before[i] = pads[2 * i];
    blocks->after[i] = pads[2 * i + 1];
  }
  blocks->all = static_cast<int32_t>(all);
  return {};
}

[[clang::minsize]] Status infer_space_to_batch(InferCtx& c) {
  Blocks b;
  WXNN_TRY(read_blocks(c, "paddings", &b));
  const Shape& x = c.in(0).shape;
  Shape y = x;
  const int64_t pictures = static_cast<int64_t>(x[0]) * b.all;
  WXNN_CHECK(pictures <= INT32_MAX, "the batch becomes too large");
  y[0] = static_cast<int32_t>(pictures);
  for (int i = 0; i < b.count; ++i) {
    const int64_t n = static_cast<int64_t>(x[i + 1]) + b.before[i] + b.after[i];
    WXNN_CHECK(n <= INT32_MAX && n % b.block[i] == 0,
               "axis {} of x {} with paddings is {}, not a multiple of the block {}", i + 1, x, n,
               b.block[i]);
    y[i + 1] = static_cast<int32_t>(n / b.block[i]);
  }
  c.out() = {c.in(0).dtype, y};
  return {};
}

[[clang::minsize]] Status infer_batch_to_space(InferCtx& c) {
  Blocks b;
  WXNN_TRY(read_blocks(c, "crops", &b));
  const Shape& x = c.in(0).shape;
  WXNN_CHECK(x[0] % b.all == 0, "the batch of x {} is not a multiple of the blocks, {}", x, b.all);
  Shape y = x;
  y[0] = x[0] / b.all;
  for (int i = 0; i < b.count; ++i) {
    const int64_t n = static_cast<int64_t>(x[i + 1]) * b.block[i] - b.before[i] - b.after[i];
    WXNN_CHECK(n >= 0 && n <= INT32_MAX, "crops take more than axis {} of x {} has", i + 1, x);
    y[i + 1] = static_cast<int32_t>(n);
  }
  c.out() = {c.in(0).dtype, y};
  return {};
}

// Copies one group of pictures, that of offsets `k` within the blocks.
void copy_group(const Blocks& b, const int32_t* k, const Tensor& batch, const Tensor& space,
                int32_t group, bool to_space) {
  const int rank = space.shape.rank();
  ptrdiff_t batch_step = static_cast<ptrdiff_t>(size_of(space.dtype));
  ptrdiff_t space_step = batch_step;
  struct {
    int32_t n;
    ptrdiff_t batch, space;
  } loops[Shape::kMaxRank];
  ptrdiff_t batch_at = 0;
  ptrdiff_t space_at = 0;
  for (int i = rank - 1; i >= 0; --i) {
    const int32_t n = space.shape[i];
    loops[i] = {n, batch_step, space_step};
    if (i > 0 && i <= b.count) {
      // Index s of the batch stands for pixel s * block + k - before of the space.
      const int32_t block = b.block[i - 1];
      const int32_t shift = k[i - 1] - b.before[i - 1];
      const int32_t first = shift < 0 ? (-shift + block - 1) / block : 0;
      const int32_t pixel = first * block + shift;
      loops[i] = {pixel < n ? (n - pixel + block - 1) / block : 0, batch_step, space_step * block};
      batch_at += first * batch_step;
      space_at += pixel * space_step;
    }
    batch_step *= batch.shape[i];
    space_step *= n;
  }
  batch_at += group * (batch_step / std::max(batch.shape[0], 1)) * space.shape[0];
  StridedCopy copy(size_of(space.dtype));
  for (int i = 0; i < rank; ++i) {
    copy.loop(loops[i].n, to_space ? loops[i].batch : loops[i].space,
              to_space ? loops[i].space : loops[i].batch);
  }
  uint8_t* in_batch = batch.u8() + batch_at;
  uint8_t* in_space = space.u8() + space_at;
  copy.copy(to_space ? in_batch : in_space, to_space ? in_space : in_batch);
}

void copy_groups(const Blocks& b, const Tensor& batch, const Tensor& space, bool to_space) {
  if (batch.shape.elements() == 0 || space.shape.elements() == 0) return;
  int32_t k[Shape::kMaxRank] = {};
  for (int32_t group = 0; group < b.all; ++group) {
    copy_group(b, k, batch, space, group, to_space);
    for (int i = b.count - 1; i >= 0 && ++k[i] == b.block[i]; --i) k[i] = 0;
  }
}

}  // namespace

extern constinit const Op kDepthToSpace = {
    .name = "DepthToSpace",
    .inputs = {{"x"}},
    .attrs = {{"blockSize"}, {"dataFormat", AttrKind::kText, "NHWC"}},
    .infer = [](InferCtx& c) -> Status {
      WXNN_TRY(check_block(c));
      const Shape& x = c.in(0).shape;
      const int32_t b = c.attrs.i("blockSize");
      if (!c.attrs.is("dataFormat", "NHWC")) return not_known(c.attrs, "dataFormat");
      WXNN_CHECK(x[3] % (b * b) == 0 && x[1] <= INT32_MAX / b && x[2] <= INT32_MAX / b,
                 "x {} does not divide into blocks of {}", x, b);
      c.out() = {c.in(0).dtype, {x[0], x[1] * b, x[2] * b, x[3] / (b * b)}};
      return {};
    },
    .run = [](const RunCtx& c) -> Status {
      trade(c.in(0).shape, c.attrs.i("blockSize"), size_of(c.in(0).dtype), c.in(0).data,
            c.out().data, true);
      return {};
    },
};

// TFLite has it; tfjs has no kernel of this name.
extern constinit const Op kSpaceToDepth = {
    .name = "SpaceToDepth",
    .inputs = {{"x"}},
    .attrs = {{"blockSize"}},
    .infer = [](InferCtx& c) -> Status {
      WXNN_TRY(check_block(c));
      const Shape& x = c.in(0).shape;
      const int32_t b = c.attrs.i("blockSize");
      WXNN_CHECK(x[1] % b == 0 && x[2] % b == 0, "x {} does not divide into blocks of {}", x, b);
      WXNN_CHECK(x[3] <= INT32_MAX / (b * b), "the output is too large");
      c.out() = {c.in(0).dtype, {x[0], x[1] / b, x[2] / b, x[3] * b * b}};
      return {};
    },
    .run = [](const RunCtx& c) -> Status {
      trade(c.out().shape, c.attrs.i("blockSize"), size_of(c.in(0).dtype), c.in(0).data,
            c.out().data, false);
      return {};
    },
};

extern constinit const Op kSpaceToBatchND = {
    .name = "SpaceToBatchND",
    .inputs = {{"x"}, {"blockShape", kArgument}, {"paddings", kArgument}},
    .attrs = {{"blockShape", AttrKind::kNumbers, kEmptyList},
              {"paddings", AttrKind::kNumbers, kEmptyList}},
    .infer = infer_space_to_batch,
    .run = [](const RunCtx& c) -> Status {
      Blocks b;
      WXNN_TRY(read_blocks(c, "paddings", &b));
      if (c.out().bytes() != 0) std::memset(c.out().data, 0, c.out().bytes());
      copy_groups(b, c.out(), c.in(0), false);
      return {};
    },
};

extern constinit const Op kBatchToSpaceND = {
    .name = "BatchToSpaceND",
    .inputs = {{"x"}, {"blockShape", kArgument}, {"crops", kArgument}},
    .attrs = {{"blockShape", AttrKind::kNumbers, kEmptyList},
              {"crops", AttrKind::kNumbers, kEmptyList}},
    .infer = infer_batch_to_space,
    .run = [](const RunCtx& c) -> Status {
      Blocks b;
      WXNN_TRY(read_blocks(c, "crops", &b));
      copy_groups(b, c.in(0), c.out(), true);
      return {};
    },
};

}  // namespace wxnn
