#include "observe/plaintext.h"

#include <cerrno>
#include <cstring>

namespace tlsnic::observe {

PlaintextFiles::~PlaintextFiles() {
  for (auto& [name, open] : open_) std::fclose(open.file);
}

void PlaintextFiles::append(const std::string& name, Bytes bytes) {
  const auto fail = [&name] {
    throw OutputError(name + ": cannot be written: " + std::strerror(errno));
  };
  auto found = open_.find(name);
  if (found == open_.end()) {
    if (open_.size() >= max_open) close(std::string(recently_used_.back()));
    std::FILE* file = std::fopen(directory_->file(name).c_str(), "ab");
    if (file == nullptr) fail();
    recently_used_.push_front(name);
    found = open_.emplace(name, Open{file, recently_used_.begin()}).first;
  } else {
    recently_used_.splice(recently_used_.begin(), recently_used_, found->second.place);
  }
  if (!bytes.empty() &&
      std::fwrite(bytes.data(), 1, bytes.size(), found->second.file) != bytes.size())
    fail();
}

void PlaintextFiles::close(const std::string& name) {
  const auto found = open_.find(name);
  if (found == open_.end()) return;
  const bool written = std::fclose(found->second.file) == 0;
  recently_used_.erase(found->second.place);
  open_.erase(found);
  if (!written) throw OutputError(name + ": cannot be written: " + std::strerror(errno));
}

PlaintextSink::PlaintextSink(PlaintextFiles& files, std::string name, bool hash)
    : files_(files), name_(std::move(name)) {
  if (hash) digest_.emplace();
}

void PlaintextSink::append(Bytes bytes) {
  size_ += bytes.size();
  if (digest_) digest_->update(bytes);
  if (files_.enabled()) files_.append(name_, bytes);
}

std::string PlaintextSink::finish() {
  if (files_.enabled()) {
    files_.append(name_, {});
    files_.close(name_);
  }
  return digest_ ? digest_->finish() : std::string();
}

}  // namespace tlsnic::observe
