// Einsum of one or two float32 operands: each is gathered into a matrix per batch, the product is
// the packed one of BatchMatMul, and its axes are put in the order that the equation asks for.
#include <algorithm>
#include <limits>

#include "core/elementwise.h"
#include "core/strided_copy.h"
#include "kernels/mat_mul.h"
#include "ops/conv_shape.h"

namespace wxnn {
namespace {

constexpr int kMostAxes = Shape::kMaxRank;
constexpr uint8_t kEllipsis = 128;  // and up: an axis that "..." stands for, counted from its end

// One side of the equation: a label for every axis.
struct Labels {
  int count = 0;
  uint8_t at[kMostAxes];
  bool has(uint8_t label) const { return std::find(at, at + count, label) != at + count; }
};

// `term` with "..." written out, `rank` axes in all (-1: as many as `ellipsis` says).
[[clang::minsize]] Status read_term(std::string_view term, int rank, int* ellipsis,
                                    Labels* labels) {
  const size_t dots = term.find("...");
  const int letters = static_cast<int>(term.size()) - (dots == std::string_view::npos ? 0 : 3);
  int hidden = 0;
  if (dots != std::string_view::npos) hidden = rank < 0 ? *ellipsis : rank - letters;
  const int all = letters + hidden;
  WXNN_CHECK(hidden >= 0 && all <= kMostAxes && (rank < 0 || all == rank),
             "equation's \"{}\" has {} axes, the tensor {}", term, letters, rank);
  *ellipsis = std::max(*ellipsis, hidden);
  for (size_t i = 0; i < term.size(); ++i) {
    if (i == dots) {
      for (int k = hidden; k > 0; --k) {
        labels->at[labels->count++] = static_cast<uint8_t>(kEllipsis + k);
      }
      i += 2;
      continue;
    }
    const bool letter = (term[i] >= 'a' && term[i] <= 'z') || (term[i] >= 'A' && term[i] <= 'Z');
    WXNN_CHECK(letter, "equation has the axis \"{}\", which is no letter", term.substr(i, 1));
    labels->at[labels->count++] = static_cast<uint8_t>(term[i]);
  }
  return {};
}

struct Equation {
  Labels in[2], out;
};

[[clang::minsize]] Status read_equation(const InferCtx& c, Equation* e) {
  String equation;
  for (const char ch : c.attrs.text("equation")) {
    if (ch != ' ') equation += ch;
  }
  std::string_view rest = equation;
  const size_t arrow = rest.find("->");
  WXNN_CHECK(arrow != std::string_view::npos, "equation \"{}\" has no ->", rest);
  const size_t comma = rest.substr(0, arrow).find(',');
  const size_t operands = comma == std::string_view::npos ? 1 : 2;
  WXNN_CHECK(operands == c.inputs.size(), "equation \"{}\" has {} operands, the node {}", rest,
             operands, c.inputs.size());
  int ellipsis = 0;
  WXNN_TRY(read_term(rest.substr(0, std::min(comma, arrow)), c.in(0).shape.rank(), &ellipsis,
                     &e->in[0]));
  if (operands == 2) {
    WXNN_TRY(read_term(rest.substr(comma + 1, arrow - comma - 1), c.in(1).shape.rank(), &ellipsis,
                       &e->in[1]));
  }
  WXNN_TRY(read_term(rest.substr(arrow + 2), -1, &ellipsis, &e->out));
  for (int i = 0; i < e->out.count; ++i) {
    const uint8_t label = e->out.at[i];
    const bool known = e->in[0].has(label) || e->in[1].has(label);
    const bool again = std::find(e->out.at, e->out.at + i, label) != e->out.at + i;
    WXNN_CHECK(known && !again, "equation \"{}\" has an axis in the output that is {}", rest,
               again ? "there twice" : "in no input");
  }
  return {};
}

// How long an axis is, and how many elements one step along it is in each operand (0: repeated).
struct Axis {
  uint8_t label;
  int32_t n = 1;
  int32_t step[2] = {0, 0};
  bool in[2] = {false, false};
  bool out = false;
};

struct Axes {
  int count = 0;
  Axis at[2 * kMostAxes];
  Axis& of(uint8_t label) {
    for (int i = 0; i < count; ++i) {
      if (at[i].label == label) return at[i];
    }
    at[count].label = label;
    return at[count++];
  }
};

// In the order of the output, then of the operands: sums run in that order.
[[clang::minsize]] Status read_axes(const InferCtx& c, const Equation& e, Axes* axes) {
  for (int i = 0; i < e.out.count; ++i) axes->of(e.out.at[i]).out = true;
  for (size_t k = 0; k < c.inputs.size(); ++k) {
    const Shape& shape = c.in(k).shape;
    int32_t step = 1;
    for (int i = shape.rank() - 1; i >= 0; --i) {
      Axis& axis = axes->of(e.in[k].at[i]);
      const bool may_repeat = axis.label >= kEllipsis;
      const bool fits = axis.n == shape[i] || (may_repeat && (shape[i] == 1 || axis.n == 1)) ||
                        !(axis.in[0] || axis.in[1]);
      WXNN_CHECK(fits, "an axis of the equation is {} and {} long", axis.n, shape[i]);
      if (!may_repeat || shape[i] != 1) {
        axis.n = shape[i];
        axis.step[k] += step;
      }
      axis.in[k] = true;
      step *= shape[i];
    }
  }
  return {};
}

// What an axis is for the product.
enum Role { kBatch, kRows, kColumns, kInner, kSummedA, kSummedB };
Role role_of(const Axis& a) {
  const bool both = a.in[0] && a.in[1];
  if (a.out) return both ? kBatch : a.in[0] ? kRows : kColumns;
  return both ? kInner : a.in[0] ? kSummedA : kSummedB;
}

int32_t product_of(const Axes& axes, Role role) {
  int32_t n = 1;
  for (int i = 0; i < axes.count; ++i) {
    if (role_of(axes.at[i]) == role) n *= axes.at[i].n;
  }
  return n;
}

// Axes with these roles, one role after another.
struct Nest {
  int count = 0;
  const Axis* at[2 * kMostAxes];
  Nest(const Axes& axes, std::initializer_list<Role> roles) {
    for (const Role role : roles) {
      for (int i = 0; i < axes.count; ++i) {
        if (role_of(axes.at[i]) == role) at[count++] = &axes.at[i];
      }
    }
  }
};

// to = the operand's axes in the order of `kept`, summed over those of `summed`.
void gather(const float* from, int operand, const Nest& kept, const Nest& summed, float* to) {
  int32_t at[2 * kMostAxes] = {};
  int32_t offset = 0;
  // Steps to the next index; false after the last.
  const auto advance = [&](const Nest& nest, int32_t* index) {
    for (int i = nest.count - 1; i >= 0; --i) {
      const int32_t step = nest.at[i]->step[operand];
      offset += step;
      if (++index[i] < nest.at[i]->n) return true;
      offset -= step * nest.at[i]->n;
      index[i] = 0;
    }
    return false;
  };
  if (summed.count == 0) {
    StridedCopy copy(sizeof(float));
    ptrdiff_t size = sizeof(float);
    for (int i = 0; i < kept.count; ++i) size *= kept.at[i]->n;
    for (int i = 0; i < kept.count; ++i) {
      if (kept.at[i]->n == 1) continue;
      size /= kept.at[i]->n;
      copy.loop(
          kept.at[i]->n,
          static_cast<ptrdiff_t>(kept.at[i]->step[operand]) * static_cast<ptrdiff_t>(sizeof(float)),
          size);
    }
    return copy.copy(from, to);
  }
  do {
    int32_t inner[2 * kMostAxes] = {};
    float sum = 0;
    do {
      sum += from[offset];
    } while (advance(summed, inner));
    *to++ = sum;
  } while (advance(kept, at));
}

class Einsum final : public Kernel {
 public:
  static Status create(const InferCtx&, std::unique_ptr<Kernel>* kernel) {
    *kernel = std::make_unique<Einsum>();
    return {};
  }

  Status reshape(const InferCtx& c, size_t* scratch_bytes) override {
    axes_ = {};
    Equation e;
    WXNN_TRY(read_equation(c, &e));
    WXNN_TRY(read_axes(c, e, &axes_));
    batch_ = product_of(axes_, kBatch);
    rows_ = product_of(axes_, kRows);
    columns_ = product_of(axes_, kColumns);
    inner_ = product_of(axes_, kInner);
    summed_ = product_of(axes_, kSummedA) * product_of(axes_, kSummedB);
    empty_ = c.out().shape.elements() == 0 || inner_ == 0 || summed_ == 0;
    if (empty_ || c.inputs.size() == 1) return {};
    layout_ = PanelLayout(inner_, columns_);
    *scratch_bytes = (a_size() + b_size() + y_size() + layout_.panel_floats()) * sizeof(float);
    return {};
  }

  Status run(const RunCtx& c) override {
    float* y = c.out().f32();
    if (empty_) {
      std::fill_n(y, c.out().shape.elements(), 0.0f);
      return {};
    }
    if (c.inputs.size() == 1) {
      gather(c.in(0).f32(), 0, Nest(axes_, {kRows}), Nest(axes_, {kSummedA}), y);
      return {};
    }
    float* a = static_cast<float*>(c.scratch);
    float* b = a + a_size();
    float* products = b + b_size();
    float* panel = products + y_size();
    gather(c.in(0).f32(), 0, Nest(axes_, {kBatch, kRows, kInner}), Nest(axes_, {kSummedA}), a);
    gather(c.in(1).f32(), 1, Nest(axes_, {kBatch, kInner, kColumns}), Nest(axes_, {kSummedB}), b);
    for (int32_t i = 0; i < batch_; ++i) {
      const MatrixView view{b + static_cast<size_t>(i) * inner_ * columns_, inner_, columns_,
                            columns_, 1};
      const PanelLayout::Product p{a + static_cast<size_t>(i) * rows_ * inner_, rows_,
                                   products + static_cast<size_t>(i) * rows_ * columns_, -kInf,
                                   kInf};
      for (int32_t k = 0; k < layout_.panels(); ++k) {
        layout_.pack(view, nullptr, k, panel);
        layout_.multiply(p, k, panel);
      }
    }
    scatter(products, y);
    return {};
  }

 private:
  static constexpr float kInf = std::numeric_limits<float>::infinity();
  size_t a_size() const { return static_cast<size_t>(batch_) * rows_ * inner_; }
  size_t b_size() const { return static_cast<size_t>(batch_) * inner_ * columns_; }
  size_t y_size() const { return static_cast<size_t>(batch_) * rows_ * columns_; }

  // From [batch, rows, columns] to the output, whose axes are the first in axes_.
  void scatter(const float* products, float* y) const {
    const Nest order(axes_, {kBatch, kRows, kColumns});
    StridedCopy copy(sizeof(float));
    ptrdiff_t from = sizeof(float);
    for (int i = 0; i < order.count; ++i) from *= order.at[i]->n;
    for (int i = 0; i < order.count; ++i) {
      from /= order.at[i]->n;
      ptrdiff_t to = sizeof(float);
      for (const Axis* next = order.at[i] + 1; next < axes_.at + order.count; ++next) to *= next->n;
      if (order.at[i]->n != 1) copy.loop(order.at[i]->n, from, to);
    }
    copy.copy(products, y);
  }

  Axes axes_;
  int32_t batch_ = 0, rows_ = 0, columns_ = 0, inner_ = 0, summed_ = 0;
  bool empty_ = false;
  PanelLayout layout_;
};

[[clang::minsize]] Status infer_einsum(InferCtx& c) {
  WXNN_CHECK(!c.inputs.empty() && c.inputs.size() <= 2, "has {} operands; one or two are supported",
             c.inputs.size());
  for (size_t i = 0; i < c.inputs.size(); ++i) WXNN_TRY(check_float("an operand", c.in(i)));
  Equation e;
  Axes axes;
  WXNN_TRY(read_equation(c, &e));
  WXNN_TRY(read_axes(c, e, &axes));
  double size[3] = {sizeof(float), sizeof(float), sizeof(float)};
  for (int i = 0; i < axes.count; ++i) {
    const Axis& a = axes.at[i];
    size[0] *= a.in[0] ? a.n : 1;
    size[1] *= a.in[1] ? a.n + 16 : 1;
    size[2] *= a.out ? a.n : 1;
  }
  for (const double bytes : size) WXNN_TRY(check_bytes("an operand", bytes));
  c.out() = {DType::kFloat32, {}};
  for (int i = 0; i < e.out.count; ++i) c.out().shape.push_back(axes.of(e.out.at[i]).n);
  return {};
}

}  // namespace

extern constinit const Op kEinsum = {
    .name = "Einsum",
    .inputs = {{"inputs"}},
    .attrs = {{"equation", AttrKind::kText}},
    .infer = infer_einsum,
    .create = Einsum::create,
    .variadic = true,
};

}  // namespace wxnn
