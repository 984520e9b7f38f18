#include "tests/host_stack/ktls/tx_world.h"

#include <fmt/format.h>

#include <algorithm>
#include <catch2/catch.hpp>
#include <cerrno>

namespace tlsnic::host::test {

ByteVector some_bytes(std::size_t size, std::uint32_t seed) {
  ByteVector bytes(size);
  std::uint32_t state = seed * 2654435761u + 12345;
  for (std::uint8_t& byte : bytes) {
    state = state * 1664525 + 1013904223;
    byte = static_cast<std::uint8_t>(state >> 24);
  }
  return bytes;
}

ByteVector flatten(gsl::span<const netdev::TxPiece> pieces) {
  ByteVector bytes;
  for (const netdev::TxPiece& piece : pieces)
    bytes.insert(bytes.end(), piece.data, piece.data + piece.size);
  return bytes;
}

TxCryptoInfo crypto_info(TlsVersion version, TlsCipher cipher, std::uint64_t record_number,
                         std::uint64_t explicit_nonce, std::uint8_t seed) {
  TxCryptoInfo info;
  info.base.keys.version = version;
  info.base.keys.cipher = cipher;
  const ByteVector secret = some_bytes(44, seed);
  std::copy_n(secret.begin(), 32, info.base.keys.key.begin());
  const bool has_salt = version == TlsVersion::tls12 && cipher != TlsCipher::chacha20_poly1305;
  std::copy_n(secret.begin() + 32, has_salt ? 4 : 12, info.base.keys.iv.begin());
  info.base.record_number = record_number;
  info.explicit_nonce = explicit_nonce;
  return info;
}

void FakeTcp::append(netdev::TxPiece piece, bool is_decrypted, bool more) {
  REQUIRE(piece.size <= room);
  REQUIRE(piece.owner != nullptr);
  room -= piece.size;
  bytes.insert(bytes.end(), piece.data, piece.data + piece.size);
  decrypted.insert(decrypted.end(), piece.size, is_decrypted);
  pieces.push_back(std::move(piece));
  last_more = more;
}

void FakeTcp::write_plain(const ByteVector& data) {
  const std::shared_ptr<std::uint8_t[]> owner(new std::uint8_t[data.size()]);
  std::copy(data.begin(), data.end(), owner.get());
  append({owner, owner.get(), static_cast<std::uint32_t>(data.size())}, false, false);
}

std::size_t FakeTcp::run_end(std::size_t offset) const {
  std::size_t end = size();
  const auto fence = fences.upper_bound(offset);
  if (fence != fences.end()) end = std::min(end, *fence);
  std::size_t same = offset;
  while (same < end && decrypted[same] == decrypted[offset]) ++same;
  return same;
}

netdev::TxSkb FakeTcp::segment(std::size_t start, std::size_t end) const {
  netdev::TxSkb skb;
  skb.headers = {1, 2, 3};
  skb.gso_size = 1448;
  skb.sequence = sequence_at(start);
  skb.payload_size = static_cast<std::uint32_t>(end - start);
  skb.decrypted = start < end && decrypted[start];
  std::size_t at = 0;
  for (const netdev::TxPiece& piece : pieces) {
    const std::size_t from = std::max(at, start);
    const std::size_t to = std::min<std::size_t>(at + piece.size, end);
    if (from < to)
      skb.payload.push_back(
          {piece.owner, piece.data + (from - at), static_cast<std::uint32_t>(to - from)});
    at += piece.size;
  }
  return skb;
}

int TxDriver::tls_dev_add(netdev::TlsConnection& connection, netdev::TlsDirection direction,
                          const netdev::TlsCryptoInfo& info, std::uint32_t start_sequence) {
  REQUIRE(direction == netdev::TlsDirection::tx);
  REQUIRE(connection.tx != nullptr);
  log.push_back(fmt::format("add {} #{}", start_sequence, info.record_number));
  installed = info;
  return add_result;
}

void TxDriver::tls_dev_del(netdev::TlsConnection& connection, netdev::TlsDirection direction) {
  REQUIRE(direction == netdev::TlsDirection::tx);
  REQUIRE(connection.tx != nullptr);
  log.push_back("del");
}

int TxDriver::tls_dev_resync(netdev::TlsConnection&, std::uint32_t sequence,
                             std::uint64_t record_number, netdev::TlsDirection direction) {
  REQUIRE(direction == netdev::TlsDirection::tx);
  log.push_back(fmt::format("resync {} #{}", sequence, record_number));
  return resync_result;
}

TxWorld::TxWorld(bool hardware, std::uint32_t first_sequence, TxSettings settings)
    : tcp(first_sequence) {
  nic.name = "nic";
  nic.hw_tls_tx = hardware;
  nic.tlsdev_ops = &driver;
  other.name = "other";
  probes.probe = &probe;
  tx.emplace(&nic, connection, tcp, stat, probes, settings);
}

std::optional<ByteVector> TxWorld::transmit(std::size_t start, std::size_t end,
                                            const netdev::NetDevice& device) {
  netdev::TxSkb passed = tcp.segment(start, end);
  passed.connection = &connection;
  const auto skb = tx->validate_xmit_skb(std::move(passed), device);
  if (!skb) return std::nullopt;
  REQUIRE(skb->connection == (tx->in_device() && &device == &nic ? &connection : nullptr));
  REQUIRE(skb->headers == ByteVector{1, 2, 3});
  REQUIRE(skb->gso_size == 1448);
  REQUIRE(skb->sequence == tcp.sequence_at(start));
  REQUIRE(skb->payload_size == end - start);
  return flatten(skb->payload);
}

void TxWorld::ack(std::size_t offset) {
  tcp.acked = offset;
  tx->clean_acked(tcp.snd_una());
}

void TxWorld::send_all(Bytes data, SendFlags flags, std::size_t room) {
  do {
    const SendResult result = tx->send(data, flags);
    data = data.subspan(result.taken);
    if (tx->waits_for_room()) {
      if (!data.empty()) REQUIRE(tx->send(data, flags).error == EAGAIN);
      tcp.room = room;
      tx->write_space();
    } else {
      REQUIRE(result.error == 0);
    }
  } while (!data.empty());
  while (tx->waits_for_room()) {
    tcp.room = room;
    tx->write_space();
  }
}

}  // namespace tlsnic::host::test
