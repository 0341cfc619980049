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

using flatbuffers::Table;
using flatbuffers::Verifier;

// Its default lets tables be as many, and as deep, as a small file may ask for.
Verifier verifier_of(const Buffer& file) { return Verifier(file.data<uint8_t>(), file.size()); }

bool is_list(const Verifier& v, const Table& table, int slot, size_t bytes) {
  if (!table.VerifyOffset(v, static_cast<flatbuffers::voffset_t>(slot))) return false;
  const void* list = tflite_target(&table, slot);
  return is_absent(list) || v.VerifyVectorOrString(static_cast<const uint8_t*>(list), bytes);
}

bool is_number(const Verifier& v, const Table& table, int slot, size_t bytes) {
  const auto at = table.GetOptionalFieldOffset(static_cast<flatbuffers::voffset_t>(slot));
  return at == 0 || v.VerifyFieldStruct(reinterpret_cast<const uint8_t*>(&table), at, bytes, bytes);
}

bool verify_table(Verifier& v, const Table& table, int letter);

bool verify_field(Verifier& v, const Table& table, int slot, char kind) {
  if (kind == '-') return true;
  const size_t bytes = kind & 15;  // of a number, or of an element
  if (kind <= '9') return is_number(v, table, slot, bytes);
  if (kind >= 'a' && kind <= 'h') return is_list(v, table, slot, bytes);
  if (kind > 'h') {
    if (!table.VerifyOffset(v, static_cast<flatbuffers::voffset_t>(slot))) return false;
    const void* inner = tflite_target(&table, slot);
    return is_absent(inner) || verify_table(v, *static_cast<const Table*>(inner), kind - 'a' + 'A');
  }
  constexpr size_t kOffset = sizeof(flatbuffers::uoffset_t);
  if (!is_list(v, table, slot, kOffset)) return false;
  const auto& tables = tables_in<Table>(&table, slot);
  for (flatbuffers::uoffset_t i = 0; i < tables.size(); ++i) {
    if (v.VerifyOffset(tables.Data() + i * kOffset, 0) == 0) return false;
    if (!verify_table(v, *tables.Get(i), kind)) return false;
  }
  return true;
}

bool verify_table(Verifier& v, const Table& table, int letter) {
  if (!table.VerifyTableStart(v)) return false;
  const char* field = kTables;
  for (; letter > 'A'; --letter) {
    while (*field++ != ' ') {
    }
  }
  for (int slot = vtable_slot(0); *field != ' '; ++field, slot += 2) {
    if (!verify_field(v, table, slot, *field)) return false;
  }
  return v.EndTable();
}

}  // namespace

bool verify_number(const Buffer& file, const void* table, int slot, size_t bytes) {
  return is_number(verifier_of(file), *static_cast<const Table*>(table), slot, bytes);
}

bool verify_list(const Buffer& file, const void* table, int slot, size_t bytes) {
  return is_list(verifier_of(file), *static_cast<const Table*>(table), slot, bytes);
}

bool verify_tflite(const Buffer& file) {
  constexpr size_t kSmallest = 16;
  Verifier v = verifier_of(file);
  return file.size() >= kSmallest && v.VerifyOffset(0) != 0 &&
         verify_table(v, *flatbuffers::GetRoot<Table>(file.data()), 'A');
}

}  // namespace wxnn
