// Does this binary compute what it should on this engine? iOS 16.4 accepts SIMD and computes
// garbage (onnxruntime#15644): accepting a binary proves nothing, so numbers are compared.
#pragma once
#include "core/status.h"

namespace wxnn {

// Convolution and depthwise convolution of small whole numbers, whose results are exact in float32,
// against scalar integer loops. Under a millisecond. Once it has passed, calls run the kernels
// alone: engines that compile again what is used often then do so before a model comes.
Status self_test();

}  // namespace wxnn
