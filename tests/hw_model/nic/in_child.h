// SystemC's kernel elaborates and runs once per process, so every test that needs a world runs it
// in a forked child. Assertions in there count as the test's own.
#pragma once

#include <cstdint>
#include <functional>

namespace tlsnic::testing {

// Runs body in a child and checks that it ended without a failed assertion, an exception, a crash,
// or the time limit (of the host's clock: a chip that hangs does not hang the tests).
void in_child(const std::function<void()>& body, unsigned limit_seconds = 60);

// The same for a body that makes a number, such as a hash of all it saw, to compare runs by.
std::uint64_t number_from_child(const std::function<std::uint64_t()>& body);

}  // namespace tlsnic::testing
