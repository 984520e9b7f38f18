#include "tests/host_stack/ktls/receive_world.h"

#include <algorithm>
#include <stdexcept>

#include "protocol/checksum.h"

namespace tlsnic::host::test {
namespace {

constexpr std::uint32_t first_sequence = 7001;  // of the server in TwoHosts

}  // namespace

TrafficKeys receive_keys(RxMode mode, std::uint8_t seed) {
  TrafficKeys keys;
  keys.version = is_tls13(mode) ? TlsVersion::tls13 : TlsVersion::tls12;
  keys.key.fill(seed);
  for (std::size_t i = 0; i < (is_tls13(mode) ? 12 : 4); ++i)
    keys.iv[i] = static_cast<std::uint8_t>(seed + i);
  return keys;
}

Received receive(TcpSocket& socket, std::size_t size, ReceiveFlags flags) {
  Received out;
  out.text.resize(size);
  const iovec buffer{out.text.data(), size};
  ReceiveCall call;
  call.buffers = gsl::span<const iovec>(&buffer, 1);
  call.peek = flags.peek;
  call.wait_all = flags.wait_all;
  call.low_water = flags.low_water;
  call.has_control_buffer = flags.control;
  call.may_wait = flags.may_wait;
  out.is_over = socket.receive(call);
  out.error = call.copied > 0 ? 0 : call.error;
  out.text.resize(call.copied);
  if (call.record_type) out.type = *call.record_type;
  out.end_of_record = call.end_of_record;
  out.control_truncated = call.control_truncated;
  return out;
}

ReceiveWorld::ReceiveWorld(RxMode mode, HostSettings settings)
    : hosts(settings), mode_(mode), aead_(std::make_unique<RecordAead>(receive_keys(mode))) {
  hosts.connect();
  if (hosts.at_server == nullptr) throw std::runtime_error("no connection");
  hosts.client.netdev().hw_tls_rx = mode == RxMode::hw12 || mode == RxMode::hw13;
  hosts.client.netdev().tlsdev_ops = this;
  hosts.device = [this](bool to_client, netdev::SkBuff& skb) {
    if (to_client) decrypt(skb);
  };
}

int ReceiveWorld::set_keys(std::uint8_t seed, std::uint64_t record_number) {
  return reader().set_tls_rx({receive_keys(mode_, seed), record_number});
}

int ReceiveWorld::tls_dev_add(netdev::TlsConnection&, netdev::TlsDirection,
                              const netdev::TlsCryptoInfo&, std::uint32_t) {
  ++installed;
  return 0;
}

void ReceiveWorld::decrypt(netdev::SkBuff& skb) const {
  const ParsedFrame parsed = parse_frame(skb.frame());
  if (installed == 0 || parsed.payload_length == 0) return;
  const std::size_t start = parsed.sequence - first_sequence;
  if (start + parsed.payload_length > image_.size() || (marks && !marks(start))) return;
  std::copy_n(image_.begin() + static_cast<std::ptrdiff_t>(start), parsed.payload_length,
              skb.buffer.data() + parsed.payload_offset);
  skb.decrypted = true;
  skb.checksum_verified = true;
}

void ReceiveWorld::add_record(std::uint8_t type, const std::string& text, std::size_t padding) {
  const RecordFormat& format = aead_->format();
  const std::size_t inner = text.size() + (format.is_tls13 ? 1 + padding : 0);
  std::vector<std::uint8_t> record(format.prepend() + inner + aead_tag_size);
  record[0] = format.is_tls13 ? record_application_data : type;
  store_be16(record.data() + 1, record_header_version);
  store_be16(record.data() + 3, static_cast<std::uint16_t>(record.size() - record_header_size));
  if (format.explicit_nonce != 0) store_be64(record.data() + record_header_size, 900 + number_);
  std::copy(text.begin(), text.end(),
            record.begin() + static_cast<std::ptrdiff_t>(format.prepend()));
  if (format.is_tls13) record[format.prepend() + text.size()] = type;
  image_.insert(image_.end(), record.begin(), record.end());
  aead_->seal(record, number_++);
  std::copy(record.end() - aead_tag_size, record.end(), image_.end() - aead_tag_size);
  wire_.insert(wire_.end(), record.begin(), record.end());
}

void ReceiveWorld::add_bytes(const std::vector<std::uint8_t>& bytes) {
  wire_.insert(wire_.end(), bytes.begin(), bytes.end());
  image_.insert(image_.end(), bytes.begin(), bytes.end());
}

void ReceiveWorld::spoil_last() {
  wire_.back() ^= 1;
  image_.back() ^= 1;
}

void ReceiveWorld::change_keys(std::uint8_t seed) {
  aead_ = std::make_unique<RecordAead>(receive_keys(mode_, seed));
  number_ = 0;
}

void ReceiveWorld::send(std::size_t bytes) {
  const std::size_t size = std::min(bytes, wire_.size() - sent_);
  const Bytes next = Bytes(wire_).subspan(sent_, size);
  sent_ += size;
  if (hosts.at_server->send(next).taken != size) throw std::runtime_error("send buffer is full");
  hosts.run();
}

void ReceiveWorld::send_end() {
  hosts.at_server->shutdown();
  hosts.run();
}

void ReceiveWorld::send_data(std::initializer_list<const char*> texts) {
  for (const char* text : texts) add_data(text);
  send();
}

}  // namespace tlsnic::host::test
