#include "driver_shim/ktls.h"

#include <cerrno>
#include <utility>

namespace tlsnic::driver {
namespace {

using netdev::TlsDirection;

// The chip's capability for this cipher, or 0 if there is none.
std::uint32_t capability(const TrafficKeys& keys, TlsDirection direction) {
  const bool is_tx = direction == TlsDirection::tx;
  const bool is_tls13 = keys.version == TlsVersion::tls13;
  switch (keys.cipher) {
    case TlsCipher::aes_gcm_128:
      if (is_tx)
        return is_tls13 ? TLSNIC_CAP_TX_TLS13_AES_GCM_128 : TLSNIC_CAP_TX_TLS12_AES_GCM_128;
      return is_tls13 ? TLSNIC_CAP_RX_TLS13_AES_GCM_128 : TLSNIC_CAP_RX_TLS12_AES_GCM_128;
    case TlsCipher::aes_gcm_256:
      if (is_tx)
        return is_tls13 ? TLSNIC_CAP_TX_TLS13_AES_GCM_256 : TLSNIC_CAP_TX_TLS12_AES_GCM_256;
      return is_tls13 ? TLSNIC_CAP_RX_TLS13_AES_GCM_256 : TLSNIC_CAP_RX_TLS12_AES_GCM_256;
    default:
      return 0;
  }
}

}  // namespace

Ktls::Ktls(const KtlsEnvironment& environment)
    : environment_(environment),
      connections_(environment.commands, environment.tx, environment.backlog, environment.objects,
                   environment.mtu) {}

int Ktls::tls_dev_add(netdev::TlsConnection& connection, TlsDirection direction,
                      const netdev::TlsCryptoInfo& crypto_info, std::uint32_t start_sequence) {
  ++adds_;
  int result = -EOPNOTSUPP;
  if ((environment_.capabilities & capability(crypto_info.keys, direction)) != 0 &&
      is_supported(crypto_info.keys) && supports(crypto_info.keys, direction))
    result = direction == TlsDirection::tx
                 ? connections_.add(connection, crypto_info, start_sequence)
                 : add_rx(connection, crypto_info, start_sequence);
  if (result != 0) ++refusals_;
  if (result == -ENOSPC) ++no_space_;
  return result;
}

void Ktls::tls_dev_del(netdev::TlsConnection& connection, TlsDirection direction) {
  if (direction == TlsDirection::tx)
    connections_.remove(connection);
  else
    del_rx(connection);
}

int Ktls::tls_dev_resync(netdev::TlsConnection& connection, std::uint32_t sequence,
                         std::uint64_t record_number, TlsDirection direction) {
  if (direction == TlsDirection::rx) return resync_rx(connection, sequence, record_number);
  TxConnection* entry = connections_.find(connection);
  return entry == nullptr ? -EOPNOTSUPP : resync_tx(*entry, sequence, record_number);
}

int Ktls::resync_tx(TxConnection&, std::uint32_t, std::uint64_t) {
  return -EOPNOTSUPP;
}
int Ktls::add_rx(netdev::TlsConnection&, const netdev::TlsCryptoInfo&, std::uint32_t) {
  return -EOPNOTSUPP;
}
int Ktls::resync_rx(netdev::TlsConnection&, std::uint32_t, std::uint64_t) {
  return -EOPNOTSUPP;
}

bool Ktls::is_starting(const netdev::TlsConnection& connection) const {
  const TxConnection* entry = connections_.find(connection);
  return entry != nullptr && entry->state == TxConnection::State::starting;
}

std::uint32_t Ktls::most_descriptors(std::uint32_t mtu) {
  // chelsio makes two packets of a segment that lies on both sides of the offload's start.
  return TxConnections::most_operations(mtu) + 2 * (1 + TxQueue::max_pieces);
}

void Ktls::transmit(netdev::TxSkb skb) {
  TxConnection* entry = skb.connection == nullptr ? nullptr : connections_.find(*skb.connection);
  if (entry == nullptr || skb.payload_size == 0 || skb.sealed)
    send_plain(std::move(skb));
  else if (entry->state == TxConnection::State::refused)
    send_encrypted_by_software(*entry, std::move(skb));
  else
    offload(*entry, std::move(skb));
}

void Ktls::send_plain(netdev::TxSkb skb) {
  if (skb.decrypted && skb.payload_size != 0)
    environment_.tx.count_drop();
  else
    environment_.tx.send(std::move(skb));
}

bool Ktls::send_encrypted_by_software(TxConnection& entry, netdev::TxSkb skb) {
  auto encrypted = entry.connection->tx->encrypt_skb(std::move(skb));
  if (encrypted) send_plain(std::move(*encrypted));
  return encrypted.has_value();
}

}  // namespace tlsnic::driver
