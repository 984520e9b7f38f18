// Scenarios from memory, and their errors.
#pragma once

#include <string>

#include "scenarios/file/scenario_file.h"
#include "traces/input_error.h"

namespace tlsnic::testing {

inline scenarios::Scenario scenario_of(const std::string& text) {
  return scenarios::parse_scenario(text, "x.toml");
}

// The error's line, "no error" if there is none.
inline std::string error_of(const std::string& text) {
  try {
    scenario_of(text);
  } catch (const traces::InputError& error) {
    return error.what();
  }
  return "no error";
}

}  // namespace tlsnic::testing
