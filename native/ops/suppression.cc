#include "ops/suppression.h"

#include <algorithm>

#include "core/math.h"
#include "core/sort.h"

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

// What suppress keeps of each box, in its scratch.
struct Boxes {
  const float* corners;
  float* score;
  int32_t* begin;  // the first of the selected that it was not yet compared with
};

// False for one that is dropped; its score may shrink.
bool survives(const Boxes& b, int32_t i, const SuppressionRules& rules, const int32_t* selected,
              int32_t count) {
  const Box box(b.corners + i * 4);
  for (int32_t j = count - 1; j >= b.begin[i]; --j) {
    const float iou = overlap(box, Box(b.corners + selected[j] * 4));
    if (iou > rules.iou_threshold || (iou == rules.iou_threshold && !rules.at_threshold)) {
      return false;
    }
    if (rules.soft_sigma > 0) {
      b.score[i] *= exp_f32(-0.5f / rules.soft_sigma * iou * iou);
      if (!(b.score[i] > rules.score_threshold)) return false;
    }
  }
  b.begin[i] = count;
  return true;
}

}  // namespace

int32_t suppress(const float* boxes, const float* scores, int32_t n, const SuppressionRules& rules,
                 int32_t most, Candidate* scratch, int32_t* selected, float* selected_scores) {
  float* const score = reinterpret_cast<float*>(scratch);
  int32_t* const begin = reinterpret_cast<int32_t*>(score + n);
  int32_t* const heap = begin + n;  // the best at its top
  const Boxes b = {boxes, score, begin};
  const auto worse = [score](int32_t i, int32_t k) {
    return score[i] != score[k] ? score[i] < score[k] : i > k;
  };
  size_t left = 0;
  for (int32_t i = 0; i < n; ++i) {
    score[i] = scores[i];
    begin[i] = 0;
    const bool enough = scores[i] > rules.score_threshold ||
                        (rules.at_threshold && scores[i] == rules.score_threshold);
    if (enough) heap[left++] = i;
  }
  make_heap({heap, left}, order_of(worse));
  int32_t count = 0;
  while (count < most && left > 0) {
    const int32_t best = heap[0];
    const float before = score[best];
    const bool stays = survives(b, best, rules, selected, count);
    const bool settled = !stays || score[best] == before;  // else it may not be the best any more
    if (settled) heap[0] = heap[--left];
    sift_top({heap, left}, order_of(worse));
    if (!stays || !settled) continue;
    selected[count] = best;
    if (selected_scores != nullptr) selected_scores[count] = before;
    ++count;
  }
  return count;
}

}  // namespace wxnn
