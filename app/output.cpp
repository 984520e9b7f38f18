#include "app/output.h"

#include <cerrno>
#include <cstdio>
#include <cstring>
#include <fstream>

#include "observe/output_directory.h"

namespace tlsnic::app {

void write_text(const std::string& path, const std::string& text) {
  if (path == "-") {
    std::fputs(text.c_str(), stdout);
    return;
  }
  std::ofstream out(path, std::ios::binary);
  out << text;
  if (!out.flush())
    throw observe::OutputError(path + ": cannot be written: " + std::strerror(errno));
}

}  // namespace tlsnic::app
