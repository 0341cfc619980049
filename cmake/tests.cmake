# One GoogleTest program of all tests/native/*.cc. In the wasm builds it is a Node program: `node build/simd/wxnn_tests.js`.
add_library(googletest STATIC /usr/src/googletest/googletest/src/gtest-all.cc /usr/src/googletest/googletest/src/gtest_main.cc)
target_include_directories(googletest SYSTEM PUBLIC /usr/src/googletest/googletest/include PRIVATE /usr/src/googletest/googletest)
target_compile_options(googletest PRIVATE ${WXNN_SMALL} -fno-exceptions -fno-rtti -w)

file(GLOB tests CONFIGURE_DEPENDS tests/native/*.cc)
add_executable(wxnn_tests ${tests})
target_link_libraries(wxnn_tests PRIVATE wxnn_all_ops wxnn googletest)
target_compile_options(wxnn_tests PRIVATE ${WXNN_OURS} -O1)
target_precompile_headers(wxnn_tests PRIVATE <gtest/gtest.h>)  # read by every test, and most of its compile time
if(EMSCRIPTEN)
  target_compile_definitions(googletest PUBLIC GTEST_HAS_PTHREAD=0 GTEST_HAS_DEATH_TEST=0)
  set_target_properties(wxnn_tests PROPERTIES SUFFIX .js)
  target_sources(wxnn_tests PRIVATE native/wasm/memory.cc)
  target_link_options(wxnn_tests PRIVATE -O1 ${WXNN_LINK_FEATURES} -fno-exceptions -sNODERAWFS=1 -sEXIT_RUNTIME=1 -sALLOW_MEMORY_GROWTH=1
    -sMAXIMUM_MEMORY=2GB -sSTACK_SIZE=1MB -sENVIRONMENT=node)
else()
  target_link_options(wxnn_tests PRIVATE -Wl,--gc-sections)
  include(cmake/xnnpack.cmake)
  target_link_libraries(wxnn_tests PRIVATE xnnpack)
  target_compile_definitions(wxnn_tests PRIVATE WXNN_HAS_XNNPACK)
endif()
# tests/native/allocations.cc counts these.
foreach(call malloc calloc realloc aligned_alloc posix_memalign free)
  target_link_options(wxnn_tests PRIVATE -Wl,--wrap=${call})
endforeach()

# What is compiled in about operators, for tools/docs; and small .tflite files with our results, for tests/reference.
if(NOT EMSCRIPTEN)
  add_executable(wxnn_op_table tests/programs/op_table.cc)
  target_link_libraries(wxnn_op_table PRIVATE wxnn_all_ops wxnn)
  add_executable(wxnn_tflite_cases tests/programs/tflite_cases.cc tests/native/op_test.cc tests/native/op_use.cc)
  target_include_directories(wxnn_tflite_cases PRIVATE tests)
  target_link_libraries(wxnn_tflite_cases PRIVATE wxnn_all_ops wxnn googletest)
  foreach(program wxnn_op_table wxnn_tflite_cases)
    target_compile_options(${program} PRIVATE ${WXNN_OURS} ${WXNN_SMALL})
    target_link_options(${program} PRIVATE -Wl,--gc-sections)
  endforeach()
endif()

# One run of a model on this machine, for tools/zoo.
if(NOT EMSCRIPTEN)
  add_executable(wxnn_run tests/programs/run_model.cc)
  target_link_libraries(wxnn_run PRIVATE wxnn_all_ops wxnn)
  target_compile_options(wxnn_run PRIVATE ${WXNN_OURS} ${WXNN_SMALL})
  target_link_options(wxnn_run PRIVATE -Wl,--gc-sections)
endif()
