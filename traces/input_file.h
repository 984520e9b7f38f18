// Opening the files that a user names.
#pragma once

#include <cstdio>
#include <memory>
#include <string>
#include <string_view>

namespace tlsnic::traces {

struct FileCloser {
  void operator()(std::FILE* file) const { std::fclose(file); }
};
using File = std::unique_ptr<std::FILE, FileCloser>;

// Opens `path` for reading, pipes included. `expected` says in the error text what the file should
// be ("a capture"). Throws InputError with the system's reason, or for a directory.
File open_input(const std::string& path, std::string_view expected);

// A file with a stdio buffer of its own, which must outlive it.
struct BufferedFile {
  std::unique_ptr<char[]> buffer;
  File file;
};

// For a file that nothing was read from yet.
BufferedFile with_buffer(File file, std::size_t size);

// Creates or overwrites `path`. Throws InputError with the system's reason.
File open_output(const std::string& path);

}  // namespace tlsnic::traces
