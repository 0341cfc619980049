# libFuzzer programs of the readers, with address and undefined-behaviour sanitizers: build/fuzz/fuzz_NAME CORPUS. `tools/test fuzz`
# writes their corpora and runs each for some seconds.
file(GLOB targets CONFIGURE_DEPENDS tests/fuzz/fuzz_*.cc)
set(programs)
foreach(source IN LISTS targets)
  cmake_path(GET source STEM name)
  add_executable(${name} ${source})
  target_link_libraries(${name} PRIVATE wxnn_all_ops wxnn_converter)
  target_compile_options(${name} PRIVATE ${WXNN_OURS} -O1)
  target_link_options(${name} PRIVATE -fsanitize=fuzzer)
  list(APPEND programs ${name})
endforeach()

add_executable(wxnn_fuzz_corpus tests/fuzz/make_corpus.cc tests/converter/tf_fixtures.cc)
target_link_libraries(wxnn_fuzz_corpus PRIVATE wxnn_all_ops wxnn_converter)
target_compile_options(wxnn_fuzz_corpus PRIVATE ${WXNN_OURS} -O1)
add_custom_target(wxnn_fuzz DEPENDS ${programs} wxnn_fuzz_corpus)
