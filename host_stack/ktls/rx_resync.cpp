#include "host_stack/ktls/rx_resync.h"

#include "protocol/tcp_sequence.h"

namespace tlsnic::host {

using netdev::TlsRxResyncType;

void RxResync::restart() {
  type_ = TlsRxResyncType::driver_req;
  pending_ = collecting_ = false;
  log_ = {};
  next_hint_ = {};
}

void RxResync::tell(ResyncRequest request, std::uint32_t sequence, std::uint16_t length) const {
  if (probes_.probe != nullptr)
    probes_.probe->device_rx_resync_request(connection_, request, sequence, length);
}

void RxResync::resync_request(std::uint32_t sequence) {
  pending_ = true;
  requested_ = sequence;
  tell(ResyncRequest::request, sequence, 0);
}

void RxResync::resync_async_request_start(std::uint32_t sequence, std::uint16_t length) {
  pending_ = collecting_ = true;
  requested_ = sequence;
  range_ = length;
  log_.length = log_.records = 0;
  tell(ResyncRequest::async_start, sequence, length);
}

void RxResync::resync_async_request_end(std::uint32_t sequence) {
  pending_ = true;
  collecting_ = false;
  requested_ = sequence;
  tell(ResyncRequest::async_end, sequence, 0);
}

void RxResync::resync_async_request_cancel() {
  pending_ = collecting_ = false;
  tell(ResyncRequest::async_cancel, 0, 0);
}

std::optional<ResyncAnswer> RxResync::new_record(std::uint32_t sequence, std::size_t record_length,
                                                 std::uint64_t record_number, std::size_t unread) {
  switch (type_) {
    case TlsRxResyncType::driver_req: {
      // Asked about, and answered with, the last header byte.
      const std::uint32_t last_header_byte = sequence + record_header_size - 1;
      if (!pending_ || requested_ != last_header_byte) return std::nullopt;
      pending_ = false;
      return ResyncAnswer{last_header_byte, record_number};
    }
    case TlsRxResyncType::core_next_hint:
      // While more than this record is queued the next header may have passed the device already.
      if (!next_hint_.do_now || unread > record_length) return std::nullopt;
      next_hint_.do_now = false;
      return ResyncAnswer{sequence + static_cast<std::uint32_t>(record_length), record_number + 1};
    case TlsRxResyncType::driver_req_async:
      if (!pending_) return std::nullopt;
      return new_record_async(sequence, record_number);
  }
  return std::nullopt;
}

std::optional<ResyncAnswer> RxResync::new_record_async(std::uint32_t sequence,
                                                       std::uint64_t record_number) {
  if (collecting_) {
    if (log_.records == UINT16_MAX) {
      resync_async_request_cancel();
      return std::nullopt;
    }
    const std::int32_t distance = sequence_distance(sequence, requested_);
    if (distance < 0) return std::nullopt;
    if (distance <= range_ && log_.length < async_log_max) log_.sequence[log_.length++] = sequence;
    ++log_.records;
    return std::nullopt;
  }

  std::optional<ResyncAnswer> answer;
  for (std::uint16_t i = 0; i < log_.length && !answer; ++i) {
    // The i-th header logged is records - i headers before the one seen now.
    if (log_.sequence[i] == requested_)
      answer = {requested_, record_number - static_cast<std::uint64_t>(log_.records - i)};
  }
  log_.length = log_.records = 0;
  if (!answer && requested_ == sequence) answer = {sequence, record_number};
  if (answer) pending_ = false;
  return answer;
}

std::optional<ResyncAnswer> RxResync::record_not_decrypted(std::uint32_t sequence,
                                                           std::size_t record_length,
                                                           std::uint64_t record_number,
                                                           std::size_t unread) {
  if (type_ != TlsRxResyncType::core_next_hint || next_hint_.do_now) return std::nullopt;
  if (next_hint_.reset) {
    next_hint_.reset = false;
    next_hint_.failed = 1;
    next_hint_.target = next_hint_start_interval;
    return std::nullopt;
  }
  if (++next_hint_.failed <= next_hint_.target) return std::nullopt;
  if (next_hint_.target < next_hint_max_interval)
    next_hint_.target *= 2;
  else
    next_hint_.target += next_hint_max_interval;
  if (unread > record_length) {
    next_hint_.do_now = true;
    return std::nullopt;
  }
  return ResyncAnswer{sequence + static_cast<std::uint32_t>(record_length), record_number + 1};
}

}  // namespace tlsnic::host
