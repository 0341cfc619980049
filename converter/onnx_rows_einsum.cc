// ONNX's Einsum of one or two operands: sums, transposes and one matrix product.
#include <algorithm>

#include "converter/onnx_graph.h"
#include "converter/onnx_steps.h"

namespace wxnn {

namespace {

// A value whose axes have letters. What "..." stands for gets the letters '0', '1'… from the right.
struct Lettered {
  int value = kAbsent;
  std::string letters;
};

int length_of(Steps& s, const Lettered& v, char letter) {
  const size_t at = v.letters.find(letter);
  return at == std::string::npos ? 1 : s.shape(v.value)[static_cast<int>(at)];
}

// "i...j" with `rank` axes.
Status letters_of(std::string text, int rank, std::string* letters) {
  const size_t dots = text.find("...");
  if (dots != std::string::npos) {
    const int more = rank - static_cast<int>(text.size() - 3);
    WXNN_CHECK(more >= 0 && more < 8, "\"{}\" does not fit {} dimensions", text, rank);
    std::string digits;
    for (int i = more - 1; i >= 0; --i) digits += static_cast<char>('0' + i);
    text.replace(dots, 3, digits);
  }
  WXNN_CHECK(static_cast<int>(text.size()) == rank, "\"{}\" does not fit {} dimensions", text,
             rank);
  for (size_t i = 0; i < text.size(); ++i) {
    const bool known = (text[i] >= 'a' && text[i] <= 'z') || (text[i] >= 'A' && text[i] <= 'Z') ||
                       (text[i] >= '0' && text[i] <= '7');
    WXNN_CHECK(known, "its equation has the character \"{}\"", text.substr(i, 1));
    WXNN_CHECK(text.find(text[i], i + 1) == std::string::npos,
               "\"{}\" takes a diagonal, which is not supported", text);
  }
  *letters = text;
  return {};
}

void sum_over(Steps& s, Lettered* v, const std::string& kept) {
  std::vector<double> axes;
  std::string left;
  for (size_t i = 0; i < v->letters.size(); ++i) {
    if (kept.find(v->letters[i]) == std::string::npos)
      axes.push_back(static_cast<double>(i));
    else
      left += v->letters[i];
  }
  if (axes.empty()) return;
  v->value = s.op("Sum", {v->value}, {{"axis", axes}});
  v->letters = left;
}

// The axes in the order of `letters`, which the value all has.
void arrange(Steps& s, Lettered* v, const std::string& letters) {
  std::vector<double> perm;
  for (const char c : letters) perm.push_back(static_cast<double>(v->letters.find(c)));
  if (v->letters != letters) v->value = s.transpose(v->value, perm);
  v->letters = letters;
}

// To [batch, rows, columns]; letters that the value lacks are 1 long. Axes of 1 in a batch are
// spread.
int as_matrices(Steps& s, Lettered v, const std::string& batch, const std::string& rows,
                const std::string& columns, const Shape& batch_shape) {
  std::string own;
  for (const std::string& letters : {batch, rows, columns})
    for (const char c : letters)
      if (v.letters.find(c) != std::string::npos) own += c;
  arrange(s, &v, own);
  Shape wide = batch_shape, narrow;
  bool spreads = false;
  for (int i = 0; i < batch_shape.rank(); ++i) {
    narrow.push_back(length_of(s, v, batch[static_cast<size_t>(i)]));
    spreads = spreads || narrow[i] != batch_shape[i];
  }
  int32_t sides[2] = {1, 1};
  for (const char c : rows) sides[0] *= length_of(s, v, c);
  for (const char c : columns) sides[1] *= length_of(s, v, c);
  for (const int32_t side : sides) {
    narrow.push_back(side);
    wide.push_back(side);
  }
  int y = s.reshape(v.value, narrow);
  if (spreads) y = s.op("BroadcastTo", {y}, {{"shape", wide}});
  return s.reshape(y, {batch_shape.elements(), sides[0], sides[1]});
}

Status einsum(OnnxNode& n, const OnnxRow&) {
  Steps s(n);
  std::string equation = n.text("equation", "");
  std::erase(equation, ' ');
  WXNN_CHECK(n.inputs() == 1 || n.inputs() == 2, "has {} operands; one or two are supported",
             n.inputs());
  const size_t arrow = equation.find("->");
  std::string left = equation.substr(0, arrow), all;
  std::vector<Lettered> operands(n.inputs());
  bool dots = false;
  for (size_t i = 0; i < operands.size(); ++i) {
    const size_t comma = left.find(',');
    WXNN_CHECK((comma == std::string::npos) == (i + 1 == operands.size()),
               "its equation is not for {} operands", operands.size());
    operands[i].value = s.in(i);
    WXNN_TRY(s.done());
    const std::string term = left.substr(0, comma);
    dots = dots || term.find("...") != std::string::npos;
    WXNN_TRY(letters_of(term, n.b.shape(operands[i].value).rank(), &operands[i].letters));
    all += operands[i].letters;
    left.erase(0, comma == std::string::npos ? left.size() : comma + 1);
  }
  // Letters of the dots, the most that any operand has.
  std::string digits, out;
  for (char c = '7'; c >= '0'; --c)
    if (all.find(c) != std::string::npos) digits += c;
  if (arrow == std::string::npos) {  // those that stand once, in alphabetical order
    std::string once;
    for (const char c : all)
      if (std::ranges::count(all, c) == 1 && (c < '0' || c > '7')) once += c;
    std::ranges::sort(once);
    out = digits + once;
  } else {
    out = equation.substr(arrow + 2);
    const size_t at = out.find("...");
    if (at != std::string::npos) out.replace(at, 3, digits);
    WXNN_CHECK(at != std::string::npos || !dots || digits.empty(),
               "its output leaves out \"...\", which is not supported");
  }
  for (const char c : out)
    WXNN_CHECK(all.find(c) != std::string::npos && std::ranges::count(out, c) == 1,
               "its output \"{}\" is not of its operands", out);
  if (operands.size() == 1) {
    sum_over(s, &operands[0], out);
    arrange(s, &operands[0], out);
    return s.out(0, operands[0].value);
  }
  Lettered &a = operands[0], &b = operands[1];
  sum_over(s, &a, b.letters + out);
  sum_over(s, &b, a.letters + out);
  std::string batch, rows, columns, inner;
  for (const char c : out) {
    const bool in_a = a.letters.find(c) != std::string::npos,
               in_b = b.letters.find(c) != std::string::npos;
    const bool is_digit = c >= '0' && c <= '7';
    (in_a && in_b) || is_digit ? batch += c : in_a ? rows += c : columns += c;
  }
  for (const char c : a.letters)
    if (b.letters.find(c) != std::string::npos && out.find(c) == std::string::npos) inner += c;
  Shape batch_shape;
  for (const char c : batch + inner) {
    const int32_t x = length_of(s, a, c), y = length_of(s, b, c);
    WXNN_CHECK(x == y || x == 1 || y == 1, "axis \"{}\" is {} and {} long", std::string(1, c), x,
               y);
    WXNN_CHECK(x == y || inner.find(c) == std::string::npos, "axis \"{}\" is {} and {} long",
               std::string(1, c), x, y);
    if (batch.find(c) != std::string::npos)
      batch_shape.push_back(std::max(x, y) == 0 ? 0 : x == 1 ? y : x);
  }
  Shape result = batch_shape;
  for (const char c : rows) result.push_back(length_of(s, a, c));
  for (const char c : columns) result.push_back(length_of(s, b, c));
  const int left_side = as_matrices(s, a, batch, rows, inner, batch_shape);
  const int right_side = as_matrices(s, b, batch, inner, columns, batch_shape);
  Lettered y{s.op("BatchMatMul", {left_side, right_side}), batch + rows + columns};
  y.value = s.reshape(y.value, result);
  arrange(s, &y, out);
  return s.out(0, y.value);
}

constexpr OnnxRow kRows[] = {{"Einsum", einsum}};

}  // namespace

std::span<const OnnxRow> onnx_rows_einsum() { return kRows; }

}  // namespace wxnn
