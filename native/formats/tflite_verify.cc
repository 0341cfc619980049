#include "formats/tflite_verify.h"

#include <span>

namespace wxnn {

namespace {

using flatbuffers::Offset;
using flatbuffers::Table;
using flatbuffers::Verifier;

enum class Kind : uint8_t { kScalar, kVector, kText, kTable, kTables };

// `bytes`: of the scalar, or of one element of the vector.
struct FieldRule {
  uint8_t field;
  Kind kind;
  uint8_t bytes = 0;
  const struct TableRule* table = nullptr;
};
struct TableRule {
  std::span<const FieldRule> fields;
};

constexpr TableRule kOpaque = {};

constexpr FieldRule kBufferFields[] = {
    {0, Kind::kVector, 1}, {1, Kind::kScalar, 8}, {2, Kind::kScalar, 8}};
constexpr TableRule kBuffer = {kBufferFields};

constexpr FieldRule kQuantizationFields[] = {
    {2, Kind::kVector, 4}, {3, Kind::kVector, 8}, {4, Kind::kScalar, 1}, {6, Kind::kScalar, 4}};
constexpr TableRule kQuantization = {kQuantizationFields};

constexpr FieldRule kDimensionFields[] = {{0, Kind::kScalar, 1}, {1, Kind::kScalar, 4},
                                          {2, Kind::kScalar, 1}, {3, Kind::kTable, 0, &kOpaque},
                                          {4, Kind::kScalar, 1}, {5, Kind::kTable, 0, &kOpaque}};
constexpr TableRule kDimension = {kDimensionFields};

constexpr FieldRule kSparsityFields[] = {
    {0, Kind::kVector, 4}, {1, Kind::kVector, 4}, {2, Kind::kTables, 0, &kDimension}};
constexpr TableRule kSparsity = {kSparsityFields};

constexpr FieldRule kTensorFields[] = {{0, Kind::kVector, 4},
                                       {1, Kind::kScalar, 1},
                                       {2, Kind::kScalar, 4},
                                       {3, Kind::kText},
                                       {4, Kind::kTable, 0, &kQuantization},
                                       {5, Kind::kScalar, 1},
                                       {6, Kind::kTable, 0, &kSparsity},
                                       {7, Kind::kVector, 4},
                                       {8, Kind::kScalar, 1}};
constexpr TableRule kTensor = {kTensorFields};

constexpr FieldRule kOperatorFields[] = {
    {0, Kind::kScalar, 4},  {1, Kind::kVector, 4},          {2, Kind::kVector, 4},
    {3, Kind::kScalar, 1},  {4, Kind::kTable, 0, &kOpaque}, {5, Kind::kVector, 1},
    {11, Kind::kScalar, 1}, {12, Kind::kTable, 0, &kOpaque}};
constexpr TableRule kOperator = {kOperatorFields};

constexpr FieldRule kSubGraphFields[] = {{0, Kind::kTables, 0, &kTensor},
                                         {1, Kind::kVector, 4},
                                         {2, Kind::kVector, 4},
                                         {3, Kind::kTables, 0, &kOperator},
                                         {4, Kind::kText}};
constexpr TableRule kSubGraph = {kSubGraphFields};

constexpr FieldRule kOperatorCodeFields[] = {
    {0, Kind::kScalar, 1}, {1, Kind::kText}, {2, Kind::kScalar, 4}, {3, Kind::kScalar, 4}};
constexpr TableRule kOperatorCode = {kOperatorCodeFields};

constexpr FieldRule kTensorMapFields[] = {{0, Kind::kText}, {1, Kind::kScalar, 4}};
constexpr TableRule kTensorMap = {kTensorMapFields};

constexpr FieldRule kSignatureFields[] = {{0, Kind::kTables, 0, &kTensorMap},
                                          {1, Kind::kTables, 0, &kTensorMap},
                                          {2, Kind::kText},
                                          {4, Kind::kScalar, 4}};
constexpr TableRule kSignature = {kSignatureFields};

constexpr FieldRule kModelFields[] = {{0, Kind::kScalar, 4},
                                      {1, Kind::kTables, 0, &kOperatorCode},
                                      {2, Kind::kTables, 0, &kSubGraph},
                                      {4, Kind::kTables, 0, &kBuffer},
                                      {7, Kind::kTables, 0, &kSignature}};
constexpr TableRule kModel = {kModelFields};

// The vector, text or table that a field points to, once the field's offset is verified.
const uint8_t* target_of(const Table& t, int field) {
  return t.GetPointer<const uint8_t*>(vtable_slot(field));
}

bool verify_table(Verifier& v, const Table& t, const TableRule& rule);

bool verify_tables(Verifier& v, const Table& t, const FieldRule& rule) {
  if (!verify_vector(v, t, rule.field, sizeof(flatbuffers::uoffset_t))) return false;
  const uint8_t* at = target_of(t, rule.field);
  if (at == nullptr) return true;
  const auto& tables = *reinterpret_cast<const flatbuffers::Vector<Offset<Table>>*>(at);
  for (flatbuffers::uoffset_t i = 0; i < tables.size(); ++i) {
    if (v.VerifyOffset(tables.Data() + i * sizeof(flatbuffers::uoffset_t), 0) == 0) return false;
    if (!verify_table(v, *tables.Get(i), *rule.table)) return false;
  }
  return true;
}

bool verify_field(Verifier& v, const Table& t, const FieldRule& rule) {
  if (rule.kind == Kind::kScalar) return verify_scalar(v, t, rule.field, rule.bytes);
  if (rule.kind == Kind::kVector) return verify_vector(v, t, rule.field, rule.bytes);
  if (rule.kind == Kind::kTables) return verify_tables(v, t, rule);
  if (!t.VerifyOffset(v, vtable_slot(rule.field))) return false;
  const uint8_t* at = target_of(t, rule.field);
  if (at == nullptr) return true;
  if (rule.kind == Kind::kText) {
    return v.VerifyString(reinterpret_cast<const flatbuffers::String*>(at));
  }
  return verify_table(v, *reinterpret_cast<const Table*>(at), *rule.table);
}

bool verify_table(Verifier& v, const Table& t, const TableRule& rule) {
  if (!t.VerifyTableStart(v)) return false;
  for (const FieldRule& field : rule.fields) {
    if (!verify_field(v, t, field)) return false;
  }
  return v.EndTable();
}

const Table& table_of(const tflite::Model& model) { return reinterpret_cast<const Table&>(model); }

}  // namespace

bool verify_scalar(const Verifier& v, const Table& t, int field, int bytes) {
  const flatbuffers::voffset_t at = t.GetOptionalFieldOffset(vtable_slot(field));
  return at == 0 || v.VerifyFieldStruct(reinterpret_cast<const uint8_t*>(&t), at, bytes, bytes);
}

bool verify_vector(const Verifier& v, const Table& t, int field, int bytes) {
  if (!t.VerifyOffset(v, vtable_slot(field))) return false;
  const uint8_t* at = target_of(t, field);
  return at == nullptr || v.VerifyVectorOrString(at, bytes);
}

bool verify_tflite(Verifier& verifier, const tflite::Model& model) {
  return verify_table(verifier, table_of(model), kModel);
}

}  // namespace wxnn
