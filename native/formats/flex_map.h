// Options of a custom operator in a .tflite file: a FlexBuffer whose root is a map from names to
// numbers, lists of numbers and texts. Reads one entry at a time, without unpacking the rest.
#pragma once
#include <span>
#include <string_view>

#include "core/attrs.h"

namespace wxnn {

// Leaves *value empty where the map lacks the name. Any bytes end in a value or a sentence.
Status read_flex_option(std::span<const std::byte> options, std::string_view name,
                        AttrValue* value);

}  // namespace wxnn
