#include "tests/host_stack/fake_nic.h"

#include <algorithm>
#include <stdexcept>
#include <string>

#include "protocol/checksum.h"

namespace tlsnic::host::test {

FourTuple test_tuple() {
  FourTuple tuple;
  tuple.source.address.bytes = {10, 0, 0, 1};
  tuple.source.port = 443;
  tuple.destination.address.bytes = {10, 0, 0, 2};
  tuple.destination.port = 50000;
  return tuple;
}

TrafficKeys test_keys(TlsVersion version, TlsCipher cipher, std::uint8_t seed) {
  TrafficKeys keys;
  keys.version = version;
  keys.cipher = cipher;
  for (std::size_t i = 0; i < keys.key.size(); ++i)
    keys.key[i] = static_cast<std::uint8_t>(seed * 7 + i);
  const std::size_t iv_size =
      version == TlsVersion::tls12 && cipher != TlsCipher::chacha20_poly1305 ? 4 : 12;
  for (std::size_t i = 0; i < iv_size; ++i) keys.iv[i] = static_cast<std::uint8_t>(seed * 13 + i);
  return keys;
}

netdev::SkBuff frame(const FourTuple& tuple, std::uint32_t sequence, Bytes payload,
                     std::uint8_t flags, bool marked) {
  constexpr std::size_t headers = 14 + 20 + 20;
  netdev::SkBuff skb;
  skb.length = static_cast<std::uint32_t>(headers + payload.size());
  skb.buffer = netdev::PacketBuffer(skb.length);
  skb.decrypted = marked;
  std::uint8_t* bytes = skb.buffer.data();
  store_be16(bytes + 12, 0x0800);
  bytes[14] = 0x45;
  store_be16(bytes + 16, static_cast<std::uint16_t>(40 + payload.size()));
  bytes[22] = 64;
  bytes[23] = 6;
  std::memcpy(bytes + 26, tuple.source.address.bytes.data(), 4);
  std::memcpy(bytes + 30, tuple.destination.address.bytes.data(), 4);
  store_be16(bytes + 34, tuple.source.port);
  store_be16(bytes + 36, tuple.destination.port);
  store_be32(bytes + 38, sequence);
  bytes[46] = 0x50;
  bytes[47] = flags;
  if (!payload.empty()) std::memcpy(bytes + headers, payload.data(), payload.size());
  repair_checksums(skb.frame(), parse_frame(skb.frame()));
  return skb;
}

std::size_t Peer::send_record(std::uint8_t type, Bytes text, std::size_t padding) {
  const RecordFormat& format = aead_.format();
  const std::size_t start = wire.size();
  const std::size_t inner = text.size() + (format.is_tls13 ? 1 + padding : 0);
  const std::size_t size = format.prepend() + inner + aead_tag_size;
  starts.push_back(start);
  plaintext.insert(plaintext.end(), text.begin(), text.end());

  std::vector<std::uint8_t> record(size);
  record[0] = format.is_tls13 ? record_application_data : type;
  store_be16(record.data() + 1, record_header_version);
  store_be16(record.data() + 3, static_cast<std::uint16_t>(size - record_header_size));
  // The explicit nonce need not be the record number: the kernel's is not (facts 2.3).
  if (format.explicit_nonce != 0) store_be64(record.data() + 5, number_ * 3 + 77);
  if (!text.empty()) std::memcpy(record.data() + format.prepend(), text.data(), text.size());
  if (format.is_tls13) record[format.prepend() + text.size()] = type;
  std::vector<std::uint8_t> decrypted = record;
  aead_.seal(record, number_);
  if (device_aead_ != nullptr)
    device_aead_->apply_key_stream(record, device_number_++,
                                   MutableBytes(decrypted).subspan(format.prepend(), inner));
  std::copy(record.end() - aead_tag_size, record.end(), decrypted.end() - aead_tag_size);
  wire.insert(wire.end(), record.begin(), record.end());
  device.insert(device.end(), decrypted.begin(), decrypted.end());
  ++number_;
  return start;
}

std::size_t Peer::send_data(std::size_t length) {
  std::vector<std::uint8_t> text(length);
  for (std::size_t i = 0; i < length; ++i)
    text[i] = static_cast<std::uint8_t>(number_ * 31 + i + (i >> 8));
  return send_record(record_application_data, text);
}

void Peer::change_keys(const TrafficKeys& keys) {
  if (device_aead_ == nullptr) {
    device_aead_ = std::make_unique<RecordAead>(aead_.keys());
    device_number_ = number_;
  }
  aead_ = RecordAead(keys);
  number_ = 0;
}

netdev::SkBuff Peer::segment(std::uint32_t first_sequence, std::size_t start, std::size_t end,
                             bool marked) const {
  const Bytes bytes = marked ? device : wire;
  return frame(test_tuple(), first_sequence + static_cast<std::uint32_t>(start),
               bytes.subspan(start, end - start), tcp_ack, marked);
}

int FakeDriver::tls_dev_add(netdev::TlsConnection& added_connection, netdev::TlsDirection,
                            const netdev::TlsCryptoInfo& crypto_info,
                            std::uint32_t start_sequence) {
  added.push_back({crypto_info, start_sequence});
  if (add_result == 0) {
    connection = &added_connection;
    connection->rx->set_resync_type(resync_type);
  }
  return add_result;
}

void FakeDriver::tls_dev_del(netdev::TlsConnection&, netdev::TlsDirection) {
  ++deleted;
  connection = nullptr;
}

int FakeDriver::tls_dev_resync(netdev::TlsConnection&, std::uint32_t sequence,
                               std::uint64_t record_number, netdev::TlsDirection) {
  answers.push_back({sequence, record_number});
  return 0;
}

World::World(std::uint32_t first, const HostSettings& settings)
    : first_sequence(first), host(settings), socket(host.open(test_tuple(), first - 1)) {
  host.netdev().hw_tls_rx = true;
  host.netdev().tlsdev_ops = &driver;
}

void World::arrive(const Peer& peer, std::size_t start, std::size_t end, bool marked) {
  host.netif_receive_skb(peer.segment(first_sequence, start, end, marked));
}

std::vector<RecordInfo> World::read_all(std::vector<std::uint8_t>& plaintext) {
  std::vector<RecordInfo> records;
  for (;;) {
    const ReadResult result = socket.read_record();
    if (result.error != 0) throw std::runtime_error("read_record: " + std::to_string(result.error));
    if (!result.record) return records;
    std::size_t length = 0;
    for (const Bytes& piece : result.record->plaintext) {
      plaintext.insert(plaintext.end(), piece.begin(), piece.end());
      length += piece.size();
    }
    if (length != result.record->length) throw std::runtime_error("length differs from pieces");
    records.push_back(result.record->info);
  }
}

}  // namespace tlsnic::host::test
