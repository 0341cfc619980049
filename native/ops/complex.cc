// complex64 from and to its parts. A number is two float32: real, imaginary.
#include "core/elementwise.h"
#include "core/math_wide.h"

namespace wxnn {
namespace {

Status infer_complex(InferCtx& c) {
  WXNN_TRY(broadcast_floats(c));
  WXNN_CHECK(c.in(0).shape == c.in(1).shape, "real {} and imag {} differ", c.in(0).shape,
             c.in(1).shape);
  c.out().dtype = DType::kComplex64;
  return {};
}

Status infer_part(InferCtx& c) {
  WXNN_CHECK(c.in(0).dtype == DType::kComplex64, "x is {}, wants complex64",
             name_of(c.in(0).dtype));
  c.out() = {DType::kFloat32, c.in(0).shape};
  return {};
}

// In double: neither overflows nor loses small numbers.
float magnitude(float re, float im) {
  if (abs_f32(re) == kInfF32 || abs_f32(im) == kInfF32) return kInfF32;
  const double a = re;
  const double b = im;
  return static_cast<float>(math::sqrt_f64(a * a + b * b));
}

template <auto f>
Status run_part(const RunCtx& c) {
  const float* x = c.in(0).f32();
  float* y = c.out().f32();
  each_small(c.out().shape.elements(), [=](int32_t i) { y[i] = f(x[2 * i], x[2 * i + 1]); });
  return {};
}

}  // namespace

extern constinit const Op kComplex = {
    .name = "Complex",
    .inputs = {{"real"}, {"imag"}},
    .infer = infer_complex,
    .run = [](const RunCtx& c) -> Status {
      const float* re = c.in(0).f32();
      const float* im = c.in(1).f32();
      float* y = c.out().f32();
      each_small(c.out().shape.elements(), [=](int32_t i) {
        y[2 * i] = re[i];
        y[2 * i + 1] = im[i];
      });
      return {};
    },
};

extern constinit const Op kReal = {
    .name = "Real",
    .inputs = {{"input"}},
    .infer = infer_part,
    .run = run_part<[](float re, float) { return re; }>,
};

extern constinit const Op kImag = {
    .name = "Imag",
    .inputs = {{"input"}},
    .infer = infer_part,
    .run = run_part<[](float, float im) { return im; }>,
};

extern constinit const Op kComplexAbs = {
    .name = "ComplexAbs",
    .inputs = {{"x"}},
    .infer = infer_part,
    .run = run_part<magnitude>,
};

extern constinit const Op kAngle = {
    .name = "Angle",
    .inputs = {{"x"}},
    .infer = infer_part,
    .run = run_part<[](float re, float im) { return atan2_f32(im, re); }>,
};

extern constinit const Op kConj = {
    .name = "Conj",
    .inputs = {{"x"}},
    .infer = [](InferCtx& c) -> Status {
      WXNN_TRY(infer_part(c));
      return same_as_x(c);
    },
    .run = [](const RunCtx& c) -> Status {
      const float* x = c.in(0).f32();
      float* y = c.out().f32();
      each_small(c.out().shape.elements(), [=](int32_t i) {
        y[2 * i] = x[2 * i];
        y[2 * i + 1] = -x[2 * i + 1];
      });
      return {};
    },
    .in_place = 0,
};

}  // namespace wxnn
