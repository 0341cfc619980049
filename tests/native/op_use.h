// Which operators the tests ran, and with which dtypes: every operator of the table must have been
// run by the time all tests are through. tools/docs reads the same from the file WXNN_OP_USE.
#pragma once
#include "core/op.h"

namespace wxnn {

// OpTest and graph_text call these; so may a test that runs operators in another way.
void record_use(const Op& op);
void record_use(const Op& op, DType dtype);

}  // namespace wxnn
