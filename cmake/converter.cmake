# The converter: GraphDef, SavedModel, ONNX, model.json or .tflite in, .tflite out. It links the whole engine, whose kernels fold
# constants and check results. A program of this machine, and with the SIMD build one for Node: the same sources, the same bytes out.
# `include(cmake/converter.cmake)` after cmake/tests.cmake.
include(cmake/protobuf.cmake)
find_program(PROTOC protoc REQUIRED)
find_path(ONNX_PROTO onnx/onnx.proto PATHS /usr/include NO_CMAKE_FIND_ROOT_PATH REQUIRED)
find_path(NLOHMANN_JSON nlohmann/json.hpp PATHS /usr/include NO_CMAKE_FIND_ROOT_PATH REQUIRED)
# Reached through a folder of their own, because a WebAssembly build must not see the rest of /usr/include.
set(json_include ${PROJECT_BINARY_DIR}/json)
file(MAKE_DIRECTORY ${json_include})
file(CREATE_LINK ${NLOHMANN_JSON}/nlohmann ${json_include}/nlohmann SYMBOLIC)

set(proto_out ${PROJECT_BINARY_DIR}/proto)
file(MAKE_DIRECTORY ${proto_out})
set(proto_sources)
function(add_proto root file)
  cmake_path(REMOVE_EXTENSION file OUTPUT_VARIABLE stem)
  add_custom_command(
    OUTPUT ${proto_out}/${stem}.pb.cc ${proto_out}/${stem}.pb.h
    COMMAND ${PROTOC} -I ${root} --cpp_out=${proto_out} ${root}/${file}
    DEPENDS ${root}/${file}
    VERBATIM)
  set(proto_sources ${proto_sources} ${proto_out}/${stem}.pb.cc PARENT_SCOPE)
endfunction()
add_proto(${ONNX_PROTO} onnx/onnx.proto)
file(GLOB protos CONFIGURE_DEPENDS RELATIVE ${PROJECT_SOURCE_DIR}/converter converter/*.proto)
foreach(proto IN LISTS protos)
  add_proto(${PROJECT_SOURCE_DIR}/converter ${proto})
endforeach()
add_library(wxnn_protos STATIC EXCLUDE_FROM_ALL ${proto_sources})
target_include_directories(wxnn_protos SYSTEM PUBLIC ${proto_out})
target_compile_options(wxnn_protos PRIVATE -O1 -w)
target_link_libraries(wxnn_protos PUBLIC wxnn_protobuf)

file(GLOB sources CONFIGURE_DEPENDS converter/*.cc)
list(REMOVE_ITEM sources ${PROJECT_SOURCE_DIR}/converter/main.cc ${PROJECT_SOURCE_DIR}/converter/list_ops.cc)
add_library(wxnn_converter STATIC EXCLUDE_FROM_ALL ${sources})
target_include_directories(wxnn_converter PUBLIC ${PROJECT_SOURCE_DIR})
target_include_directories(wxnn_converter SYSTEM PUBLIC ${json_include})
target_link_libraries(wxnn_converter PUBLIC wxnn wxnn_protos)
target_compile_options(wxnn_converter PRIVATE ${WXNN_OURS} -O2)
target_compile_definitions(wxnn_converter PUBLIC JSON_NOEXCEPTION)

target_link_options(wxnn_converter INTERFACE -Wl,--gc-sections)

add_executable(wxnn_convert converter/main.cc)
target_link_libraries(wxnn_convert PRIVATE wxnn_all_ops wxnn_converter)
target_compile_options(wxnn_convert PRIVATE ${WXNN_OURS} ${WXNN_SMALL})
if(EMSCRIPTEN)
  # build/simd/wxnn-convert.{js,wasm}, of `tools/build convert-wasm`: what `npx wxnn convert` starts.
  set_target_properties(wxnn_convert PROPERTIES EXCLUDE_FROM_ALL TRUE OUTPUT_NAME wxnn-convert SUFFIX .js)
  target_link_options(wxnn_convert PRIVATE -O2 ${WXNN_LINK_FEATURES} -sDISABLE_EXCEPTION_THROWING=0 -sNODERAWFS=1 -sENVIRONMENT=node -sEXIT_RUNTIME=1
    -sALLOW_MEMORY_GROWTH=1 -sINITIAL_MEMORY=64MB -sMAXIMUM_MEMORY=4GB -sSTACK_SIZE=8MB)
  return()
endif()

# The operators that models need, for tools/build --ops-of. It is its own table of operators.
set(rows ${list_sources})
list(FILTER rows EXCLUDE REGEX op_table)
add_executable(wxnn_list_ops converter/list_ops.cc ${rows})
target_link_libraries(wxnn_list_ops PRIVATE wxnn_converter)
target_compile_options(wxnn_list_ops PRIVATE ${WXNN_OURS} ${WXNN_SMALL})

# Runs a model on inputs from stdin; the tests compare its outputs with other runtimes'.
add_executable(wxnn_run_model tests/converter/run/run_model.cc)
target_link_libraries(wxnn_run_model PRIVATE wxnn_all_ops wxnn_converter)
target_compile_options(wxnn_run_model PRIVATE ${WXNN_OURS} ${WXNN_SMALL})

file(GLOB converter_tests CONFIGURE_DEPENDS tests/converter/*.cc)
if(converter_tests)
  add_executable(wxnn_convert_tests ${converter_tests})
  target_link_libraries(wxnn_convert_tests PRIVATE wxnn_all_ops wxnn_converter googletest)
  target_compile_options(wxnn_convert_tests PRIVATE ${WXNN_OURS} -O1)
  target_compile_definitions(wxnn_convert_tests PRIVATE WXNN_ROOT="${PROJECT_SOURCE_DIR}")
endif()
