#include "formats/tflite_reader.h"
#include "load_graph.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  return wxnn::fuzz_read(wxnn::read_tflite, data, size);
}
