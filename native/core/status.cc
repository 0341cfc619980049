#include "core/status.h"

namespace wxnn {

Status Status::at(std::string_view place) && {
  if (ok()) return {};
  return Status(sentence(place, ": ", message()));
}

void say_number(std::string& to, int64_t number) {
  char digits[20];
  int n = 0;
  uint64_t rest = number < 0 ? 0 - static_cast<uint64_t>(number) : static_cast<uint64_t>(number);
  do {
    digits[n++] = static_cast<char>('0' + rest % 10);
    rest /= 10;
  } while (rest != 0);
  if (number < 0) to += '-';
  while (n > 0) to += digits[--n];
}

}  // namespace wxnn
