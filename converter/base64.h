#pragma once
#include <string>
#include <string_view>

namespace wxnn {

// Both alphabets; characters of neither are skipped, as blanks and line ends may be there.
std::string base64_decode(std::string_view text);

}  // namespace wxnn
