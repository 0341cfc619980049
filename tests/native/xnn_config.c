// Replaces XNNPACK's src/configs, the table of microkernels that its operators ask for: in the tests
// they call ours. What is not named is not supported: only f32 convolution, transposed convolution,
// fully-connected and batched matrix product may be created.

#include <stddef.h>

#include "kernels/gemm.h"
#include "xnnpack/config.h"
#include "xnnpack/hardware-config.h"
#include "xnnpack/microparams-init.h"
#include "xnnpack/pack.h"

#define KERNELS(ROWS, NR) \
  .gemm[(ROWS) - 1] = {{wxnn_gemm_##ROWS##x##NR}}, .igemm[(ROWS) - 1] = {{wxnn_igemm_##ROWS##x##NR}}

#define CONFIG(MR, NR)                                                         \
  {                                                                            \
      .minmax = {KERNELS(1, NR), KERNELS(MR, NR)},                             \
      .init = {.f32 = xnn_init_f32_minmax_scalar_params},                      \
      .pack_gemm_gio = (xnn_packw_gemm_gio_ukernel_fn)xnn_pack_f32_gemm_gio_w, \
      .pack_gemm_goi = (xnn_packw_gemm_goi_ukernel_fn)xnn_pack_f32_gemm_goi_w, \
      .mr = (MR),                                                              \
      .nr = (NR),                                                              \
  },

static const struct xnn_gemm_config gemm_configs[] = {WXNN_GEMM_TILES(CONFIG)};

const struct xnn_gemm_config* xnn_init_f32_gemm_config() { return &gemm_configs[wxnn_gemm_tile()]; }

// XNNPACK would take this one for fewer channels than a tile has. It may not be NULL, but without
// kernels it is passed over.
const struct xnn_gemm_config* xnn_init_f32_gemm_nr2_config() {
  static const struct xnn_gemm_config none = {.mr = 1};
  return &none;
}

// Likewise without kernels: depthwise convolution is ours (native/kernels), not an XNNPACK
// operator.
const struct xnn_dwconv_config* xnn_init_f32_dwconv_config() {
  static const struct xnn_dwconv_config none[XNN_MAX_F32_DWCONV_UKERNELS];
  return none;
}

const struct xnn_vmulcaddc_config* xnn_init_f32_vmulcaddc_config() {
  static const struct xnn_vmulcaddc_config config = {
      .ukernel = wxnn_vmulcaddc,
      .init = {.f32 = xnn_init_f32_minmax_scalar_params},
      .channel_tile = 1,
      .row_tile = 1,
  };
  return &config;
}

const struct xnn_hardware_config* xnn_init_hardware_config() {
  static const struct xnn_hardware_config
      config;  // nothing asks for a feature: the kernels are chosen at compile time
  return &config;
}
