# Toolchain for WebAssembly: clang compiles straight to objects, without an Emscripten start (Python) for each file, and em++ links.
# The objects are those that `em++ -c` would write. tools/setup says where things are.
include(${CMAKE_CURRENT_LIST_DIR}/../.cache/toolchain/paths.cmake OPTIONAL RESULT_VARIABLE WXNN_PATHS)
if(NOT WXNN_PATHS)
  message(FATAL_ERROR "No toolchain in .cache/toolchain: run tools/setup first.")
endif()

set(CMAKE_SYSTEM_NAME Generic)
set(CMAKE_SYSTEM_PROCESSOR wasm32)
set(CMAKE_TRY_COMPILE_TARGET_TYPE STATIC_LIBRARY)
set(CMAKE_C_COMPILER ${WXNN_LLVM_BIN}/clang)
set(CMAKE_CXX_COMPILER ${WXNN_LLVM_BIN}/clang++)
set(CMAKE_AR ${WXNN_LLVM_BIN}/llvm-ar CACHE FILEPATH "")
set(CMAKE_RANLIB ${WXNN_LLVM_BIN}/llvm-ranlib CACHE FILEPATH "")
set(CMAKE_EXECUTABLE_FORMAT WASM)

# What em++ passes to clang in Emscripten 3.1.69, and the features of newer LLVM defaults that Chrome 86 and iOS 13 lack, taken away.
string(JOIN " " WXNN_WASM_FLAGS
  --target=wasm32-unknown-emscripten
  --sysroot=${WXNN_EMSCRIPTEN}/cache/sysroot
  -DEMSCRIPTEN
  -fignore-exceptions
  -mllvm -combiner-global-alias-analysis=false
  -mllvm -disable-lsr
  -mno-reference-types
  -mno-multivalue
  -mno-bulk-memory
  -mno-nontrapping-fptoint)
set(CMAKE_C_FLAGS_INIT "${WXNN_WASM_FLAGS}")
set(CMAKE_CXX_FLAGS_INIT "${WXNN_WASM_FLAGS}")

set(WXNN_EMXX ${CMAKE_COMMAND} -E env EM_CONFIG=${WXNN_EM_CONFIG} ${WXNN_EMSCRIPTEN}/em++)
string(JOIN " " WXNN_EMXX ${WXNN_EMXX})
set(CMAKE_CXX_LINK_EXECUTABLE "${WXNN_EMXX} <CMAKE_CXX_LINK_FLAGS> <LINK_FLAGS> <OBJECTS> -o <TARGET> <LINK_LIBRARIES>")

set(CMAKE_FIND_ROOT_PATH_MODE_LIBRARY ONLY)
set(CMAKE_FIND_ROOT_PATH_MODE_INCLUDE ONLY)
set(CMAKE_FIND_ROOT_PATH_MODE_PACKAGE ONLY)
set(CMAKE_FIND_ROOT_PATH_MODE_PROGRAM NEVER)
