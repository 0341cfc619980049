// What a conversion did, as text for a terminal and as JSON.
#pragma once
#include "converter/check.h"
#include "converter/convert.h"
#include "converter/measure.h"

namespace wxnn {

std::string summary(const Converted& converted, bool with_ops);
std::string summary(const std::vector<OutputDifference>& differences);
// "12.3 M multiply-adds, 1.2 MiB of memory while running": the engine's own plan.
std::string summary(const ModelCost& cost);
// `cost`: null where it was not measured.
std::string report_json(const Converted& converted,
                        const std::vector<OutputDifference>& differences, const ModelCost* cost);

}  // namespace wxnn
