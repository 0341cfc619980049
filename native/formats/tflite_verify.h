// Verifies the frame of a .tflite file: after it, everything but options of operators and sparse
// index vectors may be read through the generated accessors without leaving the file. Those two are
// unions, of which each reader verifies only the member it uses.
//
// Flatc's own verifier walks a union of 126 tables; this one is a table of fields.
#pragma once
#include <flatbuffers/flatbuffers.h>

#include "formats/tflite_schema.h"

namespace wxnn {

bool verify_tflite(flatbuffers::Verifier& verifier, const tflite::Model& model);

// The position in a vtable of a table's field number `field`.
inline flatbuffers::voffset_t vtable_slot(int field) {
  return static_cast<flatbuffers::voffset_t>(4 + 2 * field);
}

// One field of a verified table: a scalar of so many bytes, or a vector of such elements.
bool verify_scalar(const flatbuffers::Verifier& v, const flatbuffers::Table& t, int field,
                   int bytes);
bool verify_vector(const flatbuffers::Verifier& v, const flatbuffers::Table& t, int field,
                   int bytes);

}  // namespace wxnn
