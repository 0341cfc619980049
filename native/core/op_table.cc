// The operators of one program. Compiled once for each list: WXNN_OPS names the file.
#include "core/build_parts.h"
#include "core/op.h"
#include "core/ops_of_build.h"

namespace wxnn {

#define OP(name) extern const Op k##name;
#include WXNN_OPS
#undef OP

namespace {
// Naming an operator here is what links it; what no list names, the linker drops with its kernels.
constexpr const Op* kOps[] = {
#define OP(name) &k##name,
#include WXNN_OPS
#undef OP
};
}  // namespace

constinit const BuildParts kBuildParts = {
    .flow = is_in_build("If") || is_in_build("While"),
    .grids = is_in_build("FakeQuantWithMinMaxArgs"),
    .state = is_in_build("LSTM") || is_in_build("RNN") || is_in_build("SVDF"),
    .tables = is_in_build("LookupTableFind"),
    .rare = is_in_build("SVDF"),
    .custom = is_in_build("AudioSpectrogram") || is_in_build("Mfcc") ||
              is_in_build("DetectionPostProcess") || is_in_build("LandmarksToTransformMatrix") ||
              is_in_build("TransformLandmarks") || is_in_build("TransformTensorBilinear"),
    .complex = is_in_build("Complex"),
    .late = kLateShapes || is_in_build("If") || is_in_build("While"),
    .early = any_in_build(kReadTypes) || is_in_build("If") || is_in_build("While"),
    .short_rows = is_in_build("Sub") || is_in_build("Multiply"),
    .transposes = is_in_build("Transpose") || is_in_build("Einsum"),
    .fewer_products = is_in_build("WinogradConv2D"),
};

std::span<const Op* const> ops() { return kOps; }

const Op* find_op(const char* name) {
  for (const Op* op : kOps) {
    if (same_name(op->name, name)) return op;
  }
  return nullptr;
}

}  // namespace wxnn
