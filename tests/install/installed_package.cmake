# Installs the build below a DESTDIR, moves on to a project that knows only that folder, and runs
# what it builds.
function(run what)
  execute_process(COMMAND ${ARGN} RESULT_VARIABLE status OUTPUT_VARIABLE output
                  ERROR_VARIABLE output)
  if(NOT status EQUAL 0)
    message(FATAL_ERROR "${what}: status ${status}\n${output}")
  endif()
  set(output "${output}" PARENT_SCOPE)
endfunction()

file(REMOVE_RECURSE ${WORK})
set(prefix ${WORK}/destination/opt/tlsnic)
run("install" ${CMAKE_COMMAND} -E env DESTDIR=${WORK}/destination
    ${CMAKE_COMMAND} --install ${BUILD} --prefix /opt/tlsnic)
run("tlsnic --version" ${prefix}/bin/tlsnic --version)
if(NOT output MATCHES "${VERSION}")
  message(FATAL_ERROR "tlsnic --version: ${output}, expected ${VERSION}")
endif()

# Nothing installed may point back to where it was built.
file(GLOB_RECURSE package ${prefix}/*.cmake)
foreach(file IN LISTS package)
  file(READ ${file} text)
  foreach(path ${BUILD} ${WORK})
    string(FIND "${text}" "${path}" found)
    if(NOT found EQUAL -1)
      message(FATAL_ERROR "${file} names ${path}")
    endif()
  endforeach()
endforeach()

run("configure" ${CMAKE_COMMAND} -S ${CONSUMER} -B ${WORK}/consumer -G Ninja
    -D CMAKE_PREFIX_PATH=${prefix} -D CMAKE_CXX_COMPILER=${COMPILER}
    -D CMAKE_CXX_COMPILER_LAUNCHER=${LAUNCHER})
run("build" ${CMAKE_COMMAND} --build ${WORK}/consumer)
run("the consumer's program" ${WORK}/consumer/consumer)
if(NOT output STREQUAL "hello world\n")
  message(FATAL_ERROR "the consumer's program printed:\n${output}")
endif()
