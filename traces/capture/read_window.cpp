#include "traces/capture/read_window.h"

#include <fmt/format.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <utility>

#include "traces/input_error.h"

namespace tlsnic::traces {

ReadWindow::ReadWindow(BufferedFile file, std::string name)
    : name_(std::move(name)), file_(std::move(file)), bytes_(new std::uint8_t[capacity]) {}

void ReadWindow::fill() {
  std::memmove(bytes_.get(), bytes_.get() + begin_, end_ - begin_);
  end_ -= begin_;
  begin_ = 0;
  end_ += std::fread(bytes_.get() + end_, 1, capacity - end_, file_.file.get());
  if (std::ferror(file_.file.get()) != 0) {
    const std::string reason = std::strerror(errno);
    throw input_error(name_, fmt::format("byte {}", offset_), reason, "a readable file");
  }
}

Bytes ReadWindow::peek(std::size_t size) {
  Expects(size <= capacity);
  if (end_ - begin_ < size) fill();
  return Bytes(bytes_.get() + begin_, std::min(size, end_ - begin_));
}

void ReadWindow::consume(std::size_t size) {
  Expects(size <= end_ - begin_);
  begin_ += size;
  offset_ += size;
}

std::uint64_t ReadWindow::skip(std::uint64_t size) {
  std::uint64_t skipped = 0;
  while (skipped < size) {
    const std::size_t step = peek(std::min<std::uint64_t>(size - skipped, capacity)).size();
    if (step == 0) break;
    consume(step);
    skipped += step;
  }
  return skipped;
}

}  // namespace tlsnic::traces
