#include "host_stack/ktls/tls_info.h"

#include "host_stack/socket/tcp_socket.h"

namespace tlsnic::host {
namespace {

TlsConf conf(bool is_hardware) {
  return is_hardware ? TlsConf::hw : TlsConf::sw;
}

// Both directions have the same.
void set_cipher(TlsInfo& info, const TrafficKeys& keys) {
  info.version = static_cast<std::uint16_t>(keys.version);
  info.cipher = static_cast<std::uint16_t>(keys.cipher);
}

}  // namespace

TlsInfo tls_info(TcpSocket& socket) {
  TlsInfo info;
  if (const Tx* tx = socket.tls_tx(); tx != nullptr) {
    set_cipher(info, tx->keys());
    info.txconf = conf(tx->is_hardware());
    info.zc_ro_tx = tx->is_hardware() && tx->zerocopy_ro();
    info.tx_max_payload_len = static_cast<std::uint16_t>(tx->max_payload());
  }
  const Socket* receiving = socket.receiving();
  if (const Rx* rx = receiving != nullptr ? receiving->tls_rx() : nullptr; rx != nullptr) {
    set_cipher(info, rx->keys());
    info.rxconf = conf(rx->is_hardware());
    info.rx_no_pad = rx->expect_no_pad();
  }
  return info;
}

}  // namespace tlsnic::host
