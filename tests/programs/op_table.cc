// Prints what is compiled in about operators as JSON, for tools/docs: the table, and the rows of
// both readers.
#include <cstdio>

#include "core/json.h"
#include "core/string.h"
#include "formats/tf_rows.h"
#include "formats/tflite_rows.h"

namespace wxnn {
namespace {

class Json {
 public:
  void open(char bracket) {
    comma();
    text += bracket;
    first_ = true;
  }
  void close(char bracket) {
    text += bracket;
    first_ = false;
  }
  void key(std::string_view name) {
    comma();
    json_text(text, name);
    text += ':';
    first_ = true;
  }
  void value(std::string_view v) {
    comma();
    json_text(text, v);
  }
  void flag(bool v) {
    comma();
    text += v ? "true" : "false";
  }
  void value(int v) {
    comma();
    text += std::to_string(v);
  }
  String text;

 private:
  void comma() {
    if (!first_) text += ',';
    first_ = false;
  }
  bool first_ = true;
};

std::string number_text(double d) {
  char digits[32];
  std::snprintf(digits, sizeof digits, "%g", d);
  return digits;
}

void write_op(Json& json, const Op& op) {
  json.open('{');
  json.key("name");
  json.value(op.name);
  json.key("variadic");
  json.flag(op.variadic);
  json.key("outputs");
  json.value(op.outputs == kAnyNumber ? 0 : op.outputs);
  json.key("inputs");
  json.open('[');
  for (const Port& port : op.inputs) {
    json.open('{');
    json.key("name");
    json.value(port.name);
    json.key("optional");
    json.flag((port.traits & kOptional) != 0);
    json.close('}');
  }
  json.close(']');
  json.key("attrs");
  json.open('[');
  for (const AttrSpec& attr : op.attrs) {
    json.open('{');
    json.key("name");
    json.value(attr.name);
    json.key("required");
    json.flag(!attr.fallback.given);
    json.key("default");
    json.value(attr.fallback.text != nullptr ? std::string(attr.fallback.text)
                                             : number_text(attr.fallback.number));
    json.close('}');
  }
  json.close(']');
  json.close('}');
}

void write_row(Json& json, std::string_view name, const Recipe& recipe) {
  json.open('{');
  json.key("name");
  json.value(name);
  json.key("op");
  json.value(recipe.op);
  json.close('}');
}

std::string table() {
  Json json;
  json.open('{');
  json.key("ops");
  json.open('[');
  for (const Op* op : ops()) write_op(json, *op);
  json.close(']');
  json.key("tensorflow");
  json.open('[');
  for (const TfRow& row : tf_rows()) write_row(json, row.op, row.recipe);
  json.close(']');
  json.key("tflite");
  json.open('[');
  for (const TfliteRow& row : tflite_rows()) {
    write_row(json, row.custom != nullptr ? row.custom : tflite_name(row.code), row.recipe);
  }
  json.close(']');
  json.key("builtins");
  json.open('[');
  for (tflite::BuiltinOperator code : tflite::EnumValuesBuiltinOperator()) {
    json.value(tflite_name(code));
  }
  json.close(']');
  json.close('}');
  return json.text;
}

}  // namespace
}  // namespace wxnn

int main() { std::puts(wxnn::table().c_str()); }
