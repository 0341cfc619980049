#pragma once

#include <functional>
#include <string>

#include "format.h"

namespace brotli {

struct Options {
  int rounds = 10;
  std::function<void(const std::string&)> say;  // how it goes on, a line at a time
};

/** A brotli stream of data (less than 16 MB). The same data gives the same stream. */
Bytes compress(const Bytes& data, const Options& options);

}  // namespace brotli
