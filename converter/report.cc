#include "converter/report.h"

#include <cstdio>
#include <nlohmann/json.hpp>

namespace wxnn {

namespace {

std::string short_number(double d) {
  char text[32];
  std::snprintf(text, sizeof text, "%.3g", d);
  return text;
}

double relative(double error, double largest) { return largest > 0 ? error / largest : error; }

}  // namespace

std::string summary(const Converted& c, bool with_ops) {
  std::string text =
      sentence(c.format, ", ", c.source_nodes, " nodes, ", c.source_bytes, " bytes -> ", c.nodes,
               " nodes, ", c.written.bytes.size(), " bytes\n");
  for (const std::string& note : c.notes) text += sentence("  ", note, "\n");
  size_t exact = 0;
  for (const HalvedTensor& h : c.written.halved) {
    exact += h.error == 0;
    if (h.error == 0) continue;
    text += sentence("  float16: \"", h.name, "\" ", h.shape, ", largest ", short_number(h.largest),
                     ", error ", short_number(relative(h.error, h.largest)), " of it\n");
  }
  if (exact != 0) text += sentence("  float16: ", exact, " tensors without any error\n");
  for (const WrittenOp& op : c.written.ops) {
    if (with_ops) text += sentence("  ", op.count, " ", op.op, "\n");
  }
  return text;
}

std::string summary(const std::vector<OutputDifference>& differences) {
  std::string text;
  for (const OutputDifference& d : differences) {
    text += sentence(
        "  output \"", d.name, "\" ", d.shape, ": largest difference ", short_number(d.difference),
        ", ", short_number(relative(d.difference, d.largest)), " of the largest magnitude\n");
  }
  return text;
}

std::string summary(const ModelCost& cost) {
  constexpr double kMebi = 1 << 20, kMillion = 1e6;
  const size_t weights = cost.memory.constant_bytes + cost.memory.packed_bytes;
  std::string text = sentence(
      "  ", short_number(static_cast<double>(cost.multiply_adds) / kMillion),
      " million multiply-adds, ",
      short_number(static_cast<double>(cost.memory.arena_bytes) / kMebi), " MiB for tensors and ",
      short_number(static_cast<double>(weights) / kMebi), " MiB of weights while running");
  if (cost.ms > 0) text += sentence(", ", short_number(cost.ms), " ms a run on this machine");
  return text + "\n";
}

std::string report_json(const Converted& c, const std::vector<OutputDifference>& differences,
                        const ModelCost* cost) {
  using Json = nlohmann::ordered_json;
  Json json = {{"format", c.format},
               {"before", {{"nodes", c.source_nodes}, {"bytes", c.source_bytes}}},
               {"after", {{"nodes", c.nodes}, {"bytes", c.written.bytes.size()}}},
               {"notes", c.notes}};
  const auto add = [&json](const char* what, const std::vector<EndpointInfo>& list) {
    json[what] = Json::array();
    for (const EndpointInfo& e : list) {
      Json shape;  // null where it depends on the data
      if (!e.type.shape.is_unknown()) {
        const auto dims = e.type.shape.dims();
        shape = std::vector<int32_t>(dims.begin(), dims.end());
      }
      json[what].push_back({{"name", e.name}, {"dtype", name_of(e.type.dtype)}, {"shape", shape}});
    }
  };
  add("inputs", c.inputs);
  add("outputs", c.outputs);
  json["operators"] = Json::object();
  for (const WrittenOp& op : c.written.ops) json["operators"][op.op] = op.count;
  json["float16"] = Json::array();
  for (const HalvedTensor& h : c.written.halved) {
    json["float16"].push_back({{"tensor", h.name}, {"largest", h.largest}, {"error", h.error}});
  }
  if (cost != nullptr) {
    json["multiplyAdds"] = cost->multiply_adds;
    json["memory"] = {{"tensors", cost->memory.arena_bytes},
                      {"weights", cost->memory.constant_bytes + cost->memory.packed_bytes}};
  }
  json["check"] = Json::array();
  for (const OutputDifference& d : differences) {
    json["check"].push_back(
        {{"output", d.name}, {"largest", d.largest}, {"difference", d.difference}});
  }
  return json.dump(2, ' ', false, Json::error_handler_t::replace) + "\n";
}

}  // namespace wxnn
