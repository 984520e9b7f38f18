#include "tests/host_stack/syscalls/fuzz/sent_stream.h"

#include <algorithm>

namespace tlsnic::host::test {

const std::uint8_t* SentStream::next(std::size_t size) {
  while (content_.size() < sent_ + size) {
    const std::size_t at = content_.size();
    const auto byte = static_cast<std::uint8_t>(at * 167 + (at >> 8) * 13 + 1);
    content_.push_back(byte == 24 ? 0 : byte);  // nothing is a KeyUpdate by chance
  }
  return content_.data() + sent_;
}

void SentStream::set_first(std::uint8_t byte) {
  next(1);
  content_[sent_] = byte;
}

void SentStream::append(std::size_t size, std::uint8_t type, std::size_t record_size) {
  next(size);
  sent_ += size;
  while (size > 0) {
    const std::size_t step = std::min(size, record_size);
    if (type == data_type && !runs_.empty() && runs_.back().type == data_type)
      runs_.back().size += step;
    else
      runs_.push_back({type, step});
    size -= step;
  }
}

bool SentStream::takes(std::size_t size, const std::uint8_t* bytes,
                       std::optional<std::uint8_t> type, bool stays) {
  if (size == 0) return true;
  if (runs_.empty() || size > runs_.front().size) return false;
  Run& run = runs_.front();
  if (type && *type != run.type) return false;
  const auto at = content_.begin() + static_cast<std::ptrdiff_t>(read_);
  if (bytes != nullptr && !std::equal(bytes, bytes + size, at)) return false;
  if (stays) return true;
  last_type_ = run.type;
  read_ += size;
  run.size -= size;
  if (run.size == 0) runs_.pop_front();
  return true;
}

}  // namespace tlsnic::host::test
