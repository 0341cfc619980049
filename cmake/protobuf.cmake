# wxnn_protobuf: Debian's library on this machine; for WebAssembly its own sources, of the same version, without what turns messages into
# JSON and compiles .proto files. protoc is Debian's in both.
if(NOT EMSCRIPTEN)
  find_library(PROTOBUF protobuf REQUIRED)
  add_library(wxnn_protobuf INTERFACE)
  target_link_libraries(wxnn_protobuf INTERFACE ${PROTOBUF})
  if(WXNN_FUZZ)
    target_compile_definitions(wxnn_protobuf INTERFACE GOOGLE_PROTOBUF_NO_RDTSC)  # the order of a map is the same in every run
  endif()
  return()
endif()

set(protobuf ${PROJECT_SOURCE_DIR}/.cache/toolchain/protobuf/src)
set(in_lite any_lite arena arenastring arenaz_sampler extension_set generated_enum_util generated_message_tctable_lite
  generated_message_util implicit_weak_message inlined_string_field io/coded_stream io/strtod io/zero_copy_stream io/zero_copy_stream_impl
  io/zero_copy_stream_impl_lite map message_lite parse_context repeated_field repeated_ptr_field stubs/bytestream stubs/common stubs/int128
  stubs/status stubs/statusor stubs/stringpiece stubs/stringprintf stubs/structurally_valid stubs/strutil stubs/time wire_format_lite)
set(with_reflection any any.pb descriptor descriptor.pb descriptor_database dynamic_message extension_set_heavy generated_message_bases
  generated_message_reflection generated_message_tctable_full io/printer io/tokenizer map_field message reflection_ops stubs/substitute
  text_format unknown_field_set wire_format)
list(TRANSFORM in_lite REPLACE "(.+)" "${protobuf}/google/protobuf/\\1.cc")
list(TRANSFORM with_reflection REPLACE "(.+)" "${protobuf}/google/protobuf/\\1.cc")
add_library(wxnn_protobuf STATIC EXCLUDE_FROM_ALL ${in_lite} ${with_reflection})
target_include_directories(wxnn_protobuf SYSTEM PUBLIC ${protobuf})
target_compile_options(wxnn_protobuf PRIVATE ${WXNN_SMALL} -w)
