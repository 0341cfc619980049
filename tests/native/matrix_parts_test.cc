#include <cmath>
#include <complex>

#include "op_test.h"

namespace wxnn {
namespace {

// y[o] = the sum over all labels of a times b, straight from the equation's meaning.
struct Operand {
  const HostTensor& t;
  std::string_view labels;
  double at(const int32_t (&index)[128]) const {
    int32_t offset = 0;
    for (size_t i = 0; i < labels.size(); ++i) {
      const int32_t n = t.shape()[static_cast<int>(i)];
      offset = offset * n + (n == 1 ? 0 : index[static_cast<size_t>(labels[i])]);
    }
    return t[offset];
  }
};

void expect_einsum(const char* equation, std::string_view a_labels, std::string_view b_labels,
                   std::string_view y_labels, const Shape& a_shape, const Shape& b_shape) {
  SCOPED_TRACE(equation);
  Random random(21);
  const HostTensor a = random.tensor(a_shape), b = random.tensor(b_shape);
  std::vector<HostTensor> inputs = {a};
  if (!b_labels.empty()) inputs.push_back(b);
  const HostTensor y = OpTest("Einsum").attr("equation", equation)(inputs);
  int32_t size[128] = {};
  std::string all(y_labels);
  const auto note = [&](std::string_view labels, const Shape& shape) {
    for (size_t i = 0; i < labels.size(); ++i) {
      int32_t& n = size[static_cast<size_t>(labels[i])];
      n = std::max(n, shape[static_cast<int>(i)]);
      if (all.find(labels[i]) == std::string::npos) all += labels[i];
    }
  };
  note(a_labels, a_shape);
  if (!b_labels.empty()) note(b_labels, b_shape);
  Shape shape;
  for (char c : y_labels) shape.push_back(size[static_cast<size_t>(c)]);
  ASSERT_EQ(y.shape(), shape);
  std::vector<double> want(static_cast<size_t>(y.size()), 0);
  int32_t index[128] = {};
  int64_t total = 1;
  for (char c : all) total *= size[static_cast<size_t>(c)];
  for (int64_t k = 0; k < total; ++k) {
    int64_t rest = k;
    for (size_t i = all.size(); i-- > 0;) {
      const auto c = static_cast<size_t>(all[i]);
      index[c] = static_cast<int32_t>(rest % size[c]);
      rest /= size[c];
    }
    int32_t at = 0;
    for (char c : y_labels) at = at * size[static_cast<size_t>(c)] + index[static_cast<size_t>(c)];
    const double product = Operand{a, a_labels}.at(index);
    want[static_cast<size_t>(at)] +=
        b_labels.empty() ? product : product * Operand{b, b_labels}.at(index);
  }
  for (int32_t i = 0; i < y.size(); ++i) EXPECT_NEAR(y[i], want[static_cast<size_t>(i)], 1e-4) << i;
  print_bits(sentence<"einsum_{}">(equation), y);
}

TEST(Einsum, Equations) {
  expect_einsum("ij,jk->ik", "ij", "jk", "ik", {3, 4}, {4, 17});
  expect_einsum("bij, bjk -> bik", "bij", "bjk", "bik", {2, 3, 4}, {2, 4, 5});
  expect_einsum("abcd,aecd->acbe", "abcd", "aecd", "acbe", {2, 3, 2, 4}, {2, 5, 2, 4});
  expect_einsum("ij,ij->", "ij", "ij", "", {3, 4}, {3, 4});
  expect_einsum("i,j->ji", "i", "j", "ji", {3}, {4});
  expect_einsum("ijk,kl->ljk", "ijk", "kl", "ljk", {2, 3, 4},
                {4, 5});  // i is summed in one operand
  expect_einsum("ij,kl->k", "ij", "kl", "k", {2, 3}, {4, 5});
  expect_einsum("...ij,...jk->...ik", "xyij", "xyjk", "xyik", {2, 1, 2, 4}, {1, 3, 4, 5});
  expect_einsum("...ij,jk->...ik", "abij", "jk", "abik", {2, 3, 2, 4}, {4, 5});
  expect_einsum("...ij,...jk->ik...", "aij", "ajk", "ika", {3, 2, 4}, {1, 4, 5});
  expect_einsum("ijk->kij", "ijk", "", "kij", {2, 3, 4}, {});
  expect_einsum("ijk->j", "ijk", "", "j", {2, 3, 4}, {});
  expect_einsum("ii->i", "ii", "", "i", {4, 4}, {});
  expect_einsum("ii->", "ii", "", "", {4, 4}, {});
  expect_einsum("iij,jk->ik", "iij", "jk", "ik", {3, 3, 4}, {4, 2});
}

TEST(Einsum, Refusals) {
  std::vector<HostTensor> y;
  const auto run = [&](const char* equation, std::vector<HostTensor> inputs) {
    return OpTest("Einsum").attr("equation", equation).run(inputs, &y);
  };
  EXPECT_SAYS(run("ij,jk", {HostTensor({2, 3}), HostTensor({3, 4})}), "has no ->");
  EXPECT_SAYS(run("ij,jk->ik", {HostTensor({2, 3})}), "has 2 operands, the node 1");
  EXPECT_SAYS(run("ij,jk->ik", {HostTensor({2, 3}), HostTensor({4, 4})}), "is 3 and 4 long");
  EXPECT_SAYS(run("ijk->i", {HostTensor({2, 3})}), "has 3 axes, the tensor 2");
  EXPECT_SAYS(run("ij->ii", {HostTensor({2, 3})}), "there twice");
  EXPECT_SAYS(run("ij->k", {HostTensor({2, 3})}), "in no input");
  EXPECT_SAYS(run("i1->i", {HostTensor({2, 3})}), "no letter");
}

TEST(MatrixParts, BandDiagonalAndSet) {
  Random random(22);
  const HostTensor x = random.tensor({2, 4, 5});
  for (const int32_t lower : {-1, 0, 1, 9})
    for (const int32_t upper : {-1, 0, 2, 9}) {
      const HostTensor y =
          OpTest("MatrixBandPart")({x, HostTensor::i32({}, {lower}), HostTensor::i32({}, {upper})});
      for (int32_t k = 0; k < y.size(); ++k) {
        const int32_t j = k % 5, i = k / 5 % 4;
        const bool in = (lower < 0 || i - j <= lower) && (upper < 0 || j - i <= upper);
        EXPECT_EQ(y[k], in ? x[k] : 0);
      }
    }
  const HostTensor diagonal = random.tensor({2, 4});
  const HostTensor set = OpTest("MatrixSetDiag")({x, diagonal});
  const HostTensor made = OpTest("MatrixDiag")({diagonal});
  ASSERT_EQ(made.shape(), (Shape{2, 4, 4}));
  for (int32_t k = 0; k < set.size(); ++k) {
    const int32_t j = k % 5, i = k / 5 % 4;
    EXPECT_EQ(set[k], i == j ? diagonal[k / 20 * 4 + i] : x[k]);
  }
  for (int32_t k = 0; k < made.size(); ++k)
    EXPECT_EQ(made[k], k % 4 == k / 4 % 4 ? diagonal[k / 4] : 0);
  const HostTensor whole = OpTest("Diag")({diagonal});
  ASSERT_EQ(whole.shape(), (Shape{2, 4, 2, 4}));
  for (int32_t k = 0; k < 64; ++k) EXPECT_EQ(whole[k], k % 8 == k / 8 ? diagonal[k / 8] : 0);
  std::vector<HostTensor> y;
  EXPECT_SAYS(OpTest("MatrixSetDiag").run({x, HostTensor({2, 5})}, &y), "is no diagonal of input");
}

HostTensor complex_tensor(Random& random, const Shape& shape) {
  HostTensor t(shape, DType::kComplex64);
  float* p = reinterpret_cast<float*>(t.data<uint8_t>().data());
  for (int32_t i = 0; i < 2 * t.size(); ++i) p[i] = random.uniform(-1, 1);
  return t;
}
std::complex<double> at(const HostTensor& t, int32_t i) {
  const float* p = reinterpret_cast<const float*>(t.data<uint8_t>().data());
  return {p[2 * i], p[2 * i + 1]};
}
std::complex<double> turn(int64_t k, int64_t n) {
  const double angle = -2 * M_PI * static_cast<double>(k % n) / static_cast<double>(n);
  return {std::cos(angle), std::sin(angle)};
}

TEST(Spectral, AgainstTheSum) {
  Random random(23);
  for (const int32_t n : {1, 2, 3, 4, 7, 8, 16, 30, 64, 97}) {
    SCOPED_TRACE(n);
    const HostTensor x = complex_tensor(random, {2, n});
    const HostTensor forth = OpTest("FFT")({x}), back = OpTest("IFFT")({x});
    const HostTensor real = random.tensor({2, n});
    const HostTensor half = OpTest("RFFT")({real});
    ASSERT_EQ(half.shape(), (Shape{2, n / 2 + 1}));
    for (int32_t r = 0; r < 2; ++r)
      for (int32_t k = 0; k < n; ++k) {
        std::complex<double> f = 0, b = 0, h = 0;
        for (int32_t i = 0; i < n; ++i) {
          const std::complex<double> t = turn(static_cast<int64_t>(i) * k, n);
          f += at(x, r * n + i) * t;
          b += at(x, r * n + i) * std::conj(t) / static_cast<double>(n);
          h += static_cast<double>(real[r * n + i]) * t;
        }
        EXPECT_LT(std::abs(at(forth, r * n + k) - f), 1e-5);
        EXPECT_LT(std::abs(at(back, r * n + k) - b), 1e-6);
        if (k <= n / 2) EXPECT_LT(std::abs(at(half, r * (n / 2 + 1) + k) - h), 1e-5);
      }
    if (n == 1) continue;
    const HostTensor again = OpTest("IRFFT").attr("fftLength", n)({half});
    for (int32_t i = 0; i < 2 * n; ++i) EXPECT_NEAR(again[i], real[i], 1e-6f);
    print_bits(sentence<"fft_{}">(n), forth);
    print_bits(sentence<"irfft_{}">(n), again);
  }
}

TEST(Spectral, PlaneAndCutting) {
  Random random(24);
  const HostTensor x = random.tensor({2, 5, 6});
  const HostTensor y = OpTest("RFFT2D").attr("fftLength", {4, 8})({x});
  ASSERT_EQ(y.shape(), (Shape{2, 4, 5}));
  for (int32_t k = 0; k < y.size(); ++k) {
    std::complex<double> sum = 0;
    for (int32_t i = 0; i < 4; ++i)
      for (int32_t j = 0; j < 6; ++j)  // the rest of 8 are zeros
        sum += static_cast<double>(x[(k / 20 * 5 + i) * 6 + j]) * turn(i * (k / 5 % 4), 4) *
               turn(j * (k % 5), 8);
    EXPECT_LT(std::abs(at(y, k) - sum), 1e-5) << k;
  }
  print_bits("rfft2d", y);
  std::vector<HostTensor> outputs;
  EXPECT_SAYS(OpTest("FFT").run({HostTensor({2, 3})}, &outputs), "should be complex64");
  EXPECT_SAYS(OpTest("FFT").run({HostTensor({2, 0}, DType::kComplex64)}, &outputs), "of 0 numbers");
}

TEST(Complex, PartsAndArithmetic) {
  Random random(25);
  const HostTensor re = random.tensor({2, 3}), im = random.tensor({2, 3});
  const HostTensor a = OpTest("Complex")({re, im}), b = complex_tensor(random, {3});
  const HostTensor sum = OpTest("Add")({a, b}), difference = OpTest("Sub")({b, a}),
                   product = OpTest("Multiply")({a, b});
  const HostTensor size = OpTest("ComplexAbs")({a}), angle = OpTest("Angle")({a}),
                   conjugate = OpTest("Conj")({a});
  EXPECT_TRUE(OpTest("Real")({a}).same_bytes(re));
  EXPECT_TRUE(OpTest("Imag")({a}).same_bytes(im));
  for (int32_t i = 0; i < 6; ++i) {
    const std::complex<double> u = at(a, i), v = at(b, i % 3);
    EXPECT_LT(std::abs(at(sum, i) - (u + v)), 1e-6);
    EXPECT_LT(std::abs(at(difference, i) - (v - u)), 1e-6);
    EXPECT_LT(std::abs(at(product, i) - u * v), 1e-6);
    EXPECT_FLOAT_EQ(size[i], static_cast<float>(std::abs(u)));
    EXPECT_FLOAT_EQ(angle[i], static_cast<float>(std::arg(u)));
    EXPECT_EQ(at(conjugate, i), std::conj(u));
  }
  const HostTensor odd = OpTest("ComplexAbs")({OpTest("Complex")(
      {HostTensor({3}, {3e38f, NAN, -INFINITY}), HostTensor({3}, {3e38f, INFINITY, 1})})});
  for (int i = 0; i < 3; ++i) EXPECT_EQ(odd[i], INFINITY);
}

}  // namespace
}  // namespace wxnn
