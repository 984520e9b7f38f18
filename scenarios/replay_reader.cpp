#include "scenarios/replay_reader.h"

#include <fmt/format.h>

#include <cerrno>
#include <cstring>

#include "traces/tls/key_schedule.h"

namespace tlsnic::scenarios {
namespace {

constexpr std::size_t max_reported_failures = 100;

std::uint64_t now_ps() {
  return sc_core::sc_time_stamp().value();
}

}  // namespace

std::string cut_of(const ReceiveSide& side) {
  const host::ReceiveQueue& queue = side.socket->receive_queue();
  // An ACK that overtook the last data has a sequence number behind the FIN's.
  if (const auto hole = queue.hole(); hole && !queue.fin_reached())
    return fmt::format("cut at byte {}: the hole there is never filled", *hole);
  if (queue.cut())
    return fmt::format("cut at byte {}: too much out of order", queue.rcv_nxt_offset());
  if (side.phase == ReadPhase::records && queue.available() > 0)
    return fmt::format("ends within the record at byte {}", queue.copied_offset());
  return {};
}

ReplayReader::ReplayReader(sc_core::sc_module_name name, host::Host& host,
                           traces::Direction receives, const Parameters& parameters)
    : sc_module(name),
      host_(host),
      receives_(receives),
      parameters_(parameters.reader),
      keys_delay_ns_(parameters.keys_delay_ns) {
  host_.set_data_ready([this](host::Socket& socket) {
    const auto found = connections_.find(&socket);
    if (found != connections_.end()) wake_after(*found->second, parameters_.wakeup_ns);
  });
  host_.set_probe(this);
  SC_HAS_PROCESS(ReplayReader);
  SC_METHOD(run);
  sensitive << wake_event_;
  dont_initialize();
}

ReplayReader::~ReplayReader() {
  host_.set_probe(nullptr);
  host_.set_data_ready({});
}

void ReplayReader::open(Connection& connection, std::uint32_t initial_sequence) {
  ReceiveSide& side = connection.side(receives_);
  const FourTuple received = connection.tuple(receives_);
  if (host::Socket* old = host_.find(received)) {
    // The same addresses and ports again: the older connection is over.
    if (const auto found = connections_.find(old); found != connections_.end()) {
      Connection& before = *found->second;
      if (old->readable() && before.side(receives_).phase != ReadPhase::discarding)
        before.side(receives_).summary.cut =
            fmt::format("cut at byte {}: not read before the ports were used again",
                        old->receive_queue().copied_offset());
      close(before);
    }
  }
  side.socket = &host_.open(received, initial_sequence);
  connections_[side.socket] = &connection;
}

void ReplayReader::reconsider(Connection& connection) {
  const ReceiveSide& side = connection.side(receives_);
  if (side.socket != nullptr && side.socket->readable())
    wake_after(connection, parameters_.wakeup_ns);
}

void ReplayReader::wake_after(Connection& connection, std::uint64_t delay_ns) {
  ReceiveSide& side = connection.side(receives_);
  if (side.wake_scheduled) return;
  side.wake_scheduled = true;
  const std::uint64_t time_ps = now_ps() + delay_ns * 1000;
  wakes_.push({time_ps, order_++, &connection});
  if (wakes_.top().order == order_ - 1)
    wake_event_.notify(sc_core::sc_time::from_value(time_ps - now_ps()));
}

void ReplayReader::run() {
  while (!wakes_.empty() && wakes_.top().time_ps <= now_ps()) {
    Connection& connection = *wakes_.top().connection;
    wakes_.pop();
    connection.side(receives_).wake_scheduled = false;
    read(connection);
  }
  if (!wakes_.empty())
    wake_event_.notify(sc_core::sc_time::from_value(wakes_.top().time_ps - now_ps()));
}

void ReplayReader::read(Connection& connection) {
  ReceiveSide& side = connection.side(receives_);
  bool again = true;
  while (again) {
    switch (side.phase) {
      case ReadPhase::handshake:
        again = read_handshake(connection);
        if (side.phase == ReadPhase::installing) {
          wake_after(connection, keys_delay_ns_);
          return;
        }
        break;
      case ReadPhase::installing:
        again = install_keys(connection);
        break;
      case ReadPhase::records:
        again = read_record(connection);
        if (again && parameters_.pause_ns != 0) {
          wake_after(connection, parameters_.pause_ns);
          return;
        }
        break;
      case ReadPhase::discarding:
        again = discard(connection);
        break;
      case ReadPhase::closed:
        return;
    }
  }
  if (side.socket != nullptr && side.socket->at_end()) close(connection);
}

bool ReplayReader::read_handshake(Connection& connection) {
  ReceiveSide& side = connection.side(receives_);
  const traces::HandshakeFollower& follower = *connection.follower;
  if (follower.obstacle(receives_) != nullptr) {
    side.phase = ReadPhase::discarding;
    return true;
  }
  const traces::EncryptionStart* start = follower.encryption_start(receives_);
  if (start != nullptr && side.bytes_read == start->stream_offset) {
    side.phase = ReadPhase::installing;
    return false;
  }
  std::uint8_t header[record_header_size];
  if (side.socket->peek(header) < sizeof header) return false;
  const std::size_t size = sizeof header + read_record_header(header).length;
  if (side.socket->receive_queue().available() < size) return false;
  // Not past what the handshake is understood of: the keys may change behind it.
  if (start == nullptr && side.bytes_read + size > follower.stream_offset(receives_)) return false;
  std::vector<std::uint8_t> record(size);
  side.bytes_read += side.socket->read(record);
  return true;
}

bool ReplayReader::install_keys(Connection& connection) {
  ReceiveSide& side = connection.side(receives_);
  const traces::EncryptionStart& start = *connection.follower->encryption_start(receives_);
  side.traffic_secret = start.traffic_secret;
  const int error = side.socket->set_tls_rx({start.keys, start.record_number});
  side.phase = error == 0 ? ReadPhase::records : ReadPhase::discarding;
  if (error != 0) {
    side.summary.reason = fmt::format("setsockopt(TLS_RX): {}", std::strerror(error));
    return true;
  }
  side.summary.in_hardware = side.socket->tls_rx()->is_hardware();
  if (side.summary.in_hardware || !host_.netdev().hw_tls_rx) return true;
  side.summary.reason = !is_offloadable(start.keys.cipher) ? "cipher not offloadable: AES-GCM only"
                        : start.keys.version == TlsVersion::tls13
                            ? "TLS 1.3 not offered to the device"
                            : "no room in the device";
  return true;
}

bool ReplayReader::read_record(Connection& connection) {
  ReceiveSide& side = connection.side(receives_);
  const host::ReadResult result = side.socket->read_record();
  if (result.error != 0) {
    failed(connection, result.error);
    return side.phase == ReadPhase::records;
  }
  if (!result.record) return false;
  take(connection, *result.record);
  return side.phase == ReadPhase::records;
}

void ReplayReader::take(Connection& connection, const host::Record& record) {
  ReceiveSide& side = connection.side(receives_);
  observe::RecordCounts& counts = side.summary.records;
  switch (record.info.offload) {
    case host::RecordOffload::entirely:
      ++counts.entirely;
      break;
    case host::RecordOffload::partially:
      ++counts.partially;
      break;
    case host::RecordOffload::not_offloaded:
      ++counts.not_offloaded;
      break;
  }
  if (record.info.type == record_application_data)
    for (const Bytes piece : record.plaintext) side.plaintext->append(piece);
  const bool is_key_update = record.info.type == record_handshake && has_key_update(side, record);
  if (is_key_update || side.socket->tls_rx()->rekey_due())
    set_keys_again(connection, is_key_update);
}

// What a TLS library does with handshake records after the handshake. The stack stops at any record
// that begins like a KeyUpdate and overlooks one that is not first in its record (facts 2.10); the
// library knows where messages begin.
bool ReplayReader::has_key_update(ReceiveSide& side, const host::Record& record) {
  bool found = false;
  for (Bytes piece : record.plaintext)
    while (!piece.empty() &&
           side.post_handshake.next(piece) == traces::MessageReader::Status::message)
      found |= side.post_handshake.type() == traces::handshake_key_update;
  return found;
}

// After a KeyUpdate the next keys (RFC 8446, section 7.2), else the ones in use, to go on with.
void ReplayReader::set_keys_again(Connection& connection, bool is_key_update) {
  ReceiveSide& side = connection.side(receives_);
  const traces::Session& session = connection.follower->session();
  netdev::TlsCryptoInfo keys{side.socket->tls_rx()->keys(), side.socket->tls_rx()->record_number()};
  if (is_key_update && session.version == TlsVersion::tls13) {
    side.traffic_secret = traces::next_traffic_secret(session.digest, side.traffic_secret.view());
    keys = {traces::tls13_keys(session.cipher, session.digest, side.traffic_secret.view()), 0};
  }
  // EBUSY in TLS 1.2, which has no KeyUpdate: the stack stops for good at what looks like one.
  const int error = side.socket->set_tls_rx(keys);
  if (error == 0) return;
  side.summary.cut =
      fmt::format("no key after the KeyUpdate before byte {}: {}",
                  side.socket->receive_queue().copied_offset(), std::strerror(error));
  close(connection);
}

void ReplayReader::failed(Connection& connection, int error) {
  ReceiveSide& side = connection.side(receives_);
  const host::Rx& rx = *side.socket->tls_rx();
  const host::ReceiveQueue& queue = side.socket->receive_queue();
  // A kernel's reader would get EBADMSG for ever; a replay reports the record and goes on.
  if (error == EBADMSG && !rx.stopped()) {
    const observe::FailedRecord record{rx.record_number(), queue.copied_offset()};
    if (side.socket->skip_record()) {
      ++side.summary.records.failed;
      if (side.summary.failed_records.size() < max_reported_failures)
        side.summary.failed_records.push_back(record);
      return;
    }
  }
  side.summary.cut =
      fmt::format("unreadable at byte {}: {}", queue.copied_offset(), std::strerror(error));
  close(connection);
}

bool ReplayReader::discard(Connection& connection) {
  std::uint8_t scratch[4096];
  ReceiveSide& side = connection.side(receives_);
  return side.socket->read(scratch) != 0;
}

void ReplayReader::close(Connection& connection) {
  ReceiveSide& side = connection.side(receives_);
  if (side.phase == ReadPhase::closed) return;
  if (side.summary.cut.empty()) side.summary.cut = cut_of(side);
  side.phase = ReadPhase::closed;
  connections_.erase(side.socket);
  host_.close(connection.tuple(receives_));
  side.socket = nullptr;
}

void ReplayReader::device_rx_resync_send(const netdev::TlsConnection& connection, std::uint32_t,
                                         std::uint64_t, int) {
  const auto found = connections_.find(host_.find(connection.received));
  if (found != connections_.end()) ++found->second->side(receives_).summary.resyncs;
}

}  // namespace tlsnic::scenarios
