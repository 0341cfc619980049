// Instead of XNNPACK's src/configs, which look at the machine: its scalar f32 kernels, which add
// the products of an output one after the other.
#include <stddef.h>

#include "xnnpack/config.h"
#include "xnnpack/dwconv.h"
#include "xnnpack/gemm.h"
#include "xnnpack/hardware-config.h"
#include "xnnpack/igemm.h"
#include "xnnpack/microparams-init.h"
#include "xnnpack/pack.h"
#include "xnnpack/vmulcaddc.h"

#define GEMM(ROWS)                                                                             \
  .gemm[(ROWS) - 1] = {{(xnn_gemm_ukernel_fn)xnn_f32_gemm_minmax_ukernel_##ROWS##x4__scalar}}, \
                 .igemm[(ROWS) - 1] = {                                                        \
                     {(xnn_igemm_ukernel_fn)xnn_f32_igemm_minmax_ukernel_##ROWS##x4__scalar}}

const struct xnn_gemm_config* xnn_init_f32_gemm_config() {
  static const struct xnn_gemm_config config = {
      .minmax = {GEMM(1), GEMM(4)},
      .init = {.f32 = xnn_init_f32_minmax_scalar_params},
      .pack_gemm_gio = (xnn_packw_gemm_gio_ukernel_fn)xnn_pack_f32_gemm_gio_w,
      .pack_gemm_goi = (xnn_packw_gemm_goi_ukernel_fn)xnn_pack_f32_gemm_goi_w,
      .mr = 4,
      .nr = 4,
  };
  return &config;
}

// For fewer channels than a tile has; without kernels it is passed over.
const struct xnn_gemm_config* xnn_init_f32_gemm_nr2_config() {
  static const struct xnn_gemm_config none = {.mr = 1};
  return &none;
}

#define DEPTHWISE(TAPS)                                               \
  {.minmax = {.unipass = (xnn_dwconv_unipass_ukernel_fn)              \
                  xnn_f32_dwconv_minmax_ukernel_##TAPS##p1c__scalar}, \
   .init = {.f32 = xnn_init_f32_minmax_scalar_params},                \
   .channel_tile = 1,                                                 \
   .channel_subtile = 1,                                              \
   .channel_round = 1,                                                \
   .primary_tile = (TAPS)}

const struct xnn_dwconv_config* xnn_init_f32_dwconv_config() {
  static const struct xnn_dwconv_config configs[XNN_MAX_F32_DWCONV_UKERNELS] = {DEPTHWISE(9),
                                                                                DEPTHWISE(25)};
  return configs;
}

const struct xnn_vmulcaddc_config* xnn_init_f32_vmulcaddc_config() {
  static const struct xnn_vmulcaddc_config config = {
      .ukernel = (xnn_vmulcaddc_ukernel_fn)xnn_f32_vmulcaddc_minmax_ukernel_c1__scalar_2x,
      .init = {.f32 = xnn_init_f32_minmax_scalar_params},
      .channel_tile = 1,
      .row_tile = 2,
  };
  return &config;
}

const struct xnn_hardware_config* xnn_init_hardware_config() {
  static const struct xnn_hardware_config config;
  return &config;
}
