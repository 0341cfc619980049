// Included in front of every XNNPACK source, so that nothing we do not use gets into the binary.
// Changes no behaviour of the f32 operators: XNNPACK stays unpatched.
#pragma once

#include "xnnpack/compute.h"
#include "xnnpack/indirection.h"
#include "xnnpack/log.h"
#include "xnnpack/pack.h"

// Log calls vanish with their arguments: at XNN_LOG_LEVEL 0 they print nothing but still fetch the
// names of operators from a table of all.
#undef xnn_log_debug
#undef xnn_log_info
#undef xnn_log_warning
#undef xnn_log_error
#undef xnn_log_fatal
#define xnn_log_debug(...) ((void)0)
#define xnn_log_info(...) ((void)0)
#define xnn_log_warning(...) ((void)0)
#define xnn_log_error(...) ((void)0)
#define xnn_log_fatal(...) ((void)0)

#ifdef WXNN_XNNPACK_OPERATOR
// A reshape function serves all data types and names the tasks of quantised ones, which no f32
// operator takes: the f32 task instead.
#define xnn_compute_dqgemm xnn_compute_gemm
#define xnn_compute_qp8gemm xnn_compute_gemm
#define xnn_compute_dqigemm xnn_compute_igemm
#define xnn_compute_batch_dqigemm xnn_compute_batch_igemm
#define xnn_compute_grouped_dqigemm xnn_compute_grouped_igemm
#define xnn_compute_grouped_batch_dqigemm xnn_compute_grouped_batch_igemm
#define xnn_compute_dqsubconv2d xnn_compute_subconv2d
#define xnn_compute_grouped_dqsubconv2d xnn_compute_grouped_subconv2d
#define xnn_compute_dq_zero_buffer_igemm NULL
#define xnn_compute_dq_zero_buffer_subconv NULL
// Without a depthwise kernel (native/core/xnn_config.c) no convolution becomes a depthwise one.
#define xnn_pack_f32_dwconv_hwg_w NULL
#define xnn_pack_f32_dwconv_ghw_w NULL
#define xnn_indirection_init_dwconv2d(...) ((void)0)
#define xnn_compute_dwconv_indirection NULL
#define xnn_compute_dwconv_unipass NULL
#define xnn_compute_dwconv_multipass NULL
#define xnn_compute_dwconv_multipass_with_thread NULL
#endif
