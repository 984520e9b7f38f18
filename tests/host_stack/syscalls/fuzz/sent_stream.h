// What one side has sent, and how much of it the other has read: whatever calls they used, it is
// the same bytes in the same order, and a control record is never joined with anything (facts 2.7).
#pragma once

#include <cstdint>
#include <deque>
#include <optional>
#include <vector>

#include "protocol/bytes.h"

namespace tlsnic::host::test {

class SentStream {
 public:
  // The next bytes that a call may send; the same until sent() says how many went.
  const std::uint8_t* next(std::size_t size);
  // `size` of them, data, were taken.
  void sent(std::size_t size) { append(size, data_type, size); }
  // ... in control records of at most max_payload bytes.
  void sent_control(std::size_t size, std::uint8_t type, std::size_t max_payload) {
    append(size, type, type == data_type ? size : max_payload);
  }
  // The first byte of what comes next: 24 makes a handshake record a KeyUpdate.
  void set_first(std::uint8_t byte);

  // Whether the reader may get these bytes now. type: of its control message, if there was one.
  // stays: it was a peek. Without `bytes` only their number counts.
  bool takes(std::size_t size, const std::uint8_t* bytes, std::optional<std::uint8_t> type,
             bool stays);
  std::size_t unread() const { return sent_ - read_; }
  std::uint8_t last_type() const { return last_type_; }  // of the record read last

 private:
  static constexpr std::uint8_t data_type = 23;
  struct Run {
    std::uint8_t type;
    std::size_t size;  // unread bytes: of a control record, or of any number of data records
  };

  void append(std::size_t size, std::uint8_t type, std::size_t record_size);

  std::vector<std::uint8_t> content_;
  std::size_t sent_ = 0;
  std::size_t read_ = 0;
  std::deque<Run> runs_;
  std::uint8_t last_type_ = data_type;
};

}  // namespace tlsnic::host::test
