#include "converter/tensor_bundle.h"

#include <algorithm>
#include <cstring>

#include "converter/crc32c.h"
#include "converter/files.h"
#include "converter/tf_types.h"

namespace wxnn {

namespace {

constexpr std::string_view kObjectGraph = "_CHECKPOINTABLE_OBJECT_GRAPH";

// Takes numbers off the front of bytes; after the first that does not fit, ok is false.
struct Reader {
  std::string_view bytes;
  bool ok = true;

  uint64_t varint() {
    uint64_t value = 0;
    for (int shift = 0; shift < 64; shift += 7) {
      if (bytes.empty()) break;
      const uint64_t byte = static_cast<uint8_t>(bytes[0]);
      bytes.remove_prefix(1);
      value |= (byte & 127) << shift;
      if (byte < 128) return value;
    }
    ok = false;
    return 0;
  }
  std::string_view take(uint64_t size) {
    ok = ok && size <= bytes.size();
    if (!ok) return {};
    const std::string_view taken = bytes.substr(0, size);
    bytes.remove_prefix(size);
    return taken;
  }
};

uint32_t u32_at(std::string_view bytes, size_t at) {
  uint32_t value = 0;
  std::memcpy(&value, bytes.data() + at, sizeof value);
  return value;
}

// A block without its trailer (type, checksum) and without its table of restarts.
Status block_at(std::string_view file, uint64_t offset, uint64_t size, std::string_view* block) {
  constexpr size_t kTrailer = 5, kWord = 4;
  WXNN_CHECK(offset <= file.size() && size <= file.size() - offset &&
                 kTrailer <= file.size() - offset - size && size >= kWord,
             "has a block beyond its end");
  const std::string_view all = file.substr(offset, size + kTrailer);
  WXNN_CHECK(masked_crc32c(all.substr(0, size + 1)) == u32_at(all, size + 1),
             "has a block with a wrong checksum");
  WXNN_CHECK(all[size] == 0, "has a compressed block, which is not supported");
  const uint64_t restarts = u32_at(all, size - kWord);
  WXNN_CHECK(restarts <= (size - kWord) / kWord, "has a damaged block");
  *block = all.substr(0, size - kWord - restarts * kWord);
  return {};
}

using Entries = std::vector<std::pair<std::string, std::string_view>>;

Status read_block(std::string_view block, uint64_t* memory, Entries* entries) {
  Reader r{.bytes = block};
  std::string key;
  while (!r.bytes.empty()) {
    const uint64_t shared = r.varint(), own = r.varint(), value = r.varint();
    WXNN_CHECK(r.ok && shared <= key.size(), "has a damaged block");
    key.resize(shared);
    key += r.take(own);
    const std::string_view bytes = r.take(value);
    // Shared beginnings could make keys of endless length from few bytes.
    WXNN_CHECK(r.ok && key.size() <= *memory, "has a damaged block");
    *memory -= key.size();
    entries->emplace_back(key, bytes);
  }
  return {};
}

}  // namespace

Status read_table(std::string_view file, Entries* entries) {
  constexpr size_t kFooter = 48;
  constexpr uint32_t kMagic[] = {0x8b80fb57, 0xdb477524};
  WXNN_CHECK(file.size() >= kFooter && u32_at(file, file.size() - 8) == kMagic[0] &&
                 u32_at(file, file.size() - 4) == kMagic[1],
             "is no tensor bundle's index, or damaged");
  Reader footer{.bytes = file.substr(file.size() - kFooter)};
  footer.varint();
  footer.varint();
  const uint64_t offset = footer.varint(), size = footer.varint();
  WXNN_CHECK(footer.ok, "is no tensor bundle's index, or damaged");
  std::string_view block;
  Entries blocks;
  uint64_t memory = 64 * static_cast<uint64_t>(file.size());
  WXNN_TRY(block_at(file, offset, size, &block));
  WXNN_TRY(read_block(block, &memory, &blocks));
  for (const auto& [key, value] : blocks) {
    Reader where{.bytes = value};
    const uint64_t at = where.varint(), length = where.varint();
    WXNN_CHECK(where.ok, "has a damaged block");
    WXNN_TRY(block_at(file, at, length, &block));
    WXNN_TRY(read_block(block, &memory, entries));
  }
  return {};
}

Status TensorBundle::read_header(std::string_view value) {
  tf::BundleHeaderProto header;
  WXNN_CHECK(header.ParseFromArray(value.data(), static_cast<int>(value.size())),
             "has no header, or is damaged");
  constexpr int kMost = 1000;
  WXNN_CHECK(header.num_shards() > 0 && header.num_shards() <= kMost, "names {} files",
             header.num_shards());
  WXNN_CHECK(header.endianness() == 0,
             "was written by a big-endian machine, which is not supported");
  shards_.resize(static_cast<size_t>(header.num_shards()));
  return {};
}

Status TensorBundle::read_entry(std::string key, std::string_view value) {
  tf::BundleEntryProto proto;
  const bool parsed = proto.ParseFromArray(value.data(), static_cast<int>(value.size()));
  WXNN_CHECK(parsed, "has a damaged entry \"{}\"", key);
  Entry entry{.crc = proto.crc32c()};
  WXNN_TRY(tf_dims(proto.shape(), &entry.variable.shape));
  entry.variable.type = static_cast<uint32_t>(proto.dtype());
  if (proto.slices_size() != 0) entry.refusal = "is stored in parts, which is not supported";
  const size_t shard = static_cast<size_t>(proto.shard_id());
  WXNN_CHECK(proto.shard_id() >= 0 && shard < shards_.size(), "\"{}\" lies in file {} of {}", key,
             proto.shard_id(), shards_.size());
  const std::string& file = shards_[shard];
  const uint64_t offset = static_cast<uint64_t>(proto.offset());
  const uint64_t size = static_cast<uint64_t>(proto.size());
  const bool inside = offset <= file.size() && size <= file.size() - offset;
  WXNN_CHECK(inside || !entry.refusal.empty(), "\"{}\" lies behind the end of its file", key);
  if (inside) entry.variable.bytes = std::string_view(file).substr(offset, size);
  entries_[std::move(key)] = std::move(entry);
  return {};
}

Status TensorBundle::read_shards(const std::string& model_path, const std::string& prefix) {
  const size_t count = shards_.size();
  for (size_t i = 0; i < count; ++i) {
    const auto digits = [](size_t n) {
      const std::string text = sentence<"{}">(n);
      return std::string(text.size() < 5 ? 5 - text.size() : 0, '0') + text;
    };
    const std::string name = sentence<"{}.data-{}-of-{}">(prefix, digits(i), digits(count));
    std::string path;
    WXNN_TRY(sibling(model_path, name, &path));
    WXNN_TRY(read_file(path, &shards_[i]));
    bytes_ += shards_[i].size();
  }
  return {};
}

// A string tensor: lengths as varints, their checksum, the strings.
Status TensorBundle::read_object_graph() {
  const auto at = entries_.find(std::string(kObjectGraph));
  if (at == entries_.end()) return {};
  Reader r{.bytes = at->second.variable.bytes};
  const uint64_t length = r.varint();
  r.take(sizeof(uint32_t));
  const std::string_view bytes = r.take(length);
  tf::TrackableObjectGraph graph;
  const bool parsed = r.ok && graph.ParseFromArray(bytes.data(), static_cast<int>(bytes.size()));
  WXNN_CHECK(parsed, "has a damaged entry \"{}\"", kObjectGraph);
  for (const auto& object : graph.nodes()) {
    for (const auto& tensor : object.attributes())
      keys_[tensor.full_name()] = tensor.checkpoint_key();
  }
  return {};
}

Status TensorBundle::open(const std::string& model_path, const std::string& prefix) {
  std::string path, index;
  WXNN_TRY(sibling(model_path, prefix + ".index", &path));
  WXNN_TRY(read_file(path, &index));
  bytes_ = index.size();
  const auto read = [&]() -> Status {
    Entries entries;
    WXNN_TRY(read_table(index, &entries));
    WXNN_CHECK(!entries.empty() && entries[0].first.empty(), "has no header");
    WXNN_TRY(read_header(entries[0].second));
    WXNN_TRY(read_shards(model_path, prefix));
    for (size_t i = 1; i < entries.size(); ++i)
      WXNN_TRY(read_entry(entries[i].first, entries[i].second));
    return read_object_graph();
  };
  Status status = read();
  if (status.ok()) return status;
  return status.at(sentence<"\"{}.index\"">(prefix));
}

Status TensorBundle::find(const std::string& name, const ListTensor** variable) const {
  *variable = nullptr;
  auto at = entries_.find(name);
  const auto key = keys_.find(name);
  if (at == entries_.end() && key != keys_.end()) at = entries_.find(key->second);
  if (at == entries_.end()) return {};
  const Entry& entry = at->second;
  WXNN_CHECK(entry.refusal.empty(), "variable \"{}\" {}", name, entry.refusal);
  WXNN_CHECK(masked_crc32c(entry.variable.bytes) == entry.crc,
             "variable \"{}\" is damaged: its checksum is wrong", name);
  *variable = &entry.variable;
  return {};
}

}  // namespace wxnn
