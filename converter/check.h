// Runs the source model and its conversion on the same inputs.
#pragma once
#include "converter/convert.h"

namespace wxnn {

struct OutputDifference {
  std::string name;
  Shape shape;
  double largest = 0;     // magnitude in the source's output
  double difference = 0;  // the largest; NaN and infinity differ only from what they are not
};

// Floats of the inputs are uniform in [-1, 1], seeded; ints in [0, 8), bools both.
Status check_conversion(const ConvertOptions& options, const std::string& tflite,
                        std::vector<OutputDifference>* differences);

}  // namespace wxnn
