#include "tests/support/tshark.h"

#include <array>
#include <cstdio>
#include <cstdlib>
#include <stdexcept>

namespace tlsnic::testing {

bool have_tshark() {
  return std::system("command -v tshark >/dev/null") == 0;
}

std::vector<std::string> tshark(const std::string& path, const std::string& arguments) {
  const std::string command = "tshark -r '" + path + "' " + arguments + " 2>/dev/null";
  std::FILE* out = popen(command.c_str(), "r");
  if (out == nullptr) throw std::runtime_error(command + ": cannot be started");
  std::string text;
  std::array<char, 65536> chunk;
  while (const std::size_t size = std::fread(chunk.data(), 1, chunk.size(), out))
    text.append(chunk.data(), size);
  if (pclose(out) != 0) throw std::runtime_error(command + ": failed");

  std::vector<std::string> lines;
  std::size_t at = 0;
  for (std::size_t end; (end = text.find('\n', at)) != std::string::npos; at = end + 1)
    lines.push_back(text.substr(at, end - at));
  return lines;
}

}  // namespace tlsnic::testing
