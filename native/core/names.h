// Lists of names, each of them one text, and an order of names.
#pragma once
#include <string_view>

namespace wxnn {

// Whether the name is one of "Conv2D|FusedConv2D" or "Identity Snapshot", a list that ends at the
// text's end or at a letter that is no blank and no |.
bool is_listed(const char* names, std::string_view name);

// An order for looking names up: short ones come first.
bool comes_before(std::string_view a, std::string_view b);

}  // namespace wxnn
