# cmake -D PROGRAM=... -D EXPECTED=file -P compare_output.cmake: fails if the program does, or prints
# anything else than what is in the file.
execute_process(COMMAND ${PROGRAM} OUTPUT_VARIABLE found ERROR_VARIABLE found
                RESULT_VARIABLE status)
file(READ ${EXPECTED} expected)
if(NOT status EQUAL 0)
  message(FATAL_ERROR "${PROGRAM}: status ${status}, it printed:\n${found}")
endif()
if(NOT found STREQUAL expected)
  message(FATAL_ERROR "${PROGRAM} printed:\n${found}\nexpected (${EXPECTED}):\n${expected}")
endif()
