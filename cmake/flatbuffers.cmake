# Generates a header from every native/formats/*.fbs: `#include "NAME_generated.h"`. The flatbuffers headers come from Debian; they
# are reached through a folder of their own, because a wasm build must not see the rest of /usr/include.
find_program(FLATC flatc REQUIRED)
find_path(FLATBUFFERS_INCLUDE flatbuffers/flatbuffers.h PATHS /usr/include NO_CMAKE_FIND_ROOT_PATH REQUIRED)
set(generated ${PROJECT_BINARY_DIR}/generated)
file(MAKE_DIRECTORY ${generated})
file(CREATE_LINK ${FLATBUFFERS_INCLUDE}/flatbuffers ${generated}/flatbuffers SYMBOLIC)

file(GLOB schemas CONFIGURE_DEPENDS native/formats/*.fbs)
set(headers)
foreach(schema IN LISTS schemas)
  cmake_path(GET schema STEM name)
  add_custom_command(
    OUTPUT ${generated}/${name}_generated.h
    COMMAND ${FLATC} --cpp --scoped-enums --cpp-include flatbuffers_names.h -o ${generated} ${schema}
    DEPENDS ${schema}
    VERBATIM)
  list(APPEND headers ${generated}/${name}_generated.h)
endforeach()
# The names of TensorFlow Lite's operators as one text for tflite_rows.cc: flatc's table of their addresses is not linked then.
set_property(DIRECTORY APPEND PROPERTY CMAKE_CONFIGURE_DEPENDS ${PROJECT_SOURCE_DIR}/native/formats/tflite.fbs)
file(READ native/formats/tflite.fbs names)
string(REGEX MATCH "enum BuiltinOperator [^}]*" names "${names}")
string(REGEX MATCHALL "[A-Z][A-Z0-9_]+ =" names "${names}")
list(TRANSFORM names REPLACE "(.*) =" "\"\\1\\\\0\"\n")
string(JOIN "" names ${names})
file(CONFIGURE OUTPUT ${generated}/tflite_operator_names.h CONTENT "${names}" @ONLY NEWLINE_STYLE UNIX)
add_custom_target(wxnn_schemas DEPENDS ${headers})
add_library(wxnn_flatbuffers INTERFACE)
target_include_directories(wxnn_flatbuffers SYSTEM INTERFACE ${generated} ${PROJECT_SOURCE_DIR}/cmake)
add_dependencies(wxnn_flatbuffers wxnn_schemas)
