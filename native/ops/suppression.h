// Greedy suppression of overlapping boxes: the best score stays, whatever overlaps it too much
// goes, and so on. What NonMaxSuppressionV3…V5 and TFLite_Detection_PostProcess share.
#pragma once
#include <cstdint>

namespace wxnn {

struct SuppressionRules {
  float iou_threshold = 1;
  float score_threshold = 0;
  float soft_sigma = 0;  // above 0: overlapping boxes lose score by a Gaussian instead of going
  // TFLite_Detection_PostProcess takes scores equal to the threshold, and drops only what overlaps
  // more than its threshold; the others do the opposite.
  bool at_threshold = false;
};

// Room for what is kept of one box.
struct Candidate {
  int32_t words[3];
};

// Chooses among n boxes [y0, x0, y1, x1] (any two opposite corners), best first; of equal scores
// the lower index. Writes at most `most` indices and, unless null, their scores; returns how many.
// `scratch` has room for n.
int32_t suppress(const float* boxes, const float* scores, int32_t n, const SuppressionRules& rules,
                 int32_t most, Candidate* scratch, int32_t* selected, float* selected_scores);

}  // namespace wxnn
