#include "traces/input_file.h"

#include <sys/stat.h>

#include <cerrno>
#include <cstring>
#include <utility>

#include "traces/input_error.h"

namespace tlsnic::traces {

File open_input(const std::string& path, std::string_view expected) {
  File file(std::fopen(path.c_str(), "rbe"));
  if (!file) throw input_error(path, "open", std::strerror(errno), expected);
  struct stat status {};
  // Opening a directory succeeds; only reading it fails.
  if (fstat(fileno(file.get()), &status) == 0 && S_ISDIR(status.st_mode))
    throw input_error(path, "open", "a directory", expected);
  return file;
}

BufferedFile with_buffer(File file, std::size_t size) {
  BufferedFile buffered{std::unique_ptr<char[]>(new char[size]), std::move(file)};
  std::setvbuf(buffered.file.get(), buffered.buffer.get(), _IOFBF, size);
  return buffered;
}

File open_output(const std::string& path) {
  File file(std::fopen(path.c_str(), "wbe"));
  if (!file) throw input_error(path, "open", std::strerror(errno), "a file to write to");
  return file;
}

}  // namespace tlsnic::traces
