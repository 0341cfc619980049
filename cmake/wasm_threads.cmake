# wxnn-threads.js and wxnn-threads.wasm: SIMD and threads, every operator. Threads want workers and shared memory, so Emscripten's own
# glue starts this one (plugin/src/threads.ts calls it). Not in the plugin: WeChat has neither.
file(GLOB exports CONFIGURE_DEPENDS native/wasm/*.cc)
add_executable(wxnn_threads ${exports} native/wasm/threads/exports.cc ${list_sources})
set_target_properties(wxnn_threads PROPERTIES OUTPUT_NAME wxnn-threads SUFFIX .js)
target_compile_options(wxnn_threads PRIVATE ${WXNN_OURS} ${WXNN_SMALL})
target_compile_definitions(wxnn_threads PRIVATE WXNN_VERSION="${WXNN_VERSION}" WXNN_OPS="ops/ops_tfjs.def")
target_link_libraries(wxnn_threads PRIVATE wxnn)
target_link_options(wxnn_threads PRIVATE
  -O3 ${WXNN_LINK_FEATURES} -fno-exceptions -fno-rtti --no-entry
  --js-library ${PROJECT_SOURCE_DIR}/native/wasm/threads/imports.js
  -sMODULARIZE=1 -sEXPORT_NAME=createWxnn -sENVIRONMENT=web,worker,node
  -sEXPORTED_RUNTIME_METHODS=wasmMemory -sPTHREAD_POOL_SIZE=Module.wxnnThreads-1 -sPTHREAD_POOL_SIZE_STRICT=2
  -sMALLOC=emmalloc -sFILESYSTEM=0 -sSTACK_SIZE=256KB -sDEFAULT_PTHREAD_STACK_SIZE=128KB
  -sINITIAL_MEMORY=16MB -sALLOW_MEMORY_GROWTH=1 -sMAXIMUM_MEMORY=2GB -Wno-pthreads-mem-growth)
