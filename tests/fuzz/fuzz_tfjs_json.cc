#include "convert_file.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  return wxnn::fuzz_convert("model.json", data, size);
}
