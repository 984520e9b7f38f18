# How everything is compiled. SystemC 2.3.4 of Debian is built as C++17 and checks that at link time.
set(CMAKE_CXX_STANDARD 17)
set(CMAKE_CXX_STANDARD_REQUIRED ON)
set(CMAKE_CXX_EXTENSIONS OFF)
set(CMAKE_C_STANDARD 11)
set(CMAKE_EXPORT_COMPILE_COMMANDS ON)

option(TLSNIC_TESTS "Build the tests" ON)
option(TLSNIC_EXAMPLES "Build the examples, and run them as tests" ${TLSNIC_TESTS})
option(TLSNIC_BENCH "Build the benchmarks" OFF)
option(TLSNIC_FUZZ "Build the fuzz targets with libFuzzer (clang)" OFF)
option(TLSNIC_IPSEC_MB "Use intel-ipsec-mb for the chip's AEAD where the machine has it" ON)
set(TLSNIC_SANITIZE "" CACHE STRING "Sanitizers, as for -fsanitize=")

if(NOT CMAKE_BUILD_TYPE)
  set(CMAKE_BUILD_TYPE RelWithDebInfo)
endif()
set(CMAKE_CXX_FLAGS_RELWITHDEBINFO "-O2 -g1")

add_compile_options(-Wall -Wextra -Wshadow -Wconversion -Wno-sign-conversion)
if(CMAKE_CXX_COMPILER_ID STREQUAL "GNU")
  add_compile_options(-fno-semantic-interposition)
endif()
if(TLSNIC_SANITIZE)
  add_compile_options(-fsanitize=${TLSNIC_SANITIZE} -fno-omit-frame-pointer -fno-sanitize-recover=all)
  add_link_options(-fsanitize=${TLSNIC_SANITIZE})
endif()

find_program(CCACHE ccache)
if(CCACHE)
  set(CMAKE_CXX_COMPILER_LAUNCHER ${CCACHE})
endif()

# tlsnic_library(NAME SOURCES a.cpp ... LINKS other ...): a static library of one folder.
function(tlsnic_library name)
  cmake_parse_arguments(ARG "" "" "SOURCES;LINKS" ${ARGN})
  add_library(${name} STATIC ${ARG_SOURCES})
  target_include_directories(${name} PUBLIC $<BUILD_INTERFACE:${CMAKE_SOURCE_DIR}>
                                            $<INSTALL_INTERFACE:include/tlsnic>)
  target_link_libraries(${name} PUBLIC ${ARG_LINKS})
  if(TLSNIC_SANITIZE)
    # Who links against a sanitized library needs the sanitizers, too.
    target_compile_options(${name} INTERFACE $<INSTALL_INTERFACE:-fsanitize=${TLSNIC_SANITIZE}>)
    target_link_options(${name} INTERFACE $<INSTALL_INTERFACE:-fsanitize=${TLSNIC_SANITIZE}>)
  endif()
  set_property(GLOBAL APPEND PROPERTY TLSNIC_LIBRARIES ${name})
endfunction()
