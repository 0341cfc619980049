// What a conversion did, as text for a terminal and as JSON.
#pragma once
#include "converter/check.h"
#include "converter/convert.h"

namespace wxnn {

std::string summary(const Converted& converted, bool with_ops);
std::string summary(const std::vector<OutputDifference>& differences);
std::string report_json(const Converted& converted,
                        const std::vector<OutputDifference>& differences);

}  // namespace wxnn
