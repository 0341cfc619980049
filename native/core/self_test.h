// Does this binary compute what it should on this engine? iOS 16.4 accepts SIMD and computes
// garbage (onnxruntime#15644): accepting a binary proves nothing, so numbers are compared.
#pragma once
#include "core/status.h"

namespace wxnn {

// Convolution, depthwise convolution and element-wise kernels on small whole numbers, whose results
// are exact in float32, against scalar integer loops. Under a millisecond.
Status self_test();

}  // namespace wxnn
