// XNNPACK operators as values with an owner, and its status codes as sentences.
#pragma once
#include <xnnpack.h>

#include <memory>

#include "core/status.h"

namespace wxnn {

struct XnnDelete {
  void operator()(xnn_operator_t op) const { xnn_delete_operator(op); }
};
using XnnOp = std::unique_ptr<xnn_operator, XnnDelete>;

// Initialises XNNPACK on first use; it can only fail for want of memory.
Status xnn_ready();

// infer has accepted the node by the time XNNPACK is asked, so a refusal means memory or a fault
// of ours: the sentence says which call and which status.
inline Status xnn(xnn_status status, std::string_view what) {
  if (status == xnn_status_success) return {};
  if (status == xnn_status_out_of_memory) return fail("no memory for ", what);
  return fail("XNNPACK refused ", what, " (status ", static_cast<int>(status), ")");
}

}  // namespace wxnn
