// The directory that a run leaves: complete, or not there at all.
#pragma once

#include <filesystem>
#include <stdexcept>
#include <string>
#include <vector>

namespace tlsnic::observe {

// A file or directory that cannot be written; what() is one line for the user.
class OutputError : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

class OutputDirectory {
 public:
  // Nothing is seen at `path` before commit(). Throws OutputError if it cannot be created.
  explicit OutputDirectory(const std::filesystem::path& path);
  // Without commit(), removes what was written.
  ~OutputDirectory();
  OutputDirectory(const OutputDirectory&) = delete;
  OutputDirectory& operator=(const OutputDirectory&) = delete;

  // Where to write a file of this name meanwhile; "plaintext/x.bin" makes the folder.
  std::filesystem::path file(const std::string& name) const;
  // Opens such a file for writing; throws OutputError.
  std::FILE* open(const std::string& name) const;
  // Moves everything to its place; what had the same name there is replaced.
  void commit();

 private:
  void remove_created() const;

  std::filesystem::path target_;
  std::filesystem::path partial_;
  std::vector<std::filesystem::path> created_;  // folders that were not there before, inmost first
  bool committed_ = false;
};

}  // namespace tlsnic::observe
