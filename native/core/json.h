// Writing JSON for those who ask about a model: names of any bytes, whole numbers, shapes.
#pragma once
#include <string_view>

#include "core/string.h"
#include "core/tensor.h"

namespace wxnn {

// Appends "text" with what JSON wants escaped. Other bytes stay as they are: what is no UTF-8 in a
// hostile name becomes U+FFFD where it is decoded (plugin/src/text.ts), as in sentences.
void json_text(String& to, std::string_view text);
// Appends "[1,192,192,3]"; open dimensions are -1, an unknown shape is null.
void json_shape(String& to, const Shape& shape);
// Appends a number with three decimals: milliseconds.
void json_ms(String& to, double ms);

}  // namespace wxnn
