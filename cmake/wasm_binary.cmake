# The engine without generated glue. plugin/src loads it; it imports what native/wasm declares.
#
# What is shipped is compiled once: wxnn-plain.wasm, which every engine takes, and wxnn-simd.wasm, the loops alone with SIMD, which take
# the place of the plain ones in the former's table of functions (core/loop.h). The two share one memory: the first 16 KB are the loops'.
file(GLOB exports CONFIGURE_DEPENDS native/wasm/*.cc)
if(NOT exports)
  return()
endif()
# Single operators and lists of kernel calls, for tfjs: in its profile alone.
set(tfjs_exports ${PROJECT_SOURCE_DIR}/native/wasm/eager_exports.cc ${PROJECT_SOURCE_DIR}/native/wasm/calls_exports.cc)
list(REMOVE_ITEM exports ${tfjs_exports})
find_program(NODE node REQUIRED)
function(set_wasm_options target)
  target_compile_options(${target} PRIVATE ${WXNN_OURS} ${WXNN_SMALL} ${WXNN_WHOLE})
  target_link_libraries(${target} PRIVATE wxnn)
  target_link_options(${target} PRIVATE
    -O3 ${WXNN_LINK_FEATURES} -fno-exceptions -fno-rtti
    -Wl,-mllvm,-inline-threshold=-100  # what is hot has been inlined by the compiler
    -Wl,-mllvm,-enable-pre=false  # which writes expressions out once more; the compiler has done so where it is hot
    # Binaryen inlines into several callers only what is smaller than the call, into one only what is small: 1%
    # after brotli, the same speed (-Oz: 0.3% more, and slower).
    # Data stays one piece: cut at its zeros it is shorter, but brotli takes zeros for nothing and every cut costs four bytes.
    # A call by address stays one: the SIMD part replaces what stands at some addresses.
    -sBINARYEN_EXTRA_PASSES=-fimfs=0,-aimfs=4,-ocimfs=30,--converge,--skip-pass=memory-packing,--skip-pass=directize
    -sSTANDALONE_WASM=1 --no-entry
    -sINITIAL_MEMORY=4MB -sALLOW_MEMORY_GROWTH=1)
  set(repack ${PROJECT_SOURCE_DIR}/tools/repack_wasm.js)  # the same program, which brotli makes 3% smaller
  set_property(TARGET ${target} APPEND PROPERTY LINK_DEPENDS ${repack})
  add_custom_command(TARGET ${target} POST_BUILD COMMAND ${NODE} ${repack} $<TARGET_FILE:${target}>)
endfunction()

function(add_wasm_binary target name ops)
  add_executable(${target} ${exports} ${list_sources})
  set_target_properties(${target} PROPERTIES OUTPUT_NAME ${name} SUFFIX .wasm)
  set_wasm_options(${target})
  target_compile_definitions(${target} PRIVATE WXNN_VERSION="${WXNN_VERSION}" WXNN_OPS="${ops}")
  target_link_options(${target} PRIVATE -sMALLOC=emmalloc -sFILESYSTEM=0 -sSTACK_SIZE=256KB -sMAXIMUM_MEMORY=256MB)
  if(WXNN_VARIANT STREQUAL plain)
    target_sources(${target} PRIVATE native/simd/loops.cc)
    # iOS 13 knows nothing beyond WebAssembly's first version. The system libraries were compiled with sign extension: em++ lowers it.
    target_link_options(${target} PRIVATE -sGLOBAL_BASE=16KB -sMIN_SAFARI_VERSION=130000 -sMIN_CHROME_VERSION=86)
  endif()
endfunction()

# Three lists of operators: those of graph models of phones, those and what only eager tfjs calls, and those of the face models.
# WXNN_OPS_FILE makes a fourth, wxnn_wasm_models: tools/build --ops-of writes that list.
set(WXNN_OPS_FILE "" CACHE FILEPATH "a list of operators, like native/ops/ops_faces.def, for wxnn_wasm_models")
add_wasm_binary(wxnn_wasm_faces wxnn-${WXNN_VARIANT}-faces ops/ops_faces.def)
if(WXNN_VARIANT STREQUAL plain)
  add_wasm_binary(wxnn_wasm wxnn-plain ops/ops.def)
  add_wasm_binary(wxnn_wasm_tfjs wxnn-plain-tfjs ops/ops_tfjs.def)
  target_sources(wxnn_wasm_tfjs PRIVATE ${tfjs_exports} native/wasm/tfjs/small_blocks.cc)
  # Training and large pictures: as far as pointers stay positive numbers. Tensors of any size come and go here: dlmalloc looks for the
  # best place for each (2 KB), and small blocks keep out of their way.
  target_link_options(wxnn_wasm_tfjs PRIVATE -sMAXIMUM_MEMORY=2GB -sMALLOC=dlmalloc)
  if(WXNN_OPS_FILE)
    add_wasm_binary(wxnn_wasm_models wxnn-plain-models ${WXNN_OPS_FILE})
    set_target_properties(wxnn_wasm_models PROPERTIES EXCLUDE_FROM_ALL TRUE)
  endif()
else()
  # Stack and data lie at the bottom of the engine's memory; there is no heap in it.
  function(add_loops_binary name)
    string(REPLACE - _ target ${name})
    add_executable(${target} native/simd/loops.cc native/wasm/memory.cc)
    set_target_properties(${target} PROPERTIES OUTPUT_NAME ${name} SUFFIX .wasm)
    set_wasm_options(${target})
    target_link_options(${target} PRIVATE
      -sIMPORTED_MEMORY=1 -sMAXIMUM_MEMORY=4GB -sMALLOC=none -sFILESYSTEM=0 -sSTACK_SIZE=8KB -Wl,--stack-first -Wl,--export-table)
  endfunction()
  add_loops_binary(wxnn-simd)
  # The same, but that the matrix and depthwise kernels round once where others round twice (kernels/add_product.h).
  add_loops_binary(wxnn-relaxed)
  target_sources(wxnn_relaxed PRIVATE native/kernels/gemm.cc native/kernels/depthwise.cc)
  set_property(TARGET wxnn_relaxed APPEND PROPERTY COMPILE_OPTIONS ${WXNN_FAST} -mrelaxed-simd)
  target_link_options(wxnn_relaxed PRIVATE -mrelaxed-simd)
endif()

# The face operators with function names inside, to see what takes the bytes: cmake --build --preset wasm-simd -t wxnn_wasm_named
add_wasm_binary(wxnn_wasm_named wxnn-${WXNN_VARIANT}-named ops/ops_faces.def)
target_link_options(wxnn_wasm_named PRIVATE --profiling-funcs)
set_target_properties(wxnn_wasm_named PROPERTIES EXCLUDE_FROM_ALL TRUE)
