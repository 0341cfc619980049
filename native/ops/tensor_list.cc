// Lists of tensors (TensorFlow's TensorList and TensorArray), as one tensor: element i is row i.
// All elements have one shape. Where that is not known yet its open dimensions are 0 (a list
// without bytes), and it is the first element that settles it: until then every element reads as
// zeros.
#include <algorithm>
#include <cstring>

#include "ops/arguments.h"

namespace wxnn {
namespace {

Shape element_of(const Shape& list) {
  Shape element = list;
  element.erase(0);
  return element;
}

size_t row_bytes(const Tensor& list) {
  return static_cast<size_t>(list.shape.elements(1, list.shape.rank())) * size_of(list.dtype);
}

Status check_list(const Tensor& list) {
  WXNN_CHECK(list.shape.rank() > 0, "list is a scalar");
  return {};
}

// The rows that both have, then zeros.
void copy_rows(const Tensor& from, const Tensor& to) {
  if (from.data == to.data) return;
  const size_t bytes = std::min(from.bytes(), to.bytes());
  if (bytes != 0) std::memcpy(to.data, from.data, bytes);
  if (bytes < to.bytes()) std::memset(to.u8() + bytes, 0, to.bytes() - bytes);
}

[[clang::minsize]] Status infer_reserve(InferCtx& c) {
  Numbers element;
  WXNN_TRY(read_numbers(c, 0, "elementShape", &element));
  Numbers count;
  WXNN_TRY(read_numbers(c, 1, "numElements", &count));
  WXNN_CHECK(count.count == 1 && element.count < Shape::kMaxRank,
             "numElements or elementShape has a wrong number of entries");
  WXNN_TRY(read_dtype(c.attrs.text("elementDType"), &c.out().dtype));
  c.out().shape = {std::max(count[0], 0)};
  for (int32_t d : element.span()) c.out().shape.push_back(std::max(d, 0));
  return {};
}

Status run_zeros(const RunCtx& c) {
  std::memset(c.out().data, 0, c.out().bytes());
  return {};
}

// index: a scalar, for tensor as a whole; a vector, for its rows; none: behind the last element.
[[clang::minsize]] Status infer_set_item(InferCtx& c) {
  const Tensor& list = c.in(0);
  Shape element = c.in(1).shape;
  WXNN_TRY(check_list(list));
  WXNN_CHECK(c.in(1).dtype == list.dtype, "tensor is {}, the list is {}", name_of(c.in(1).dtype),
             name_of(list.dtype));
  int32_t length = list.shape[0] + 1;
  bool known = true;
  if (c.has(2)) {
    const Tensor& index = c.in(2);
    WXNN_CHECK(index.dtype == DType::kInt32 && index.shape.rank() <= 1,
               "index is {} {}, wants int32, one or a list", name_of(index.dtype), index.shape);
    length = list.shape[0];
    known = !c.attrs.b("grow") || index.data != nullptr;
    for (int32_t i = 0; known && c.attrs.b("grow") && i < index.shape.elements(); ++i) {
      if (index.i32()[i] < INT32_MAX) length = std::max(length, index.i32()[i] + 1);
    }
    if (index.shape.rank() == 1) {
      WXNN_CHECK(element.rank() > 0 && element[0] == index.shape[0],
                 "tensor {} has not one row for each index {}", element, index.shape);
      element.erase(0);
    }
  }
  WXNN_CHECK(list.shape.elements() == 0 || element == element_of(list.shape),
             "an element {} does not fit the list {}", element, list.shape);
  WXNN_CHECK(element.rank() < Shape::kMaxRank, "an element {} has too many dimensions", element);
  c.out() = {list.dtype, element};
  c.out().shape.insert(0, length);
  if (!known) c.out().shape = Shape::unknown();
  return {};
}

Status run_set_item(const RunCtx& c) {
  const Tensor& out = c.out();
  const int32_t length = out.shape[0];
  const int32_t last = length - 1;
  const int32_t* index = c.has(2) ? c.in(2).i32() : &last;
  const int32_t n = c.has(2) ? c.in(2).shape.elements() : 1;
  for (int32_t i = 0; i < n; ++i) {
    WXNN_CHECK(index[i] >= 0 && index[i] < length, "index {} is outside a list of {} elements",
               index[i], length);
  }
  copy_rows(c.in(0), out);
  const size_t bytes = row_bytes(out);
  if (bytes == 0) return {};
  for (int32_t i = 0; i < n; ++i) {
    std::memcpy(out.u8() + static_cast<size_t>(index[i]) * bytes,
                c.in(1).u8() + static_cast<size_t>(i) * bytes, bytes);
  }
  return {};
}

[[clang::minsize]] Status infer_pop_back(InferCtx& c) {
  const Tensor& list = c.in(0);
  WXNN_TRY(check_list(list));
  WXNN_CHECK(list.shape[0] > 0, "the list is empty");
  for (TensorType& out : c.outputs) out = list;
  --c.outputs[0].shape[0];
  if (c.outputs.size() > 1) c.outputs[1].shape.erase(0);
  return {};
}

Status run_pop_back(const RunCtx& c) {
  copy_rows(c.in(0), c.out());
  const size_t bytes = row_bytes(c.in(0));
  if (c.outputs.size() < 2 || bytes == 0) return {};
  std::memcpy(c.out(1).data, c.in(0).u8() + c.in(0).bytes() - bytes, bytes);
  return {};
}

Status infer_length(InferCtx& c) {
  c.out() = {DType::kInt32, {}};
  return check_list(c.in(0));
}

Status run_length(const RunCtx& c) {
  *c.out().i32() = c.in(0).shape[0];
  return {};
}

[[clang::minsize]] Status infer_resize(InferCtx& c) {
  Numbers size;
  WXNN_TRY(check_list(c.in(0)));
  WXNN_TRY(read_numbers(c, 1, "size", &size));
  WXNN_CHECK(size.count == 1 && size[0] >= 0, "size is not a length");
  c.out() = c.in(0);
  c.out().shape[0] = size[0];
  return {};
}

Status run_resize(const RunCtx& c) {
  copy_rows(c.in(0), c.out());
  return {};
}

// Joins the elements along their first axis; output 1 has their lengths there.
[[clang::minsize]] Status infer_concat(InferCtx& c) {
  const Shape& list = c.in(0).shape;
  WXNN_CHECK(list.rank() >= 2, "the elements of the list {} have no axis to join", list);
  Shape joined = element_of(list);
  joined[0] *= list[0];
  c.out() = {c.in(0).dtype, joined};
  if (c.outputs.size() > 1) c.out(1) = {DType::kInt32, {list[0]}};
  return {};
}

Status run_concat(const RunCtx& c) {
  copy_rows(c.in(0), c.out());
  if (c.outputs.size() < 2) return {};
  std::fill_n(c.out(1).i32(), c.in(0).shape[0], c.in(0).shape[1]);
  return {};
}

// Pieces of equal length along the first axis.
[[clang::minsize]] Status infer_split(InferCtx& c) {
  const Tensor& x = c.in(0);
  const Tensor& lengths = c.in(1);
  WXNN_CHECK(
      x.shape.rank() > 0 && x.shape.rank() < Shape::kMaxRank && lengths.dtype == DType::kInt32,
      "cannot be split: tensor {}, lengths {}", x.shape, name_of(lengths.dtype));
  const int32_t n = lengths.shape.elements();
  const int32_t length = n > 0 ? lengths.i32()[0] : 0;
  for (int32_t i = 0; i < n; ++i) {
    WXNN_CHECK(lengths.i32()[i] == length,
               "splits into pieces of different lengths, {} and {}; elements of one list must have "
               "one shape",
               length, lengths.i32()[i]);
  }
  WXNN_CHECK(length >= 0 && int64_t{n} * length == x.shape[0], "lengths do not add up to {}",
             x.shape[0]);
  c.out() = x;
  c.out().shape[0] = length;
  c.out().shape.insert(0, n);
  return {};
}

}  // namespace

extern constinit const Op kTensorListReserve = {
    .name = "TensorListReserve",
    .inputs = {{"elementShape", kArgument}, {"numElements", kArgument}},
    .attrs = {{"elementDType", AttrKind::kText, "float32"},
              {"elementShape", AttrKind::kNumbers, -1},
              {"numElements", AttrKind::kNumbers, 0}},
    .infer = infer_reserve,
    .run = run_zeros,
};

extern constinit const Op kTensorListSetItem = {
    .name = "TensorListSetItem",
    .inputs = {{"list"}, {"tensor"}, {"index", kOptional}},
    .attrs = {{"grow", AttrKind::kNumber, 0}},
    .infer = infer_set_item,
    .run = run_set_item,
    .in_place = 0,
};

extern constinit const Op kTensorListPopBack = {
    .name = "TensorListPopBack",
    .inputs = {{"list"}},
    .infer = infer_pop_back,
    .run = run_pop_back,
    .outputs = 2,
};

extern constinit const Op kTensorListLength = {
    .name = "TensorListLength",
    .inputs = {{"list", kTypeOnly}},
    .infer = infer_length,
    .run = run_length,
};

extern constinit const Op kTensorListResize = {
    .name = "TensorListResize",
    .inputs = {{"list"}, {"size", kArgument}},
    .attrs = {{"size", AttrKind::kNumbers, 0}},
    .infer = infer_resize,
    .run = run_resize,
};

extern constinit const Op kTensorListConcat = {
    .name = "TensorListConcat",
    .inputs = {{"list"}},
    .infer = infer_concat,
    .run = run_concat,
    .outputs = 2,
};

extern constinit const Op kTensorListSplit = {
    .name = "TensorListSplit",
    .inputs = {{"tensor"}, {"lengths", kValueKnown}},
    .infer = infer_split,
    .view = true,
};

}  // namespace wxnn
