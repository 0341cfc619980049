// TFLite_Detection_PostProcess, the end of SSD detectors: boxes from anchors, then suppression, all
// classes at once by their best score or one class after another (useRegularNms). Inputs: encodings
// [1,N,4 or more] (y, x, h, w), scores [1,N,classes, with or without a background in front],
// anchors [N,4]. Outputs: boxes [1,D,4], classes [1,D], scores [1,D], their number [1]; zeros
// follow what was found.
#include <algorithm>
#include <numeric>

#include "core/elementwise.h"
#include "core/math_wide.h"
#include "core/sort.h"
#include "ops/conv_shape.h"
#include "ops/suppression.h"

namespace wxnn {
namespace {
enum Input { kEncodings, kScores, kAnchors };

[[clang::minsize]] Status infer_detection(InferCtx& c) {
  const Shape& encodings = c.in(kEncodings).shape;
  const Shape& scores = c.in(kScores).shape;
  const Shape& anchors = c.in(kAnchors).shape;
  WXNN_TRY(check_float("encodings", c.in(kEncodings)));
  WXNN_TRY(check_float("scores", c.in(kScores)));
  WXNN_TRY(check_float("anchors", c.in(kAnchors)));
  WXNN_CHECK(encodings.rank() == 3 && encodings[0] == 1 && encodings[2] >= 4,
             "encodings {} should be [1,N,4]", encodings);
  WXNN_CHECK(anchors.rank() == 2 && anchors[0] == encodings[1] && anchors[1] == 4,
             "anchors {} do not fit encodings {}", anchors, encodings);
  const int32_t classes = c.attrs.i("numClasses");
  WXNN_CHECK(scores.rank() == 3 && scores[0] == 1 && scores[1] == encodings[1] && classes > 0 &&
                 (scores[2] == classes || scores[2] - 1 == classes),
             "scores {} do not give {} classes to encodings {}", scores, classes, encodings);
  WXNN_TRY(check_bytes("the candidates",
                       (encodings[1] + 1.0) * (sizeof(Candidate) + 8 * sizeof(float))));
  const int32_t most = c.attrs.i("maxDetections");
  const int32_t each = c.attrs.i("maxClassesPerDetection");
  constexpr int32_t kMost = 1 << 16;
  WXNN_CHECK(most >= 0 && most <= kMost && each > 0 && each <= kMost &&
                 c.attrs.i("detectionsPerClass") > 0,
             "maxDetections {} or maxClassesPerDetection {} is out of range", most, each);
  const double iou = c.attrs.f("nmsIouThreshold");
  WXNN_CHECK(iou > 0 && iou <= 1, "nmsIouThreshold is outside 0 to 1");
  WXNN_CHECK(c.outputs.size() == 4, "gives four outputs");
  const int32_t rows = most * each;
  const Shape shapes[] = {{1, rows, 4}, {1, rows}, {1, rows}, {1}};
  for (size_t i = 0; i < 4; ++i) c.out(i) = {DType::kFloat32, shapes[i]};
  return {};
}

class Detection final : public Kernel {
 public:
  static Status create(const InferCtx&, std::unique_ptr<Kernel>* kernel) {
    *kernel = std::make_unique<Detection>();
    return {};
  }

  Status reshape(const InferCtx& c, size_t* scratch_bytes) override {
    boxes_ = c.in(kEncodings).shape[1];
    most_ = c.attrs.i("maxDetections");
    per_class_ = std::min(c.attrs.i("detectionsPerClass"), boxes_);
    const bool regular = c.attrs.b("useRegularNms");
    kept_ = regular ? most_ + per_class_ : std::min(most_, boxes_);
    classes_ = c.attrs.i("numClasses");
    *scratch_bytes =
        static_cast<size_t>(boxes_) * (sizeof(Candidate) + 5 * sizeof(float) + sizeof(int32_t)) +
        static_cast<size_t>(std::max(kept_, classes_)) * sizeof(int32_t);
    return {};
  }

  Status run(const RunCtx& c) override {
    auto* candidates = static_cast<Candidate*>(c.scratch);
    decoded_ = reinterpret_cast<float*>(candidates + boxes_);
    one_class_ = decoded_ + 4 * static_cast<size_t>(boxes_);
    selected_ = reinterpret_cast<int32_t*>(one_class_ + boxes_);
    found_ = selected_ + boxes_;
    WXNN_TRY(decode(c));
    for (Tensor& y : c.outputs) std::fill_n(y.f32(), y.shape.elements(), 0.0f);
    rules_.iou_threshold = static_cast<float>(c.attrs.f("nmsIouThreshold"));
    rules_.score_threshold = static_cast<float>(c.attrs.f("nmsScoreThreshold"));
    rules_.at_threshold = true;
    stride_ = c.in(kScores).shape[2];
    scores_ = c.in(kScores).f32() + (stride_ - classes_);
    if (c.attrs.b("useRegularNms")) {
      class_by_class(c, candidates);
    } else {
      all_at_once(c, candidates);
    }
    return {};
  }

 private:
  Status decode(const RunCtx& c) {
    const float* e = c.in(kEncodings).f32();
    const float* a = c.in(kAnchors).f32();
    const double y_scale = c.attrs.f("yScale");
    const double x_scale = c.attrs.f("xScale");
    const double h_scale = c.attrs.f("hScale");
    const double w_scale = c.attrs.f("wScale");
    float* box = decoded_;
    for (int32_t i = 0; i < boxes_; ++i, e += c.in(kEncodings).shape[2], a += 4, box += 4) {
      const float y = static_cast<float>(e[0] / y_scale * a[2] + a[0]);
      const float x = static_cast<float>(e[1] / x_scale * a[3] + a[1]);
      const float half_h = static_cast<float>(0.5 * math::exp_f64(e[2] / h_scale) * a[2]);
      const float half_w = static_cast<float>(0.5 * math::exp_f64(e[3] / w_scale) * a[3]);
      box[0] = y - half_h;
      box[1] = x - half_w;
      box[2] = y + half_h;
      box[3] = x + half_w;
      WXNN_CHECK(box[0] <= box[2] && box[1] <= box[3], "box {} is decoded to none", i);
    }
    return {};
  }

  // Found are places of scores_. The best come first; of equal ones the first class, then box.
  void sort_found(int32_t count) const {
    const auto better = [this](int32_t a, int32_t b) {
      if (scores_[a] != scores_[b]) return scores_[a] > scores_[b];
      const int32_t order = a % stride_ - b % stride_;
      return order != 0 ? order < 0 : a < b;
    };
    sort({found_, static_cast<size_t>(count)}, order_of(better));
  }

  void write(const RunCtx& c, int32_t row, int32_t count) const {
    for (int32_t i = 0; i < count; ++i, ++row) {
      const int32_t at = found_[i];
      std::copy_n(decoded_ + at / stride_ * size_t{4}, 4, c.out(0).f32() + 4 * row);
      c.out(1).f32()[row] = static_cast<float>(at % stride_);
      c.out(2).f32()[row] = scores_[at];
    }
  }

  // Each box stands for its best classes.
  void all_at_once(const RunCtx& c, Candidate* candidates) const {
    for (int32_t i = 0; i < boxes_; ++i) {
      const float* s = scores_ + i * stride_;
      one_class_[i] = *std::max_element(s, s + classes_);
    }
    const int32_t count =
        suppress(decoded_, one_class_, boxes_, rules_, kept_, candidates, selected_, nullptr);
    const int32_t each = c.attrs.i("maxClassesPerDetection");
    for (int32_t i = 0; i < count; ++i) {
      std::iota(found_, found_ + classes_, selected_[i] * stride_);
      sort_found(classes_);
      write(c, i * each, std::min(each, classes_));
    }
    c.out(3).f32()[0] = static_cast<float>(count);
  }

  // The best of all classes together.
  void class_by_class(const RunCtx& c, Candidate* candidates) const {
    int32_t count = 0;
    for (int32_t kind = 0; kind < classes_; ++kind) {
      for (int32_t i = 0; i < boxes_; ++i) one_class_[i] = scores_[i * stride_ + kind];
      const int32_t more = suppress(decoded_, one_class_, boxes_, rules_, per_class_, candidates,
                                    selected_, nullptr);
      for (int32_t i = 0; i < more; ++i) found_[count++] = selected_[i] * stride_ + kind;
      sort_found(count);
      count = std::min(count, most_);
    }
    write(c, 0, count);
    c.out(3).f32()[0] = static_cast<float>(count);
  }

  int32_t boxes_ = 0, most_ = 0, per_class_ = 0, kept_ = 0, classes_ = 0, stride_ = 0;
  SuppressionRules rules_;
  const float* scores_ = nullptr;  // of the first class; the rest lies in the scratch
  float* decoded_ = nullptr;
  float* one_class_ = nullptr;
  int32_t* selected_ = nullptr;
  int32_t* found_ = nullptr;
};

}  // namespace

extern constinit const Op kDetectionPostProcess = {
    .name = "DetectionPostProcess",
    .inputs = {{"encodings"}, {"scores"}, {"anchors"}},
    .attrs = {{"maxDetections"},
              {"maxClassesPerDetection", AttrKind::kNumber, 1},
              {"detectionsPerClass", AttrKind::kNumber, 100},
              {"useRegularNms", AttrKind::kNumber, 0.0},
              {"nmsScoreThreshold"},
              {"nmsIouThreshold"},
              {"numClasses"},
              {"yScale"},
              {"xScale"},
              {"hScale"},
              {"wScale"}},
    .infer = infer_detection,
    .create = Detection::create,
    .outputs = 4,
};

}  // namespace wxnn
