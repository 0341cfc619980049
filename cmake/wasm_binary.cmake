# wxnn-plain.wasm or wxnn-simd.wasm: the engine without generated glue. plugin/src loads it; its imports are
# env.emscripten_notify_memory_growth and what native/wasm declares.
file(GLOB exports CONFIGURE_DEPENDS native/wasm/*.cc)
if(NOT exports)
  return()
endif()
# Single operators and lists of kernel calls, for tfjs: in its profile alone.
set(tfjs_exports ${PROJECT_SOURCE_DIR}/native/wasm/eager_exports.cc ${PROJECT_SOURCE_DIR}/native/wasm/calls_exports.cc)
list(REMOVE_ITEM exports ${tfjs_exports})
function(add_wasm_binary target name ops)
  add_executable(${target} ${exports} ${list_sources})
  set_target_properties(${target} PROPERTIES OUTPUT_NAME ${name} SUFFIX .wasm)
  target_compile_options(${target} PRIVATE ${WXNN_OURS} ${WXNN_SMALL} ${WXNN_WHOLE})
  target_compile_definitions(${target} PRIVATE WXNN_VERSION="${WXNN_VERSION}" WXNN_OPS="${ops}")
  target_link_libraries(${target} PRIVATE wxnn)
  target_link_options(${target} PRIVATE
    -O3 ${WXNN_LINK_FEATURES} -fno-exceptions -fno-rtti
    -Wl,-mllvm,-inline-threshold=-100  # what is hot has been inlined by the compiler
    # Binaryen inlines into several callers only what is smaller than the call, into one only what is small: 1%
    # after brotli, the same speed (-Oz: 0.3% more, and slower).
    # Data stays one piece: cut at its zeros it is shorter, but brotli takes zeros for nothing and every cut costs four bytes.
    -sBINARYEN_EXTRA_PASSES=-fimfs=0,-aimfs=4,-ocimfs=30,--converge,--skip-pass=memory-packing
    -sSTANDALONE_WASM=1 --no-entry
    -sMALLOC=emmalloc -sFILESYSTEM=0
    -sSTACK_SIZE=256KB -sINITIAL_MEMORY=4MB -sALLOW_MEMORY_GROWTH=1 -sMAXIMUM_MEMORY=256MB)
  if(WXNN_VARIANT STREQUAL plain)
    # iOS 13 knows nothing beyond WebAssembly's first version. The system libraries were compiled with sign extension: em++ lowers it.
    target_link_options(${target} PRIVATE -sMIN_SAFARI_VERSION=130000 -sMIN_CHROME_VERSION=86)
  endif()
endfunction()

# The plugin ships wxnn_wasm: every operator of graph models. wxnn_wasm_tfjs has also what only eager tfjs calls, wxnn_wasm_faces only
# the operators of the face models. WXNN_OPS_FILE makes a fourth, wxnn_wasm_models: tools/build --ops-of writes that list.
add_wasm_binary(wxnn_wasm wxnn-${WXNN_VARIANT} ops/ops.def)
add_wasm_binary(wxnn_wasm_tfjs wxnn-${WXNN_VARIANT}-tfjs ops/ops_tfjs.def)
add_wasm_binary(wxnn_wasm_faces wxnn-${WXNN_VARIANT}-faces ops/ops_faces.def)
target_sources(wxnn_wasm_tfjs PRIVATE ${tfjs_exports})
# Training and large pictures: as far as pointers stay positive numbers.
target_link_options(wxnn_wasm_tfjs PRIVATE -sMAXIMUM_MEMORY=2GB)

set(WXNN_OPS_FILE "" CACHE FILEPATH "a list of operators, like native/ops/ops_faces.def, for wxnn_wasm_models")
if(WXNN_OPS_FILE)
  add_wasm_binary(wxnn_wasm_models wxnn-${WXNN_VARIANT}-models ${WXNN_OPS_FILE})
  set_target_properties(wxnn_wasm_models PROPERTIES EXCLUDE_FROM_ALL TRUE)
endif()

# The same with function names inside, to see what takes the bytes: cmake --build --preset wasm-simd -t wxnn_wasm_named
add_wasm_binary(wxnn_wasm_named wxnn-${WXNN_VARIANT}-named ops/ops.def)
target_link_options(wxnn_wasm_named PRIVATE --profiling-funcs)
set_target_properties(wxnn_wasm_named PROPERTIES EXCLUDE_FROM_ALL TRUE)
