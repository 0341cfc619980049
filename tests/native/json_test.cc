#include "core/json.h"

#include <gtest/gtest.h>

namespace wxnn {
namespace {

String text_of(std::string_view text) {
  String json;
  json_text(json, text);
  return json;
}

TEST(Json, EscapesWhatAJsonTextMayNotHold) {
  EXPECT_EQ(text_of("a/b:0"), "\"a/b:0\"");
  EXPECT_EQ(text_of("a\"b\\c"), "\"a\\\"b\\\\c\"");
  using namespace std::string_view_literals;
  EXPECT_EQ(text_of("\0\t\n\x1f \x7f"sv), "\"\\u0000\\u0009\\u000a\\u001f \x7f\"");
  EXPECT_EQ(text_of("é 人脸 \xf0\x9f\x98\x80"), "\"é 人脸 \xf0\x9f\x98\x80\"");
  EXPECT_EQ(text_of("\xff\xc3"), "\"\xff\xc3\"");  // the reader decodes it
}

TEST(Json, WritesShapesAndTimes) {
  String json;
  json_shape(json, {1, Shape::kOpen, 3});
  json_shape(json, {});
  json_shape(json, Shape::unknown());
  EXPECT_EQ(json, "[1,-1,3][]null");
  for (double ms : {0.0, 0.007, 1.25, 12.0625}) {
    json += ' ';
    json_ms(json, ms);
  }
  EXPECT_EQ(json, "[1,-1,3][]null 0.000 0.007 1.250 12.062");
}

}  // namespace
}  // namespace wxnn
