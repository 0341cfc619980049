// What the threads build has beyond abi.md's table.
#include "core/threads.h"
#include "wasm/error.h"

// How many threads run a model from now on, the calling one included: 1 or 0, as abi.md says. At
// most as many as the instance was started with.
extern "C" __attribute__((export_name("wxnn_set_threads"))) int wxnn_set_threads(int count) {
  const wxnn::Status status = wxnn::set_threads(count);
  return status.ok() ? 1 : wxnn::failed(status);
}
