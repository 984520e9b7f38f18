// tshark as a judge: what it says about a capture, one line per frame.
#pragma once

#include <string>
#include <vector>

namespace tlsnic::testing {

// False where tshark isn't installed; a test that asks it says so with WARN and ends.
bool have_tshark();

// Lines of `tshark -r path arguments`. Throws std::runtime_error if tshark fails. path and
// arguments go through the shell.
std::vector<std::string> tshark(const std::string& path, const std::string& arguments);

}  // namespace tlsnic::testing
