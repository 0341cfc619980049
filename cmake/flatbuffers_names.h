// Included by every header that flatc generates: macros of system headers that are also names in TensorFlow Lite's schema.
#pragma once

#include <limits.h>

#undef ARG_MAX  // POSIX: the longest command line
