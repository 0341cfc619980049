// variables.index: the table with its checksums as they are, and the bundle with checksums
// repaired, which a random change would otherwise never get past.
#include "../converter/temporary_folder.h"
#include "converter/tensor_bundle.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::string_view bytes(reinterpret_cast<const char*>(data), size);
  std::vector<std::pair<std::string, std::string_view>> entries;
  static_cast<void>(wxnn::read_table(bytes, &entries).ok());
  static const wxnn::TemporaryFolder folder;
  static const std::string shard = folder.write("v.data-00000-of-00001", std::string(4096, 'x'));
  folder.write("v.index", bytes);
  wxnn::TensorBundle bundle;
  if (!bundle.open(folder.file("saved_model.pb"), "v").ok()) return 0;
  const wxnn::ListTensor* variable = nullptr;
  static_cast<void>(bundle.find("w", &variable).ok());
  return 0;
}
