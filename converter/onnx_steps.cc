#include "converter/onnx_steps.h"

namespace wxnn {

int Steps::in(size_t i) {
  int v = kAbsent;
  if (ok()) status_ = n.in(i, &v);
  return v;
}

int Steps::in(size_t i, const Perm& perm) {
  int v = kAbsent;
  if (ok()) status_ = n.in(i, perm, &v);
  return v;
}

std::vector<double> Steps::numbers(size_t i, std::string_view what) {
  std::vector<double> list;
  if (ok()) status_ = n.numbers(i, what, &list);
  return list;
}

int Steps::op(std::string_view name, std::vector<int> inputs, std::vector<Setting> settings) {
  int y = kAbsent;
  if (ok()) status_ = n.add(name, std::move(inputs), std::move(settings), &y);
  return y;
}

int Steps::number(double d, DType dtype) {
  int v = kAbsent;
  if (ok()) status_ = n.scalar(dtype, d, &v);
  return v;
}

int Steps::op_with(std::string_view name, int x, double d) {
  int y = kAbsent;
  if (ok()) status_ = n.with_scalar(name, x, d, &y);
  return y;
}

int Steps::constant(const Shape& shape, const std::vector<float>& numbers) {
  int v = kAbsent;
  if (ok()) status_ = n.b.constant(n.name + "/constant", shape, numbers, &v);
  return v;
}

int Steps::constant(const Shape& shape, const std::vector<int32_t>& numbers) {
  int v = kAbsent;
  if (ok()) status_ = n.b.constant(n.name + "/constant", shape, numbers, &v);
  return v;
}

int Steps::reshape(int x, const Shape& shape) {
  int y = kAbsent;
  if (ok()) status_ = n.reshape(x, shape, &y);
  return y;
}

int Steps::transpose(int x, std::vector<double> perm) {
  return op("Transpose", {x}, {{"perm", std::move(perm)}});
}

int Steps::cast(int x, DType to) {
  return dtype(x) == to ? x : op("Cast", {x}, {{"dtype", name_of(to)}});
}

int Steps::slice(int x, int axis, int32_t from, int32_t length) {
  const Shape s = shape(x);
  want<"slices beyond {}">(axis < s.rank() && from >= 0 && from + length <= s[axis], s);
  if (!ok() || s[axis] == length) return x;
  std::vector<double> begin(s.rank()), size(s.dims().begin(), s.dims().end());
  begin[axis] = from;
  size[axis] = length;
  return op("Slice", {x}, {{"begin", begin}, {"size", size}});
}

int Steps::pick(int x, int axis, int32_t at) {
  const int y = slice(x, axis, at, 1);
  Shape s = shape(y);
  if (ok()) s.erase(axis);
  return reshape(y, s);
}

int Steps::concat(std::vector<int> values, int axis) {
  if (values.size() == 1) return values[0];
  return op("Concat", std::move(values), {{"axis", axis}});
}

Status Steps::out(size_t i, int v, Perm perm) {
  WXNN_TRY(done());
  return n.out(i, v, std::move(perm));
}

}  // namespace wxnn
