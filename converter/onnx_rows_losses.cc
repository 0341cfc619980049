// ONNX's two losses, which evaluated models keep as their last node.
#include "converter/onnx_graph.h"

namespace wxnn {

namespace {

// -w[t] x[t] for each target t, then summed or averaged by weight. Classes are x's last axis here.
struct Loss {
  int x = kAbsent;       // [N, d..., C]
  int target = kAbsent;  // [N, d...]
  int weight = kAbsent;  // [C], or absent
};

// The number of `from` that stands at the target's class; 0 where the target is no class.
Status pick(OnnxNode& n, int hot, int from, int* y) {
  int zero = kAbsent;
  WXNN_TRY(n.scalar(DType::kFloat32, 0, &zero));
  WXNN_TRY(n.add("SelectV2", {hot, from, zero}, {}, y));
  return n.add("Sum", {*y}, {{"axis", std::vector<double>{-1}}, {"keepDims", false}}, y);
}

Status weigh(OnnxNode& n, const Loss& loss, int hot, int* w) {
  const Shape shape = n.b.shape(loss.target);
  if (loss.weight != kAbsent) {
    WXNN_TRY(pick(n, hot, loss.weight, w));
  } else {
    int one = kAbsent;
    WXNN_TRY(n.scalar(DType::kFloat32, 1, &one));
    WXNN_TRY(n.add("BroadcastTo", {one}, {{"shape", shape}}, w));
  }
  if (!n.has_attribute("ignore_index")) return {};
  int valid = kAbsent, zero = kAbsent;
  WXNN_TRY(n.with_scalar("NotEqual", loss.target, n.integer("ignore_index", 0), &valid));
  WXNN_TRY(n.scalar(DType::kFloat32, 0, &zero));
  return n.add("SelectV2", {valid, *w, zero}, {}, w);
}

Status finish(OnnxNode& n, const Loss& loss) {
  const std::string reduction = n.text("reduction", "mean");
  const Shape shape = n.b.shape(loss.target);
  const int32_t classes = n.b.shape(loss.x)[-1];
  Shape wide = shape;
  WXNN_CHECK(shape.rank() < Shape::kMaxRank, "its target is {}", shape);
  wide.push_back(1);
  std::vector<int32_t> numbers;
  for (int32_t c = 0; c < classes; ++c) numbers.push_back(c);
  int line = kAbsent, hot = kAbsent, w = kAbsent, y = kAbsent;
  WXNN_TRY(n.b.constant(n.name + "/classes", {classes}, numbers, &line));
  WXNN_TRY(n.reshape(loss.target, wide, &hot));
  WXNN_TRY(n.add("Equal", {hot, line}, {}, &hot));
  WXNN_TRY(pick(n, hot, loss.x, &y));
  WXNN_TRY(weigh(n, loss, hot, &w));
  WXNN_TRY(n.add("Multiply", {y, w}, {}, &y));
  WXNN_TRY(n.add("Neg", {y}, {}, &y));
  if (reduction == "none") return n.out(0, y);
  WXNN_CHECK(reduction == "mean" || reduction == "sum", "reduction \"{}\" is not supported",
             reduction);
  std::vector<double> all;
  for (int i = 0; i < shape.rank(); ++i) all.push_back(i);
  WXNN_TRY(n.add("Sum", {y}, {{"axis", all}, {"keepDims", false}}, &y));
  if (reduction == "mean") {
    WXNN_TRY(n.add("Sum", {w}, {{"axis", all}, {"keepDims", false}}, &w));
    WXNN_TRY(n.add("RealDiv", {y, w}, {}, &y));
  }
  return n.out(0, y);
}

// Classes last, whatever the number of dimensions; rank 2 has them there.
Perm classes_last(int rank) { return rank == 2 ? identity(2) : channels_last(rank); }

Status read_loss(OnnxNode& n, Loss* loss, Perm* perm) {
  Shape shape;
  WXNN_TRY(n.shape(0, &shape));
  WXNN_CHECK(shape.rank() >= 2, "its input is {}", shape);
  *perm = classes_last(shape.rank());
  WXNN_TRY(n.in(0, *perm, &loss->x));
  WXNN_TRY(n.in(1, &loss->target));
  return n.has(2) ? n.in(2, &loss->weight) : Status();
}

Status negative_log_likelihood(OnnxNode& n, const OnnxRow&) {
  Loss loss;
  Perm perm;
  WXNN_TRY(read_loss(n, &loss, &perm));
  return finish(n, loss);
}

Status softmax_cross_entropy(OnnxNode& n, const OnnxRow&) {
  Loss loss;
  Perm perm;
  WXNN_TRY(read_loss(n, &loss, &perm));
  WXNN_TRY(n.add("LogSoftmax", {loss.x}, {{"dim", -1}}, &loss.x));
  WXNN_TRY(n.out(1, loss.x, perm));
  return finish(n, loss);
}

constexpr OnnxRow kRows[] = {{"NegativeLogLikelihoodLoss", negative_log_likelihood},
                             {"SoftmaxCrossEntropyLoss", softmax_cross_entropy}};

}  // namespace

std::span<const OnnxRow> onnx_rows_losses() { return kRows; }

}  // namespace wxnn
