// Reads fields of verified tables of a .tflite file. What a table leaves out reads as zeros, and
// zeros are the number 0, an empty list, an empty text, or a table that leaves out everything: no
// reader asks whether a field is there.
#pragma once
#include <flatbuffers/flatbuffers.h>

#include <string_view>

#include "formats/tflite_schema.h"

namespace wxnn {

template <class T>
using TfliteList = flatbuffers::Vector<T>;
template <class T>
using TfliteTables = TfliteList<flatbuffers::Offset<T>>;
using TfliteInts = TfliteList<int32_t>;

// Where the field stands; `slot` is its place in the vtable (tflite::Tensor::VT_SHAPE).
const void* tflite_field(const void* table, int slot);
// Where the field points to.
const void* tflite_target(const void* table, int slot);

template <class T>
T number_in(const void* table, int slot) {
  return *static_cast<const T*>(tflite_field(table, slot));
}
template <class T>
const TfliteList<T>& list_in(const void* table, int slot) {
  return *static_cast<const TfliteList<T>*>(tflite_target(table, slot));
}
template <class T>
const TfliteTables<T>& tables_in(const void* table, int slot) {
  return list_in<flatbuffers::Offset<T>>(table, slot);
}
inline const TfliteInts& ints_in(const void* table, int slot) {
  return list_in<int32_t>(table, slot);
}
inline std::string_view text_in(const void* table, int slot) {
  const auto& text = list_in<char>(table, slot);
  return {text.data(), text.size()};
}
// Whether the field, or what it points to, is left out; for the few that ask.
bool is_absent(const void* field);

// Leaves out everything.
const void* no_table();

inline const TfliteTables<tflite::SubGraph>& subgraphs_of(const tflite::Model& model) {
  return tables_in<tflite::SubGraph>(&model, tflite::Model::VT_SUBGRAPHS);
}
inline const TfliteTables<tflite::Operator>& operators_of(const tflite::SubGraph& subgraph) {
  return tables_in<tflite::Operator>(&subgraph, tflite::SubGraph::VT_OPERATORS);
}
inline const TfliteInts& inputs_of(const tflite::Operator& op) {
  return ints_in(&op, tflite::Operator::VT_INPUTS);
}
inline const TfliteInts& outputs_of(const tflite::Operator& op) {
  return ints_in(&op, tflite::Operator::VT_OUTPUTS);
}

}  // namespace wxnn
