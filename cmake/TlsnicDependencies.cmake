# Debian 12 packages, all of them; docs/dependencies.md says why each one.
find_package(PkgConfig REQUIRED)
find_package(OpenSSL 3.0 REQUIRED)
find_package(Microsoft.GSL REQUIRED)
find_package(fmt REQUIRED)
find_package(nlohmann_json REQUIRED)
find_package(CLI11 REQUIRED)
pkg_check_modules(PCAP REQUIRED IMPORTED_TARGET libpcap)
# Headers only (scenarios/file/toml.cpp says so to the compiler); the library is not linked.
pkg_check_modules(TOMLPLUSPLUS REQUIRED tomlplusplus)
pkg_check_modules(SYSTEMC REQUIRED IMPORTED_TARGET systemc>=2.3.4)

find_library(IPSEC_MB_LIBRARY IPSec_MB)
if(TLSNIC_IPSEC_MB AND IPSEC_MB_LIBRARY)
  set(TLSNIC_HAVE_IPSEC_MB ON)
  # A target, so that an installed tlsnic names no path of the machine that it was built on.
  add_library(IPSec_MB::IPSec_MB UNKNOWN IMPORTED)
  set_target_properties(IPSec_MB::IPSec_MB PROPERTIES IMPORTED_LOCATION ${IPSEC_MB_LIBRARY})
else()
  set(TLSNIC_HAVE_IPSEC_MB OFF)
endif()

# SystemC and TLM headers are not written for our warnings: they count as system headers.
add_library(tlsnic_systemc INTERFACE)
target_link_libraries(tlsnic_systemc INTERFACE PkgConfig::SYSTEMC)
target_compile_definitions(tlsnic_systemc INTERFACE SC_INCLUDE_DYNAMIC_PROCESSES)
target_compile_features(tlsnic_systemc INTERFACE cxx_std_17)
set_property(GLOBAL APPEND PROPERTY TLSNIC_LIBRARIES tlsnic_systemc)
