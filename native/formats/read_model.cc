#include "formats/read_model.h"

#include "formats/node_list.h"
#include "formats/tflite_reader.h"

namespace wxnn {

namespace {

// How files begin that are not models but end up here: a missing page, the wrong file, a file that
// nobody unpacked.
struct Look {
  uint8_t at;
  const char* bytes;
  const char* what;
};
constexpr Look kLooks[] = {
    {0, "<", "a web page (HTML or XML): check the address"},
    {0, "{", "JSON: a model.json is given to the adapter"},
    {0, "[", "JSON"},
    {0, "PK\x03\x04", "a zip archive: unpack it"},
    {0, "\x1f\x8b", "gzip: unpack it"},
    {0, "\x89PNG", "a PNG picture"},
    {0, "\xff\xd8\xff", "a JPEG picture"},
    {0, "GIF8", "a GIF picture"},
    {8, "WEBP", "a WebP picture"},
    {1, "asm", "a WebAssembly binary"},
    {1, "HDF", "HDF5 (Keras .h5): convert it to .tflite"},
    {0, "version https://git-lfs", "a Git LFS pointer, not the file itself"},
};

bool stands_at(std::string_view file, size_t at, const char* bytes) {
  for (; *bytes != 0; ++at, ++bytes) {
    if (at >= file.size() || file[at] != *bytes) return false;
  }
  return true;
}

// Where text begins: behind a byte order mark and blanks.
size_t first_letter(std::string_view file) {
  size_t at = stands_at(file, 0, "\xef\xbb\xbf") ? 3 : 0;
  while (at < file.size() && (file[at] == ' ' || (file[at] >= '\t' && file[at] <= '\r'))) ++at;
  return at;
}

Status refuse(std::string_view file) {
  WXNN_CHECK(!file.empty(), "the file is empty");
  const size_t letter = first_letter(file);
  for (const Look& look : kLooks) {
    const bool is_letter = look.bytes[1] == 0;
    WXNN_CHECK(!stands_at(file, is_letter ? letter : look.at, look.bytes),
               "neither a .tflite file nor a node list: it looks like {}", look.what);
  }
  constexpr char kHex[] = "0123456789abcdef";
  constexpr size_t kShown = 8;
  char text[3 * kShown + 1] = {};
  for (size_t i = 0; i < kShown && i < file.size(); ++i) {
    const auto byte = static_cast<uint8_t>(file[i]);
    text[3 * i] = ' ';
    text[3 * i + 1] = kHex[byte >> 4];
    text[3 * i + 2] = kHex[byte & 15];
  }
  return fail<"neither a .tflite file nor a node list: it begins with{}">(text);
}

}  // namespace

Status read_model(File file, Graph* graph) {
  const std::string_view bytes(file.head.data<char>(), file.head.size());
  const bool list = stands_at(bytes, 0, "WXNL");
  if (!list && !stands_at(bytes, 4, "TFL3")) return refuse(bytes);
  WXNN_TRY((list ? read_node_list : read_tflite)(std::move(file), graph));
  if (graph->file.read != nullptr) graph->file.head = {};
  return {};
}

}  // namespace wxnn
