#include "formats/tflite_fields.h"

namespace wxnn {

namespace {
// As a table: its vtable is itself, of no bytes.
alignas(8) constexpr uint8_t kZeros[8] = {};
}  // namespace

const void* tflite_field(const void* table, int slot) {
  const auto* t = static_cast<const flatbuffers::Table*>(table);
  const flatbuffers::voffset_t at =
      t->GetOptionalFieldOffset(static_cast<flatbuffers::voffset_t>(slot));
  return at != 0 ? static_cast<const uint8_t*>(table) + at : kZeros;
}

const void* no_table() { return kZeros; }

bool is_absent(const void* field) { return field == kZeros; }

const void* tflite_target(const void* table, int slot) {
  const auto* field = static_cast<const uint8_t*>(tflite_field(table, slot));
  return field + flatbuffers::ReadScalar<flatbuffers::uoffset_t>(field);
}

}  // namespace wxnn
