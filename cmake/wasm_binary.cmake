# wxnn-plain.wasm or wxnn-simd.wasm: the engine without generated glue. plugin/src loads it; its imports are
# env.emscripten_notify_memory_growth and what native/wasm declares.
file(GLOB exports CONFIGURE_DEPENDS native/wasm/*.cc)
if(NOT exports)
  return()
endif()
function(add_wasm_binary target name)
  add_executable(${target} ${exports})
  set_target_properties(${target} PROPERTIES OUTPUT_NAME ${name} SUFFIX .wasm)
  target_compile_options(${target} PRIVATE ${WXNN_OURS} ${WXNN_SMALL})
  target_compile_definitions(${target} PRIVATE WXNN_VERSION="${WXNN_VERSION}")
  target_link_libraries(${target} PRIVATE wxnn)
  target_link_options(${target} PRIVATE
    -O3 ${WXNN_LINK_FEATURES} -fno-exceptions -fno-rtti
    -sSTANDALONE_WASM=1 --no-entry
    -sMALLOC=emmalloc -sFILESYSTEM=0
    -sSTACK_SIZE=256KB -sINITIAL_MEMORY=4MB -sALLOW_MEMORY_GROWTH=1 -sMAXIMUM_MEMORY=1GB)
endfunction()

add_wasm_binary(wxnn_wasm wxnn-${WXNN_VARIANT})

# The same with function names inside, to see what takes the bytes: cmake --build --preset wasm-simd -t wxnn_wasm_named
add_wasm_binary(wxnn_wasm_named wxnn-${WXNN_VARIANT}-named)
target_link_options(wxnn_wasm_named PRIVATE --profiling-funcs)
set_target_properties(wxnn_wasm_named PROPERTIES EXCLUDE_FROM_ALL TRUE)
