#include "core/tensor.h"

#include <algorithm>

#include "core/status.h"

namespace wxnn {

namespace {
struct DTypeRow {
  const char* name;
  size_t size;
};
constexpr DTypeRow kDTypes[] = {{"float32", 4}, {"int32", 4}, {"bool", 1}, {"complex64", 8}};
}  // namespace

const char* name_of(DType dtype) { return kDTypes[static_cast<int>(dtype)].name; }
size_t size_of(DType dtype) { return kDTypes[static_cast<int>(dtype)].size; }

bool Shape::is_known() const {
  if (rank_ < 0) return false;
  return std::ranges::all_of(dims(), [](int32_t d) { return d >= 0; });
}

void Shape::insert(int at, int32_t d) {
  for (int i = rank_; i > at; --i) dims_[i] = dims_[i - 1];
  dims_[at] = d;
  ++rank_;
}

void Shape::erase(int at) {
  for (int i = at; i + 1 < rank_; ++i) dims_[i] = dims_[i + 1];
  --rank_;
}

int32_t Shape::elements(int from, int to) const {
  int32_t n = 1;
  for (int i = from; i < to; ++i) n *= dims_[i];
  return n;
}

bool Shape::fits() const {
  constexpr int64_t kMost = INT32_MAX / 4;
  int64_t n = 1;
  for (int32_t d : dims()) {
    // A zero anywhere makes the tensor empty, but the other dimensions must stay sane too.
    n *= std::max(d, 1);
    if (n > kMost) return false;
  }
  return true;
}

bool Shape::operator==(const Shape& other) const {
  if (rank_ != other.rank_) return false;
  if (rank_ < 0) return true;
  return std::ranges::equal(dims(), other.dims());
}

String Shape::str() const { return sentence<"{}">(*this); }

bool broadcasts(const Shape& from, const Shape& to) {
  if (from.rank() > to.rank()) return false;
  for (int i = 1; i <= from.rank(); ++i) {
    if (from[-i] != 1 && from[-i] != to[-i]) return false;
  }
  return true;
}

Shape broadcast(const Shape& a, const Shape& b) {
  Shape out = a.rank() >= b.rank() ? a : b;
  const Shape& shorter = a.rank() >= b.rank() ? b : a;
  for (int i = 1; i <= shorter.rank(); ++i) {
    if (out[-i] == shorter[-i] || shorter[-i] == 1) continue;
    if (out[-i] != 1) return Shape::unknown();
    out[-i] = shorter[-i];
  }
  return out;
}

}  // namespace wxnn
