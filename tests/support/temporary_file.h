// A name for a file that lives as long as a test.
#pragma once

#include <unistd.h>

#include <filesystem>
#include <string>

namespace tlsnic::testing {

class TemporaryFile {
 public:
  // No two processes get the same one; the file need not exist.
  explicit TemporaryFile(const std::string& name)
      : path_((std::filesystem::temp_directory_path() /
               ("tlsnic-" + std::to_string(getpid()) + "-" + name))
                  .string()) {}
  ~TemporaryFile() {
    std::error_code ignored;
    std::filesystem::remove(path_, ignored);
  }
  TemporaryFile(const TemporaryFile&) = delete;
  TemporaryFile& operator=(const TemporaryFile&) = delete;

  const std::string& path() const { return path_; }

 private:
  std::string path_;
};

}  // namespace tlsnic::testing
