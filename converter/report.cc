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
  std::string text = sentence<"{}, {} nodes, {} bytes -> {} nodes, {} bytes\n">(
      c.format, c.source_nodes, c.source_bytes, c.nodes, c.written.bytes.size());
  for (const std::string& note : c.notes) text += sentence<"  {}\n">(note);
  size_t exact = 0;
  for (const HalvedTensor& h : c.written.halved) {
    exact += h.error == 0;
    if (h.error == 0) continue;
    text += sentence<"  float16: \"{}\" {}, largest {}, error {} of it\n">(
        h.name, h.shape, short_number(h.largest), short_number(relative(h.error, h.largest)));
  }
  if (exact != 0) text += sentence<"  float16: {} tensors without any error\n">(exact);
  for (const WrittenOp& op : c.written.ops) {
    if (with_ops) text += sentence<"  {} {}\n">(op.count, op.op);
  }
  return text;
}

std::string summary(const std::vector<OutputDifference>& differences) {
  std::string text;
  for (const OutputDifference& d : differences) {
    text += sentence<"  output \"{}\" {}: largest difference {}, {} of the largest magnitude\n">(
        d.name, d.shape, short_number(d.difference),
        short_number(relative(d.difference, d.largest)));
  }
  return text;
}

std::string summary(const ModelCost& cost) {
  constexpr double kMebi = 1 << 20, kMillion = 1e6;
  const size_t weights = cost.memory.constant_bytes + cost.memory.packed_bytes;
  std::string text = sentence<
      "  {} million multiply-adds, {} MiB for tensors and {} MiB of weights while running">(
      short_number(static_cast<double>(cost.multiply_adds) / kMillion),
      short_number(static_cast<double>(cost.memory.arena_bytes) / kMebi),
      short_number(static_cast<double>(weights) / kMebi));
  if (cost.ms > 0) text += sentence<", {} ms a run on this machine">(short_number(cost.ms));
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
