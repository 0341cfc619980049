#include "ops/suppression.h"

#include <algorithm>

#include "core/math.h"

namespace wxnn {
namespace {

struct Box {
  float y0, x0, y1, x1;
  explicit Box(const float* b)
      : y0(std::min(b[0], b[2])),
        x0(std::min(b[1], b[3])),
        y1(std::max(b[0], b[2])),
        x1(std::max(b[1], b[3])) {}
  float area() const { return (y1 - y0) * (x1 - x0); }
};

float overlap(const Box& a, const Box& b) {
  if (!(a.area() > 0) || !(b.area() > 0)) return 0;
  const float height = std::max(std::min(a.y1, b.y1) - std::max(a.y0, b.y0), 0.0f);
  const float width = std::max(std::min(a.x1, b.x1) - std::max(a.x0, b.x0), 0.0f);
  const float both = height * width;
  const float iou = both / (a.area() + b.area() - both);
  return iou > 0 ? iou : 0;  // of infinite boxes it is no number
}

// False for one that is dropped; its score may shrink.
bool survives(Candidate& c, const float* boxes, const SuppressionRules& rules,
              const int32_t* selected, int32_t count) {
  const Box box(boxes + c.box * 4);
  for (int32_t j = count - 1; j >= c.begin; --j) {
    const float iou = overlap(box, Box(boxes + selected[j] * 4));
    if (iou > rules.iou_threshold || (iou == rules.iou_threshold && !rules.at_threshold)) {
      return false;
    }
    if (rules.soft_sigma > 0) {
      c.score *= exp_f32(-0.5f / rules.soft_sigma * iou * iou);
      if (!(c.score > rules.score_threshold)) return false;
    }
  }
  c.begin = count;
  return true;
}

}  // namespace

int32_t suppress(const float* boxes, const float* scores, int32_t n, const SuppressionRules& rules,
                 int32_t most, Candidate* scratch, int32_t* selected, float* selected_scores) {
  const auto worse = [](const Candidate& a, const Candidate& b) {
    return a.score != b.score ? a.score < b.score : a.box > b.box;
  };
  int32_t left = 0;
  for (int32_t i = 0; i < n; ++i) {
    const float score = scores[i];
    const bool enough =
        score > rules.score_threshold || (rules.at_threshold && score == rules.score_threshold);
    if (enough) scratch[left++] = {score, i, 0};
  }
  std::make_heap(scratch, scratch + left, worse);
  int32_t count = 0;
  while (count < most && left > 0) {
    std::pop_heap(scratch, scratch + left, worse);
    Candidate& best = scratch[--left];
    const float score = best.score;
    if (!survives(best, boxes, rules, selected, count)) continue;
    if (best.score != score) {  // it may not be the best any more
      std::push_heap(scratch, scratch + ++left, worse);
      continue;
    }
    selected[count] = best.box;
    if (selected_scores != nullptr) selected_scores[count] = score;
    ++count;
  }
  return count;
}

}  // namespace wxnn
