// What the mutated sources ask: is this the run of that bug? One bug at a time, by the environment
// variable TLSNIC_BUG; without it nothing is wrong.
#pragma once

#include <cstdlib>
#include <cstring>

inline bool tlsnic_wrong(const char* bug) {
  static const char* const wanted = std::getenv("TLSNIC_BUG");
  return wanted != nullptr && std::strcmp(wanted, bug) == 0;
}
