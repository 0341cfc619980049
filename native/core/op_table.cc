// The operators of one program. Compiled once for each list: WXNN_OPS names the file.
#include "core/op.h"

#ifndef WXNN_OPS
#define WXNN_OPS "ops/ops_tfjs.def"
#endif

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

std::span<const Op* const> ops() { return kOps; }

const Op* find_op(std::string_view name) {
  for (const Op* op : kOps) {
    if (op->name == name) return op;
  }
  return nullptr;
}

}  // namespace wxnn
