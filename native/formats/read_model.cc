#include "formats/read_model.h"

#include "formats/node_list.h"
#include "formats/tflite_reader.h"

namespace wxnn {

namespace {

// How files begin that are not models but end up here: a missing page, the wrong file, a file that
// nobody unpacked.
struct Look {
  size_t at;
  std::string_view bytes;
  const char* what;
};
constexpr Look kLooks[] = {
    {0, "<", "a web page (HTML or XML): check the address"},
    {0, "{", "JSON: a model.json is given to the adapter, with its weights"},
    {0, "[", "JSON"},
    {0, "PK\x03\x04", "a zip archive: unpack it"},
    {0, "\x1f\x8b", "gzip: unpack it, or let the server say Content-Encoding"},
    {0, "\x89PNG", "a PNG picture"},
    {0, "\xff\xd8\xff", "a JPEG picture"},
    {0, "GIF8", "a GIF picture"},
    {8, "WEBP", "a WebP picture"},
    {0, std::string_view("\0asm", 4), "a WebAssembly binary"},
    {1, "HDF", "HDF5 (Keras .h5): convert it to .tflite"},
    {0, "version https://git-lfs", "a Git LFS pointer, not the file itself"},
};

std::string_view trimmed(std::string_view text) {
  if (text.starts_with("\xef\xbb\xbf")) text.remove_prefix(3);
  while (!text.empty() && (text[0] == ' ' || (text[0] >= '\t' && text[0] <= '\r'))) {
    text.remove_prefix(1);
  }
  return text;
}

String describe(std::string_view file) {
  if (file.empty()) return "the file is empty";
  for (const Look& look : kLooks) {
    const std::string_view from = look.at == 0 && look.bytes.size() == 1 ? trimmed(file) : file;
    if (from.size() >= look.at && from.substr(look.at).starts_with(look.bytes)) {
      return sentence<"it looks like {}">(look.what);
    }
  }
  constexpr char kHex[] = "0123456789abcdef";
  String text = "it begins with";
  for (unsigned char c : file.substr(0, 8)) {
    text += ' ';
    text += kHex[c >> 4];
    text += kHex[c & 15];
  }
  return text;
}

}  // namespace

Status read_model(File file, Graph* graph) {
  const std::string_view bytes(file.head.data<char>(), file.head.size());
  const bool list = bytes.starts_with("WXNL");
  const bool tflite = bytes.size() >= 8 && bytes.substr(4, 4) == "TFL3";
  if (!list && !tflite) return fail<"neither a .tflite file nor a node list: {}">(describe(bytes));
  WXNN_TRY((list ? read_node_list : read_tflite)(std::move(file), graph));
  if (graph->file.read != nullptr) graph->file.head = {};
  return {};
}

}  // namespace wxnn
