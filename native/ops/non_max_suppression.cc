// NonMaxSuppressionV3, V4 and V5: indices of boxes that do not overlap too much.
//   V3  indices
//   V4  indices, number of valid ones
//   V5  indices, their scores, number of valid ones
// Padded, the indices and scores are followed by zeros; else their number depends on the data.
#include <algorithm>
#include <cstring>
#include <limits>

#include "core/elementwise.h"
#include "ops/arguments.h"
#include "ops/conv_shape.h"
#include "ops/suppression.h"

namespace wxnn {
namespace {
enum Input { kBoxes, kScores, kMost, kIou, kScore, kSigma };

// Padded versions are known by the attribute; V3 has none.
bool is_padded(const Attrs& attrs) {
  return attrs.knows("padToMaxOutputSize") && attrs.b("padToMaxOutputSize");
}

[[clang::minsize]] Status infer_suppression(InferCtx& c) {
  const Shape& boxes = c.in(kBoxes).shape;
  const Shape& scores = c.in(kScores).shape;
  WXNN_TRY(check_float("boxes", c.in(kBoxes)));
  WXNN_TRY(check_float("scores", c.in(kScores)));
  WXNN_CHECK(boxes.rank() == 2 && boxes[1] == 4, "boxes {} should be [N,4]", boxes);
  WXNN_CHECK(scores.rank() == 1 && scores[0] == boxes[0],
             "scores {} do not give one score for each of boxes {}", scores, boxes);
  WXNN_TRY(
      check_bytes("the candidates", (boxes[0] + 1.0) * (sizeof(Candidate) + 2 * sizeof(float))));
  Numbers most;
  WXNN_TRY(read_numbers(c, kMost, "maxOutputSize", &most));
  WXNN_CHECK(most.count == 1 && most[0] >= 0, "maxOutputSize should be one number, 0 or more");
  for (size_t i = kIou; i <= kSigma; ++i) {
    if (!c.has(i)) continue;
    WXNN_TRY(check_float("a threshold", c.in(i)));
    WXNN_CHECK(c.in(i).shape.elements() == 1, "a threshold has the shape {}", c.in(i).shape);
  }
  const Shape list = is_padded(c.attrs) ? Shape{most[0]} : Shape::unknown();
  const size_t lists = c.attrs.knows("softNmsSigma") ? 2 : 1;
  for (size_t i = 0; i < c.outputs.size(); ++i) {
    c.out(i) = {i == 1 && lists == 2 ? DType::kFloat32 : DType::kInt32, i < lists ? list : Shape()};
  }
  return {};
}

float threshold(const RunCtx& c, size_t port, std::string_view name) {
  return c.has(port) ? c.in(port).f32()[0] : static_cast<float>(c.attrs.f(name));
}

class Suppression final : public Kernel {
 public:
  static Status create(const InferCtx&, std::unique_ptr<Kernel>* kernel) {
    *kernel = std::make_unique<Suppression>();
    return {};
  }

  Status reshape(const InferCtx& c, size_t* scratch_bytes) override {
    boxes_ = c.in(kBoxes).shape[0];
    *scratch_bytes = static_cast<size_t>(boxes_) * sizeof(Candidate) +
                     static_cast<size_t>(boxes_) * (sizeof(int32_t) + sizeof(float));
    return {};
  }

  Status run(const RunCtx& c) override {
    SuppressionRules rules;
    rules.iou_threshold = threshold(c, kIou, "iouThreshold");
    rules.score_threshold = threshold(c, kScore, "scoreThreshold");
    const bool with_scores = c.attrs.knows("softNmsSigma");
    if (with_scores) rules.soft_sigma = threshold(c, kSigma, "softNmsSigma");
    auto* candidates = static_cast<Candidate*>(c.scratch);
    auto* indices = reinterpret_cast<int32_t*>(candidates + boxes_);
    auto* scores = reinterpret_cast<float*>(indices + boxes_);
    const int32_t most = std::min(numbers_of(c, kMost, "maxOutputSize")[0], boxes_);
    const int32_t count = suppress(c.in(kBoxes).f32(), c.in(kScores).f32(), boxes_, rules, most,
                                   candidates, indices, scores);
    const size_t lists = with_scores ? 2 : 1;
    for (size_t i = 0; i < c.outputs.size(); ++i) {
      if (i >= lists) {
        c.out(i).i32()[0] = count;
        continue;
      }
      if (!is_padded(c.attrs)) WXNN_TRY(c.late->allocate(i, {count}));
      const size_t bytes = static_cast<size_t>(count) * sizeof(int32_t);
      const size_t all = c.out(i).bytes();
      if (all == 0) continue;
      std::memcpy(c.out(i).data, i == 0 ? static_cast<void*>(indices) : scores, bytes);
      std::memset(c.out(i).u8() + bytes, 0, all - bytes);
    }
    return {};
  }

 private:
  int32_t boxes_ = 0;
};

#define WXNN_SUPPRESSION_ATTRS                                                    \
  AttrSpec{"maxOutputSize", AttrKind::kNumbers, kEmptyList},                      \
      AttrSpec{"iouThreshold", AttrKind::kNumber, 0.5}, AttrSpec {                \
    "scoreThreshold", AttrKind::kNumber, -std::numeric_limits<double>::infinity() \
  }

}  // namespace

extern constinit const Op kNonMaxSuppressionV3 = {
    .name = "NonMaxSuppressionV3",
    .inputs = {{"boxes"},
               {"scores"},
               {"maxOutputSize", kArgument},
               {"iouThreshold", kOptional},
               {"scoreThreshold", kOptional}},
    .attrs = {WXNN_SUPPRESSION_ATTRS},
    .infer = infer_suppression,
    .create = Suppression::create,
};

extern constinit const Op kNonMaxSuppressionV4 = {
    .name = "NonMaxSuppressionV4",
    .inputs = {{"boxes"},
               {"scores"},
               {"maxOutputSize", kArgument},
               {"iouThreshold", kOptional},
               {"scoreThreshold", kOptional}},
    .attrs = {WXNN_SUPPRESSION_ATTRS, {"padToMaxOutputSize", AttrKind::kNumber, 0.0}},
    .infer = infer_suppression,
    .create = Suppression::create,
    .outputs = 2,
};

extern constinit const Op kNonMaxSuppressionV5 = {
    .name = "NonMaxSuppressionV5",
    .inputs = {{"boxes"},
               {"scores"},
               {"maxOutputSize", kArgument},
               {"iouThreshold", kOptional},
               {"scoreThreshold", kOptional},
               {"softNmsSigma", kOptional}},
    .attrs = {WXNN_SUPPRESSION_ATTRS,
              {"softNmsSigma", AttrKind::kNumber, 0.0},
              {"padToMaxOutputSize", AttrKind::kNumber, 0.0}},
    .infer = infer_suppression,
    .create = Suppression::create,
    .outputs = 3,
};

}  // namespace wxnn
