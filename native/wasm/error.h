// Where the C ABI keeps the last failure's sentence.
#pragma once
#include "core/status.h"
#include "core/string.h"

namespace wxnn {

// Keeps the sentence for wxnn_error() and returns 0, the ABI's "failed". The status is not ok.
int failed(const Status& status);

// The text stays valid until the next call: how every `-> text` export returns.
const char* keep_text(String text);

}  // namespace wxnn
