// Files of the converter: the model, and what it refers to, which must lie in its folder.
#pragma once
#include <string>

#include "core/buffer.h"

namespace wxnn {

bool is_folder(const std::string& path);
bool is_file(const std::string& path);
Status read_file(const std::string& path, std::string* bytes);
// At most `length` bytes from `offset`; not `inside`: the file ends before.
Status read_part(const std::string& path, uint64_t offset, uint64_t length, std::string* bytes,
                 bool* inside);
Status write_file(const std::string& path, std::string_view bytes);
// The file `name` that the model `model_path` refers to. Refuses absolute names, "..", and links
// that lead out: a model opens no file outside its own folder.
Status sibling(const std::string& model_path, std::string_view name, std::string* path);

}  // namespace wxnn
