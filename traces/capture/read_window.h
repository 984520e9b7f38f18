// A file seen through a window of memory: big reads, no copy per block.
#pragma once

#include <cstdint>
#include <memory>
#include <string>

#include "protocol/bytes.h"
#include "traces/input_file.h"

namespace tlsnic::traces {

class ReadWindow {
 public:
  // Bytes that peek() can show at once.
  static constexpr std::size_t capacity = 1 << 20;

  // `name` is for error texts.
  ReadWindow(BufferedFile file, std::string name);

  // The next `size` bytes (at most `capacity`), fewer only at the end of the file. Valid until the
  // next peek() or skip(). Throws InputError if the system cannot read.
  Bytes peek(std::size_t size);
  // Steps over bytes that were seen with peek().
  void consume(std::size_t size);
  // Steps over any number of bytes; returns how many there were.
  std::uint64_t skip(std::uint64_t size);

  std::uint64_t offset() const { return offset_; }  // of the next byte in the file
  const std::string& name() const { return name_; }

 private:
  void fill();

  std::string name_;
  BufferedFile file_;
  std::unique_ptr<std::uint8_t[]> bytes_;
  std::size_t begin_ = 0;
  std::size_t end_ = 0;
  std::uint64_t offset_ = 0;
};

}  // namespace tlsnic::traces
