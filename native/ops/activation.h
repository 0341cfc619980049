// The activation that a matrix operator applies to its output, by tfjs's names. What is a clamp is
// left to the kernel; any other is the operator of that name, run in place on the output: fused or
// not, the numbers are the same, and a build has those activations whose operators it has.
#pragma once
#include <limits>

#include "core/op.h"

namespace wxnn {

#define WXNN_ACTIVATION_ATTRS                             \
  AttrSpec{"activation", AttrKind::kText, "linear"},      \
      AttrSpec{"leakyreluAlpha", AttrKind::kNumber, 0.2}, \
      AttrSpec{"clipMin", AttrKind::kNumber, 0.0}, AttrSpec{"clipMax", AttrKind::kNumber, 6.0}

struct ActivationRow {
  const char* name;
  float min, max;            // infinite where it does not clamp; min > max: clipMin and clipMax do
  const char* op = nullptr;  // the operator that does the same, where there is one
  bool is_clamp() const { return op == nullptr || min == 0; }
};
std::span<const ActivationRow> activations();
// The row of the attribute "activation", and its clamp; null where there is none of that name.
const ActivationRow* read_activation(const Attrs& attrs, float* min, float* max);

// A Prelu's slopes are float32 and broadcast to x.
Status check_slopes(const Tensor& alpha, const Shape& x);

class Activation {
 public:
  // Refuses an unknown name, a clip that is none, and prelu whose weights (input `prelu`) are
  // absent or do not fit the output `y`.
  static Status check(const InferCtx& c, size_t prelu, const TensorType& y);

  Activation() = default;
  // check has passed.
  explicit Activation(const Attrs& attrs);

  // The kernel's clamp; infinite where there is none.
  float min = -std::numeric_limits<float>::infinity();
  float max = std::numeric_limits<float>::infinity();
  // What remains to be done once output 0 is complete; mostly nothing.
  Status apply(const RunCtx& c, size_t prelu) const;

 private:
  const Op* op_ = nullptr;  // reads the matrix operator's attributes
};

}  // namespace wxnn
