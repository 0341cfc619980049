#include "kernels/mat_mul.h"

#include <algorithm>

#include "kernels/rows.h"

namespace wxnn {

size_t PanelLayout::floats() const {
  if (n_ == 0) return 0;
  const size_t columns = static_cast<size_t>(panels() - 1) * wide_ + width(panels() - 1);
  return columns * (static_cast<size_t>(k_) + 1);
}

void PanelLayout::pack(const MatrixView& b, const float* bias, int32_t i, float* panel) const {
  const int32_t wide = width(i);
  const int32_t first = i * wide_;
  const int32_t filled = std::min(wide, n_ - first);
  const auto fill = [&](float* to, const float* from, ptrdiff_t stride) {
    if (stride == 1) {
      replaceable(copy_row)(to, from, filled);
    } else {
      for (int32_t j = 0; j < filled; ++j) to[j] = from[j * stride];
    }
    for (int32_t j = filled; j < wide; ++j) to[j] = 0;
  };
  const float zero = 0;
  fill(panel, bias != nullptr ? bias + first : &zero, bias != nullptr);
  for (int32_t k = 0; k < k_; ++k) {
    panel += wide;
    fill(panel, b.data + k * b.row_stride + first * b.column_stride, b.column_stride);
  }
}

void PanelLayout::pack_all(const MatrixView& b, const float* bias, float* packed) const {
  for (int32_t i = 0; i < panels(); ++i) pack(b, bias, i, packed + i * panel_floats());
}

void PanelLayout::multiply_panel(const PanelTask& whole, int32_t i, const float* panel) const {
  const int32_t first = i * wide_;
  PanelTask t = whole;
  t.c += first;
  t.columns = std::min(wide_, n_ - first);
  if (t.residual != nullptr) t.residual += first;
  t.residual_columns -= first;
  if (t.residual_columns <= 0) t.residual = nullptr;
  if (t.slopes != nullptr) t.slopes += first;
  replaceable(wxnn::multiply_panel)(t, panel, width(i));
}

// Panels come from afar. Loads in a row wait together, a tile's own one by one, so several panels
// are touched before their tiles; few rows are done with a panel in less time than that takes.
void PanelLayout::multiply_rows(const PanelTask& t, const float* packed) const {
  constexpr size_t kTouched = 1 << 15, kLine = 16;  // in floats: an eighth of a second-level cache
  const size_t size = panel_floats(), all = floats();
  const int32_t together = static_cast<int32_t>(std::max<size_t>(kTouched / size, 1));
  int32_t i = 0;
  if (t.m == 1 && t.residual == nullptr && t.slopes == nullptr)
    i = replaceable(multiply_row)(t, packed, n_ / wide_);
  for (; i < panels(); ++i) {
    const size_t at = i * size;
    if (t.m >= kTileRows && i % together == 0) {
      const size_t end = std::min(all, at + together * size);
      for (size_t j = at; j < end; j += kLine) (void)*(const volatile float*)(packed + j);
    }
    multiply_panel(t, i, packed + at);
  }
}

// Few rows at once: they stay in a cache while the panels pass.
template <class Body>
void PanelLayout::for_blocks(const Product& p, Body body) const {
  constexpr int32_t kRows = 64;
  PanelTask t{
      .a_stride = k_, .pieces = k_ > 0, .depth = k_, .c_stride = n_, .min = p.min, .max = p.max};
  for (int32_t first = 0; first < p.m; first += kRows) {
    t.m = std::min(kRows, p.m - first);
    t.a = p.a + static_cast<ptrdiff_t>(first) * k_;
    t.c = p.c + static_cast<ptrdiff_t>(first) * n_;
    body(t);
  }
}

void PanelLayout::multiply(const Product& p, int32_t i, const float* panel) const {
  for_blocks(p, [&](const PanelTask& t) { multiply_panel(t, i, panel); });
}

void PanelLayout::multiply_all(const Product& p, const float* packed) const {
  for_blocks(p, [&](const PanelTask& t) { multiply_rows(t, packed); });
}

}  // namespace wxnn
