#include "host_stack/ktls/record_parser.h"

#include <cerrno>
#include <utility>

namespace tlsnic::host {

int record_size(Bytes bytes, const RecordFormat& format) {
  if (bytes.size() < format.prepend()) return 0;
  const RecordHeader header = read_record_header(bytes.data());
  if (header.length > format.max_length()) return -EMSGSIZE;
  if (header.length < format.min_length()) return -EBADMSG;
  if (header.version != record_header_version) return -EINVAL;
  return static_cast<int>(record_header_size) + header.length;
}

bool RecordParser::parse(const ReceiveQueue& queue) {
  if (stopped_ || length_ != 0 || queue.available() < format_.prepend()) return false;
  std::array<std::uint8_t, record_header_size + 8> start;
  queue.copy(MutableBytes(start).first(format_.prepend()));
  const int size = record_size(Bytes(start).first(format_.prepend()), format_);
  if (size < 0) {
    stop(-size);
    return false;
  }
  length_ = static_cast<std::size_t>(size);
  type_ = start[0];
  return true;
}

void RecordParser::stop(int error) {
  stopped_ = true;
  error_ = error;
}

int RecordParser::take_error() {
  return std::exchange(error_, 0);
}

}  // namespace tlsnic::host
