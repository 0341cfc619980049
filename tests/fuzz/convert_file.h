// A fuzz target of the converter: the bytes as a file of some name, converted. Every outcome is
// fine but a crash, a report of the sanitizers, or more memory than tools/test allows.
#pragma once
#include "../converter/temporary_folder.h"
#include "converter/convert.h"

namespace wxnn {

inline int fuzz_convert(const char* name, const uint8_t* data, size_t size) {
  static const TemporaryFolder folder;  // its name is equally long in every run: coverage is equal
  static const std::string weights = folder.write("w.bin", std::string(4096, '\x3c'));
  ConvertOptions options;
  options.source = folder.write(name, {reinterpret_cast<const char*>(data), size});
  options.custom_ops = true;
  // An input is converted in one way, which its length chooses.
  options.nhwc = size % 2 == 1;
  options.f16 = size % 3 == 1;
  Converted converted;
  static_cast<void>(convert(options, &converted).ok());
  return 0;
}

}  // namespace wxnn
