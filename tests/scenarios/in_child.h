// SystemC's kernel runs once per process, so a test's world runs in one of its own, and tells what
// came out of it as JSON.
#pragma once

#include <functional>
#include <nlohmann/json.hpp>

namespace tlsnic::testing {

// What body() returns, run in a child process. Throws std::runtime_error if it threw or its process
// died.
nlohmann::json json_from_child(const std::function<nlohmann::ordered_json()>& body);

}  // namespace tlsnic::testing
