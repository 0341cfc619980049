// RNN: h = activation(Wx + Rh + b).
#include "ops/recurrent.h"

namespace wxnn {
namespace {

constexpr size_t kWeights = 1, kRecurrent = 2, kBias = 3;

[[clang::minsize]] Status infer_rnn(InferCtx& c) {
  WXNN_TRY(check_matrix(c, kWeights));
  const Shape weights = c.in(kWeights).shape;
  const int32_t units = weights[0];
  WXNN_TRY(check_shape(c, kWeights, weights));
  WXNN_TRY(check_shape(c, kRecurrent, {units, units}));
  WXNN_TRY(check_shape(c, kBias, {units}));
  return infer_sequence(c, weights[1], units);
}

class Rnn final : public Recurrent {
 public:
  Status open(const InferCtx& c) {
    const size_t weights[] = {kWeights};
    const size_t recurrent[] = {kRecurrent};
    const size_t bias[] = {kBias};
    const int32_t units = c.in(kWeights).shape[0];
    WXNN_TRY(Recurrent::open(c, {units, units, units}));
    WXNN_TRY(inputs_.pack(c, weights, bias));
    return recurrent_.pack(c, recurrent, {});
  }

 private:
  void step(float* sums, float*, float*, float* h) const override { activate(sums, h); }
};

}  // namespace

extern constinit const Op kRNN = {
    .name = "RNN",
    .inputs = {{"x"},
               {"weights", kPacked},
               {"recurrentWeights", kPacked},
               {"bias", kPacked | kOptional}},
    .attrs = {WXNN_SEQUENCE_ATTRS},
    .infer = infer_rnn,
    .create = create_recurrent<Rnn>,
    .stateful = true,
};

}  // namespace wxnn
