# XNNPACK's headers say what a microkernel is: the engine's matrix kernels have its signatures (native/kernels/gemm.h). Its operators
# are in the tests alone, where they call our kernels: so these keep to the contract. Its own CMakeLists knows neither Emscripten nor a
# way to build less than everything.
set(WXNN_TOOLCHAIN ${PROJECT_SOURCE_DIR}/.cache/toolchain)
set(XNNPACK_DIR ${WXNN_TOOLCHAIN}/xnnpack)
if(NOT EXISTS ${XNNPACK_DIR}/include/xnnpack.h)
  message(FATAL_ERROR "XNNPACK is not in .cache/toolchain: run tools/setup first.")
endif()

add_library(xnnpack_headers INTERFACE)
target_include_directories(xnnpack_headers SYSTEM INTERFACE
  ${XNNPACK_DIR}/include ${XNNPACK_DIR}/src ${WXNN_TOOLCHAIN}/pthreadpool/include ${WXNN_TOOLCHAIN}/fxdiv/include)
# One kernel for all cores: without this, ARM tables have three columns.
target_compile_definitions(xnnpack_headers INTERFACE XNN_MAX_UARCH_TYPES=1)

set(operators batch-matrix-multiply-nc.c convolution-nhwc.c deconvolution-nhwc.c fully-connected-nc.c)
list(TRANSFORM operators PREPEND ${XNNPACK_DIR}/src/operators/)
set_source_files_properties(${operators} PROPERTIES COMPILE_DEFINITIONS WXNN_XNNPACK_OPERATOR)
set(sources
  allocator.c cache.c indirection.c init.c memory.c microkernel-utils.c microparams-init.c mutex.c operator-delete.c operator-run.c
  operator-utils.c params.c reference/packing.cc)
list(TRANSFORM sources PREPEND ${XNNPACK_DIR}/src/)
add_library(xnnpack STATIC ${sources} ${operators} tests/native/xnn_config.c)
target_include_directories(xnnpack SYSTEM
  PRIVATE ${XNNPACK_DIR})
target_include_directories(xnnpack PRIVATE native)

# Every switch of XNNPACK's that its headers want to see defined; all machine-specific parts off.
set(off ARM_FP16_VECTOR ARM_FP16_SCALAR ARM_BF16 ARM_DOTPROD ARM_I8MM ARM_SME ARM_SME2 RISCV_VECTOR AVXVNNI AVXVNNIINT8 AVX256SKX
  AVX256VNNI AVX256VNNIGFNI AVX512F AVX512SKX AVX512VBMI AVX512VNNI AVX512VNNIGFNI AVX512AMX AVX512FP16 VSX ASSEMBLY DWCONV_MULTIPASS
  HVX KLEIDIAI MEMOPT SPARSE CPUINFO)
list(TRANSFORM off REPLACE "(.+)" "XNN_ENABLE_\\1=0")
target_compile_definitions(xnnpack
  PRIVATE ${off} XNN_ENABLE_GEMM_M_SPECIALIZATION=1 XNN_LOG_LEVEL=0 _GNU_SOURCE)
target_compile_options(xnnpack PRIVATE ${WXNN_SMALL} -w -include ${PROJECT_SOURCE_DIR}/cmake/xnnpack_trim.h)
set_source_files_properties(tests/native/xnn_config.c PROPERTIES COMPILE_OPTIONS "${WXNN_WARNINGS}")

# pthreadpool: without threads its shim runs every task in the calling thread.
if(WXNN_VARIANT MATCHES "native|threads")
  set(sources legacy-api.c fastpath.c memory.c portable-api.c pthreads.c)
else()
  set(sources legacy-api.c shim.c)
endif()
list(TRANSFORM sources PREPEND ${WXNN_TOOLCHAIN}/pthreadpool/src/)
add_library(pthreadpool STATIC ${sources})
target_include_directories(pthreadpool SYSTEM PUBLIC ${WXNN_TOOLCHAIN}/pthreadpool/include PRIVATE ${WXNN_TOOLCHAIN}/pthreadpool/src ${WXNN_TOOLCHAIN}/fxdiv/include)
target_compile_definitions(pthreadpool PRIVATE _GNU_SOURCE PTHREADPOOL_USE_FASTPATH=0)
target_compile_options(pthreadpool PRIVATE ${WXNN_SMALL} -w)
target_link_libraries(xnnpack PUBLIC xnnpack_headers pthreadpool)
