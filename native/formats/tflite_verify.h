// Verifies the frame of a .tflite file: after it, everything but options of operators and sparse
// index vectors may be read (tflite_fields.h) without leaving the file. Those two are unions, of
// which each reader verifies only the member it uses.
//
// Flatc's generated verifier walks a union of 126 tables; this one asks flatbuffers' Verifier for
// what a text with a letter for each field says.
#pragma once
#include "core/buffer.h"
#include "formats/tflite_fields.h"

namespace wxnn {

bool verify_tflite(const Buffer& file);

// The position in a vtable of a table's field number `field`.
inline flatbuffers::voffset_t vtable_slot(int field) {
  return static_cast<flatbuffers::voffset_t>(4 + 2 * field);
}

// One field of a verified table, which may be left out: a number of so many bytes, or a list of
// such elements.
bool verify_number(const Buffer& file, const void* table, int slot, size_t bytes);
bool verify_list(const Buffer& file, const void* table, int slot, size_t bytes);

}  // namespace wxnn
