#include "formats/tflite_verify.h"

namespace wxnn {

namespace {

// The tables that we read, A to L, each followed by a blank; of each its fields in the order of
// their numbers:
//   1 4 8   a number of so many bytes
//   a d h   a list of such numbers, or of a text's letters
//   B…      a list of tables B
//   i…      one table I
//   -       not read
constexpr const char* kTables =
    "4BC-D--E "       // A Model
    "1a44 "           // B OperatorCode
    "FddGa "          // C SubGraph
    "a88 "            // D Buffer
    "HHa-4 "          // E SignatureDef
    "d14ai1jd1 "      // F Tensor
    "4dd1ka-----1k "  // G Operator
    "a4 "             // H TensorMap
    "--dh1-4 "        // I QuantizationParameters
    "ddL "            // J SparsityParameters
    " "               // K a member of a union
    "141k1k ";        // L DimensionMetadata

// Tables may stand in several lists: a small file may not ask for more than the time that a large
// one takes.
constexpr int kMostTables = 1000000;

bool is_inside(const Buffer& file, const void* from, size_t bytes, size_t alignment) {
  const auto at = static_cast<size_t>(static_cast<const uint8_t*>(from) - file.data<uint8_t>());
  return bytes <= file.size() && at <= file.size() - bytes && at % alignment == 0;
}

class Walk {
 public:
  explicit Walk(const Buffer& file) : file_(file) {}

  bool verify_table(const void* table, int letter) {
    if (++tables_ > kMostTables || !is_inside(file_, table, 4, 4)) return false;
    const auto* vtable = static_cast<const flatbuffers::Table*>(table)->GetVTable();
    if (!is_inside(file_, vtable, 2, 2)) return false;
    constexpr size_t kHead = 4;  // its own bytes and the table's
    const size_t bytes = flatbuffers::ReadScalar<uint16_t>(vtable);
    if (bytes < kHead || bytes % 2 != 0 || !is_inside(file_, vtable, bytes, 2)) return false;
    const char* field = kTables;
    for (; letter > 'A'; --letter) {
      while (*field++ != ' ') {
      }
    }
    for (int slot = vtable_slot(0); *field != ' '; ++field, slot += 2) {
      if (!verify_field(table, slot, *field)) return false;
    }
    return true;
  }

 private:
  bool verify_field(const void* table, int slot, char kind) {
    if (kind == '-') return true;
    const size_t bytes = kind & 15;  // of a number, or of an element
    if (kind <= '9') return verify_number(file_, table, slot, bytes);
    if (kind >= 'a' && kind <= 'h') return verify_list(file_, table, slot, bytes);
    constexpr size_t kOffset = 4;
    if (kind > 'h') {
      return verify_number(file_, table, slot, kOffset) &&
             (is_absent(tflite_field(table, slot)) ||
              verify_table(tflite_target(table, slot), kind - 'a' + 'A'));
    }
    if (!verify_list(file_, table, slot, kOffset)) return false;
    for (const auto* each : tables_in<flatbuffers::Table>(table, slot)) {
      if (!verify_table(each, kind)) return false;
    }
    return true;
  }

  const Buffer& file_;
  int tables_ = 0;
};

}  // namespace

bool verify_number(const Buffer& file, const void* table, int slot, size_t bytes) {
  const void* field = tflite_field(table, slot);
  return is_absent(field) || is_inside(file, field, bytes, bytes);
}

bool verify_list(const Buffer& file, const void* table, int slot, size_t bytes) {
  constexpr size_t kCount = 4;
  if (!verify_number(file, table, slot, kCount)) return false;
  const void* list = tflite_target(table, slot);
  if (is_absent(list)) return true;
  if (!is_inside(file, list, kCount, kCount)) return false;
  const size_t count = flatbuffers::ReadScalar<uint32_t>(list);
  return count <= file.size() / bytes && is_inside(file, list, kCount + count * bytes, kCount);
}

bool verify_tflite(const Buffer& file) {
  const uint8_t* root = file.data<uint8_t>();
  return is_inside(file, root, 4, 4) && Walk(file).verify_table(tflite::GetModel(root), 'A');
}

}  // namespace wxnn
