// What StableHLO's operators on windows have in common: elements that are combined by a computation
// with a name, indices in row-major order, lists that are attributes alone.
#pragma once
#include "ops/arguments.h"

namespace wxnn {

// What a result and one more element give, by the name of the operator that the file says it with.
using Combine = void (*)(void* y, const void* x);

// Of Add, Multiply, Minimum, Maximum, LogicalAnd, LogicalOr; null where there is none for this
// type.
Combine find_combine(std::string_view name, DType dtype);
// Attribute `computation` names one.
Status check_combine(const Attrs& attrs, DType dtype);

// The next index in row-major order.
void next_index(const Shape& shape, int32_t* at);

// The port of a list that is an attribute alone (read_numbers).
inline constexpr size_t kNoPort = SIZE_MAX;

}  // namespace wxnn
