// The application data of each direction: hashed, and written to a file if there is a directory.
#pragma once

#include <cstdint>
#include <cstdio>
#include <list>
#include <optional>
#include <string>
#include <unordered_map>

#include "observe/output_directory.h"
#include "protocol/sha256.h"

namespace tlsnic::observe {

// Keeps at most a few files open, however many directions there are.
class PlaintextFiles {
 public:
  static constexpr std::size_t max_open = 64;

  // directory: null for none; outlives this.
  explicit PlaintextFiles(const OutputDirectory* directory) : directory_(directory) {}
  ~PlaintextFiles();
  PlaintextFiles(const PlaintextFiles&) = delete;
  PlaintextFiles& operator=(const PlaintextFiles&) = delete;

  bool enabled() const { return directory_ != nullptr; }
  // Throws OutputError.
  void append(const std::string& name, Bytes bytes);
  void close(const std::string& name);

 private:
  struct Open {
    std::FILE* file;
    std::list<std::string>::iterator place;
  };
  const OutputDirectory* directory_;
  std::unordered_map<std::string, Open> open_;
  std::list<std::string> recently_used_;  // most recent first
};

// One direction of one connection.
class PlaintextSink {
 public:
  // name: "plaintext/stream-0.client.bin". hash: whether a SHA-256 is wanted.
  PlaintextSink(PlaintextFiles& files, std::string name, bool hash);

  void append(Bytes bytes);
  std::uint64_t size() const { return size_; }
  // Ends the direction: the SHA-256 in hexadecimal, empty if not wanted. The file exists then, even
  // if empty.
  std::string finish();

 private:
  PlaintextFiles& files_;
  std::string name_;
  std::uint64_t size_ = 0;
  std::optional<Sha256> digest_;
};

}  // namespace tlsnic::observe
