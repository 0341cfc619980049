#include "converter/files.h"

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <filesystem>
#include <memory>

namespace wxnn {

namespace {
struct Close {
  void operator()(FILE* f) const { std::fclose(f); }
};
using File = std::unique_ptr<FILE, Close>;
}  // namespace

bool is_folder(const std::string& path) {
  std::error_code error;
  return std::filesystem::is_directory(path, error);
}

bool is_file(const std::string& path) {
  std::error_code error;
  return std::filesystem::is_regular_file(path, error);
}

Status read_file(const std::string& path, std::string* bytes) {
  WXNN_CHECK(!is_folder(path), "\"{}\" is a folder, not a file", path);
  const File file(std::fopen(path.c_str(), "rb"));
  WXNN_CHECK(file, "cannot open \"{}\": {}", path, std::strerror(errno));
  std::error_code error;
  const auto size = std::filesystem::file_size(path, error);
  bytes->clear();
  // What is no regular file (a pipe) has no size.
  if (!error) bytes->reserve(size);
  char block[1 << 16];
  size_t n = 0;
  do {
    n = std::fread(block, 1, sizeof block, file.get());
    bytes->append(block, n);
  } while (n == sizeof block);
  WXNN_CHECK(std::ferror(file.get()) == 0, "cannot read \"{}\": {}", path, std::strerror(errno));
  return {};
}

Status read_part(const std::string& path, uint64_t offset, uint64_t length, std::string* bytes,
                 bool* inside) {
  std::error_code error;
  const auto size = is_file(path) ? std::filesystem::file_size(path, error) : 0;
  if (error || !is_file(path)) return read_file(path, bytes);  // which says what is wrong
  const File file(std::fopen(path.c_str(), "rb"));
  WXNN_CHECK(file, "cannot open \"{}\": {}", path, std::strerror(errno));
  *inside = offset <= size;
  if (!*inside) return {};
  bytes->resize(std::min<uint64_t>(length, size - offset));
  const bool whole = fseeko(file.get(), static_cast<off_t>(offset), SEEK_SET) == 0 &&
                     std::fread(bytes->data(), 1, bytes->size(), file.get()) == bytes->size();
  WXNN_CHECK(whole, "cannot read \"{}\": {}", path, std::strerror(errno));
  return {};
}

Status write_file(const std::string& path, std::string_view bytes) {
  const std::string fresh = path + ".new";
  {
    const File file(std::fopen(fresh.c_str(), "wb"));
    WXNN_CHECK(file, "cannot write \"{}\": {}", path, std::strerror(errno));
    const bool whole = std::fwrite(bytes.data(), 1, bytes.size(), file.get()) == bytes.size() &&
                       std::fflush(file.get()) == 0;
    WXNN_CHECK(whole, "cannot write \"{}\": {}", path, std::strerror(errno));
  }
  // Whole or not at all.
  std::error_code error;
  std::filesystem::rename(fresh, path, error);
  WXNN_CHECK(!error, "cannot write \"{}\": {}", path, error.message());
  return {};
}

Status sibling(const std::string& model_path, std::string_view name, std::string* path) {
  namespace fs = std::filesystem;
  const fs::path relative(name);
  bool inside =
      !name.empty() && !relative.is_absolute() && name.find('\\') == std::string_view::npos;
  for (const fs::path& part : relative) inside = inside && part != "..";
  WXNN_CHECK(inside,
             "the model refers to the file \"{}\", which is outside its folder: it is not opened",
             name);
  std::error_code error;
  const fs::path folder =
      fs::path(model_path).has_parent_path() ? fs::path(model_path).parent_path() : ".";
  const fs::path home = fs::canonical(folder, error);
  const fs::path target = fs::weakly_canonical(folder / relative, error);
  const std::string rest = fs::relative(target, home, error).string();
  WXNN_CHECK(!error && !rest.starts_with(".."),
             "the file \"{}\" is a link that leads out of the model's folder: it is not opened",
             name);
  *path = (folder / relative).string();
  return {};
}

}  // namespace wxnn
