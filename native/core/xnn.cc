#include "core/xnn.h"

namespace wxnn {

Status xnn_ready() { return xnn(xnn_initialize(/*allocator=*/nullptr), "its initialisation"); }

}  // namespace wxnn
