#include "observe/output_directory.h"

#include <cerrno>
#include <cstring>
#include <system_error>

namespace tlsnic::observe {
namespace fs = std::filesystem;

OutputDirectory::OutputDirectory(const fs::path& path)
    : target_(path), partial_(path / ".partial") {
  std::error_code error;
  for (fs::path folder = fs::absolute(path, error);
       !fs::exists(folder, error) && folder.has_relative_path(); folder = folder.parent_path())
    created_.push_back(folder);
  fs::remove_all(partial_, error);
  fs::create_directories(partial_, error);
  if (!error) return;
  remove_created();
  throw OutputError(path.string() + ": cannot be created: " + error.message());
}

OutputDirectory::~OutputDirectory() {
  std::error_code ignored;
  fs::remove_all(partial_, ignored);
  if (!committed_) remove_created();
}

void OutputDirectory::remove_created() const {
  std::error_code ignored;
  for (const fs::path& folder : created_) fs::remove(folder, ignored);  // if empty
}

fs::path OutputDirectory::file(const std::string& name) const {
  const fs::path path = partial_ / name;
  std::error_code ignored;  // opening the file will tell
  fs::create_directories(path.parent_path(), ignored);
  return path;
}

std::FILE* OutputDirectory::open(const std::string& name) const {
  std::FILE* out = std::fopen(file(name).c_str(), "wb");
  if (out == nullptr)
    throw OutputError((target_ / name).string() + ": cannot be written: " + std::strerror(errno));
  return out;
}

void OutputDirectory::commit() {
  try {
    for (const auto& entry : fs::directory_iterator(partial_)) {
      const fs::path to = target_ / entry.path().filename();
      fs::remove_all(to);
      fs::rename(entry.path(), to);
    }
  } catch (const fs::filesystem_error& error) {
    throw OutputError(target_.string() + ": cannot be written: " + error.code().message());
  }
  committed_ = true;
}

}  // namespace tlsnic::observe
