// The classes that flatc makes of tflite.fbs. Include this, not the generated file.
#pragma once

// musl's <limits.h> has a macro of the name of one of TFLite's operators.
#include <limits.h>
#undef ARG_MAX

#include "tflite_generated.h"
