// Writing what the user asked for to where the user said.
#pragma once

#include <string>

namespace tlsnic::app {

// "-": standard output. Throws observe::OutputError.
void write_text(const std::string& path, const std::string& text);

}  // namespace tlsnic::app
