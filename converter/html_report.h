// The graph of a converted model with times per node, as one page that needs nothing else.
#pragma once
#include <string>

#include "converter/convert.h"
#include "converter/measure.h"

namespace wxnn {

std::string html_report(const std::string& title, const Converted& converted,
                        const ModelCost& cost);

}  // namespace wxnn
