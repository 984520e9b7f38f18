// Record delineation (facts 2.8 and 3; the kernel's net/tls/tls_strp.c).
#pragma once

#include <cstddef>
#include <cstdint>

#include "host_stack/tcp/receive_queue.h"
#include "protocol/tls_record.h"

namespace tlsnic::host {

// Bytes of the whole record that starts with `bytes`; 0: more bytes are needed, namely
// format.prepend(); negative: -EMSGSIZE (too long), -EBADMSG (too short) or -EINVAL (version bytes
// other than 03 03), checked in this order.
int record_size(Bytes bytes, const RecordFormat& format);

// Knows one record at a time: the next header is looked at only after release(). Unlike the kernel
// it never copies a record out of the queue before it is read; what can be seen of that ("copy
// mode") is Rx::relieve().
class RecordParser {
 public:
  explicit RecordParser(const RecordFormat& format) : format_(format) {}

  // Looks at the record at the front of the queue. True when its header was accepted just now.
  bool parse(const ReceiveQueue& queue);

  // The accepted header's record is complete.
  bool ready(const ReceiveQueue& queue) const {
    return length_ != 0 && queue.available() >= length_;
  }
  std::size_t record_length() const { return length_; }  // whole record; 0: no header accepted
  std::uint8_t record_type() const { return type_; }     // outer content type
  // The record was consumed from the queue.
  void release() { length_ = 0; }

  // Ends delineation for good. error: errno.
  void stop(int error);
  bool stopped() const { return stopped_; }
  bool error_pending() const { return error_ != 0; }
  int error() const { return error_; }
  // What stopped the parser, once (sk_err); 0 from then on.
  int take_error();

 private:
  RecordFormat format_;
  std::size_t length_ = 0;
  std::uint8_t type_ = 0;
  bool stopped_ = false;
  int error_ = 0;
};

}  // namespace tlsnic::host
