// What RNN and LSTM have in common: a walk over a sequence, as TensorFlow Lite defines it, with the
// state of the last step kept for the next run (Model::reset_state forgets it). x is
// [steps,batch,inputs] where timeMajor is set, [batch,steps,inputs] where not, or [batch,inputs]
// for one step. reverse walks from the last step to the first; outputs stand where their inputs do.
#pragma once
#include <span>

#include "core/buffer.h"
#include "core/elementwise.h"
#include "core/math.h"
#include "kernels/mat_mul.h"

namespace wxnn {

// Matrices [rows,k] one under the other, packed for products with vectors of k.
class Stacked {
 public:
  // The ports of the matrices, and of a bias for each of the first.
  Status pack(const InferCtx& c, std::span<const size_t> matrices, std::span<const size_t> biases);
  void multiply(const float* x, int32_t rows, float* y) const {
    layout_.multiply_all({x, rows, y, -kInfF32, kInfF32}, packed_.data<float>());
  }

 private:
  PanelLayout layout_;
  Buffer packed_;
};

class Recurrent : public Kernel {
 public:
  Status reshape(const InferCtx& c, size_t* scratch_bytes) override;
  Status run(const RunCtx& c) override;
  void reset() override;

 protected:
  // Products with x and with the outputs of the step before, whose sums (`width` of them) become,
  // with a memory of so many units, so many outputs.
  struct Sizes {
    int32_t units = 0, outputs = 0, width = 0;
  };
  Status open(const InferCtx& c, Sizes sizes);
  // One step of one sequence. `cell` is its memory of units, h its outputs, both of the step
  // before; h becomes this step's. `hidden` has room for the units.
  virtual void step(float* sums, float* cell, float* hidden, float* h) const = 0;

  void activate(const float* x, float* y) const;
  int32_t units() const { return sizes_.units; }
  int32_t outputs() const { return sizes_.outputs; }

  Stacked inputs_, recurrent_;  // packed by whoever derives from this

 private:
  float* cell(int32_t b) const;

  Sizes sizes_;
  FloatLoop activation_ = nullptr;
  bool time_major_ = true;
  int32_t steps_ = 0, batch_ = 0;
  Buffer state_;  // h [batch,outputs], then the memory [batch,units]
};

template <class Made>
Status create_recurrent(const InferCtx& c, std::unique_ptr<Kernel>* kernel) {
  auto made = std::make_unique<Made>();
  WXNN_TRY(made->open(c));
  *kernel = std::move(made);
  return {};
}

// For infer: an input that is there has this shape; it is a matrix; x and the output.
Status check_shape(const InferCtx& c, size_t port, const Shape& want);
Status check_matrix(const InferCtx& c, size_t port);
Status infer_sequence(InferCtx& c, int32_t inputs, int32_t outputs);

#define WXNN_SEQUENCE_ATTRS                                                                       \
  AttrSpec{"activation", AttrKind::kText, "tanh"}, AttrSpec{"timeMajor", AttrKind::kNumber, 0.0}, \
      AttrSpec{"reverse", AttrKind::kNumber, 0.0}

}  // namespace wxnn
