# XNNPACK as its authors have it, one f32 operator with its scalar kernels: an outside reference for tests/native/xnnpack_test.cc. The
# engine has none of it: convolutions of our own are faster and smaller (HACKING.md).
set(XNNPACK_DIR ${WXNN_TOOLCHAIN}/xnnpack)
set(sources operators/convolution-nhwc.c enums/datatype-strings.c enums/microkernel-type.c enums/operator-type.c allocator.c cache.c indirection.c init.c memory.c microkernel-utils.c microparams-init.c mutex.c
  operator-delete.c operator-run.c operator-utils.c params.c reference/packing.cc f32-gemm/gen/f32-gemm-1x4-minmax-scalar.c
  f32-gemm/gen/f32-gemm-4x4-minmax-scalar.c f32-igemm/gen/f32-igemm-1x4-minmax-scalar.c f32-igemm/gen/f32-igemm-4x4-minmax-scalar.c
  f32-dwconv/gen/f32-dwconv-9p1c-minmax-scalar.c f32-dwconv/gen/f32-dwconv-25p1c-minmax-scalar.c
  f32-vmulcaddc/gen/f32-vmulcaddc-c1-minmax-scalar-2x.c)
list(TRANSFORM sources PREPEND ${XNNPACK_DIR}/src/)
add_library(xnnpack STATIC ${sources} tests/native/xnnpack_config.c)
target_include_directories(xnnpack SYSTEM PUBLIC ${XNNPACK_DIR}/include ${WXNN_TOOLCHAIN}/pthreadpool/include
  PRIVATE ${XNNPACK_DIR}/src ${XNNPACK_DIR} ${WXNN_TOOLCHAIN}/fxdiv/include)
# Its headers want to see every switch defined: all machine-specific parts off.
set(off ARM_FP16_VECTOR ARM_FP16_SCALAR ARM_BF16 ARM_DOTPROD ARM_I8MM ARM_SME ARM_SME2 RISCV_VECTOR AVXVNNI AVXVNNIINT8 AVX256SKX
  AVX256VNNI AVX256VNNIGFNI AVX512F AVX512SKX AVX512VBMI AVX512VNNI AVX512VNNIGFNI AVX512AMX AVX512FP16 VSX ASSEMBLY DWCONV_MULTIPASS
  HVX KLEIDIAI MEMOPT SPARSE CPUINFO)
list(TRANSFORM off REPLACE "(.+)" "XNN_ENABLE_\\1=0")
target_compile_definitions(xnnpack PRIVATE ${off} XNN_MAX_UARCH_TYPES=1 XNN_ENABLE_GEMM_M_SPECIALIZATION=1 XNN_LOG_LEVEL=0 _GNU_SOURCE)
target_compile_options(xnnpack PRIVATE ${WXNN_SMALL} -w)
target_link_libraries(xnnpack PUBLIC pthreadpool)
