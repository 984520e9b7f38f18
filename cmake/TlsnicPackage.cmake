# What find_package(tlsnic) gives (docs/library.md), in the build tree under the same names.
include(GNUInstallDirs)
include(CMakePackageConfigHelpers)

# tlsnic_public(NAME LINKS ...): the target tlsnic::NAME.
function(tlsnic_public name)
  cmake_parse_arguments(ARG "" "" "LINKS" ${ARGN})
  add_library(tlsnic_public_${name} INTERFACE)
  target_link_libraries(tlsnic_public_${name} INTERFACE ${ARG_LINKS})
  set_target_properties(tlsnic_public_${name} PROPERTIES EXPORT_NAME ${name})
  add_library(tlsnic::${name} ALIAS tlsnic_public_${name})
  set_property(GLOBAL APPEND PROPERTY TLSNIC_LIBRARIES tlsnic_public_${name})
endfunction()

tlsnic_public(model LINKS tlsnic_hw_model)
tlsnic_public(stack
  LINKS tlsnic_driver_shim tlsnic_host_application tlsnic_host_openssl tlsnic_host_stack)
tlsnic_public(tlsnic
  LINKS tlsnic_public_model tlsnic_public_stack tlsnic_scenarios tlsnic_world)

get_property(libraries GLOBAL PROPERTY TLSNIC_LIBRARIES)
install(TARGETS ${libraries} EXPORT tlsnicTargets
        ARCHIVE DESTINATION ${CMAKE_INSTALL_LIBDIR}/tlsnic)
install(TARGETS tlsnic RUNTIME DESTINATION ${CMAKE_INSTALL_BINDIR})
# Includes begin at the root of the repository: include/tlsnic is that root.
install(DIRECTORY protocol hw_model host_stack driver_shim traces observe scenarios
        DESTINATION include/tlsnic FILES_MATCHING PATTERN "*.h")

set(package_dir ${CMAKE_INSTALL_LIBDIR}/cmake/tlsnic)
install(EXPORT tlsnicTargets NAMESPACE tlsnic:: DESTINATION ${package_dir})
configure_package_config_file(${CMAKE_CURRENT_LIST_DIR}/tlsnicConfig.cmake.in tlsnicConfig.cmake
                              INSTALL_DESTINATION ${package_dir}
                              NO_SET_AND_CHECK_MACRO)
write_basic_package_version_file(tlsnicConfigVersion.cmake COMPATIBILITY SameMajorVersion)
install(FILES ${CMAKE_CURRENT_BINARY_DIR}/tlsnicConfig.cmake
              ${CMAKE_CURRENT_BINARY_DIR}/tlsnicConfigVersion.cmake
        DESTINATION ${package_dir})
